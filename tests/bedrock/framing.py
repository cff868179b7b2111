"""Frames made by the tests themselves, byte by byte."""

import json
import struct
from binascii import crc32
from typing import Any

STRING = 7


def header(name: str, value: bytes, kind: int = STRING) -> bytes:
    """A header; strings and byte strings carry their length."""
    length = struct.pack("!H", len(value)) if kind in {6, STRING} else b""
    encoded = name.encode()
    return bytes([len(encoded)]) + encoded + bytes([kind]) + length + value


def frame(headers: bytes, payload: bytes) -> bytes:
    """A frame with these encoded headers, and with good checksums."""
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack("!I", crc32(prelude))
    message = prelude + headers + payload
    return message + struct.pack("!I", crc32(message))


def event(kind: str, body: Any) -> bytes:
    """An event of ConverseStream."""
    headers = b"".join(
        [
            header(":event-type", kind.encode()),
            header(":content-type", b"application/json"),
            header(":message-type", b"event"),
        ]
    )
    return frame(headers, json.dumps(body).encode())
