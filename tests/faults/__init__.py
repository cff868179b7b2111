"""Faults against the running product. `make faults`; docs/reliability.md says what they prove."""
