"""The event-stream framing of AWS: how one event of a streamed answer looks on the wire.

    total length (4) | length of the headers (4) | CRC of these eight bytes (4)
    | headers | payload | CRC of all before it (4)

A header is: length of its name (1), name, type 7 (string), length of its value (2), value.
"""

import base64
import json
import random
import struct
from functools import lru_cache
from typing import Any
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_STRING = 7


def message(headers: bytes, payload: bytes) -> bytes:
    """One framed message from encoded headers and a payload."""
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    body = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return body + struct.pack(">I", crc32(body))


def event(kind: str, payload: dict[str, Any]) -> bytes:
    """An event as the service sends it: the padding member `p` hides the length of the payload."""
    padded = payload | {"p": _ALPHABET[: random.randint(1, len(_ALPHABET))]}  # noqa: S311
    return with_payload(kind, dump(padded))


def with_payload(kind: str, payload: bytes) -> bytes:
    """An event with any bytes as its payload."""
    return message(_event_headers(kind), payload)


def chunk(document: bytes) -> bytes:
    """An event of InvokeModelWithResponseStream: a provider's own JSON inside."""
    return event("chunk", {"bytes": base64.b64encode(document).decode()})


def text_delta(block: int, text: str) -> bytes:
    """A text delta without padding, at a third of the cost; `text` must need no escape in JSON."""
    payload = b'{"contentBlockIndex":%d,"delta":{"text":"%s"}}' % (block, text.encode())
    return message(_event_headers("contentBlockDelta"), payload)


def exception(kind: str, payload: dict[str, Any]) -> bytes:
    """A modelled exception inside the stream (`throttlingException` …)."""
    return message(
        _headers(
            (":exception-type", kind),
            (":content-type", "application/json"),
            (":message-type", "exception"),
        ),
        dump(payload),
    )


def error(code: str, text: str) -> bytes:
    """An error that the service's model does not name: it travels in headers, without a payload."""
    return message(
        _headers((":error-code", code), (":error-message", text), (":message-type", "error")), b""
    )


def dump(document: dict[str, Any]) -> bytes:
    """JSON as the service writes it: compact, sorted, UTF-8; lone surrogates are escaped."""
    try:
        return json.dumps(
            document, ensure_ascii=False, separators=(",", ":"), sort_keys=True
        ).encode()
    except UnicodeEncodeError:
        return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


@lru_cache(maxsize=64)
def _event_headers(kind: str) -> bytes:
    return _headers(
        (":event-type", kind),
        (":content-type", "application/json"),
        (":message-type", "event"),
    )


def _headers(*pairs: tuple[str, str]) -> bytes:
    return b"".join(
        bytes([len(name)])
        + name.encode()
        + bytes([_STRING])
        + struct.pack(">H", len(value.encode()))
        + value.encode()
        for name, value in pairs
    )
