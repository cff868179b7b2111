"""What takes minutes: idle sockets, long outages, steady load, a thousand faults."""
