"""Where an address leads."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def on_this_machine(url: str) -> bool:
    """Whether only this machine can mean it."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
