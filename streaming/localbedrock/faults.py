"""Faults by name: single steps to enqueue, or to give to an Answer as `then`."""

from . import frames
from .steps import Raw, Refusal, StreamFault

_DELTA = {"contentBlockIndex": 0, "delta": {"text": "damaged"}}


def throttled(message: str = "") -> Refusal:
    """Too many requests, before anything was answered."""
    return Refusal("ThrottlingException", message)


def throttled_in_stream(message: str = "") -> StreamFault:
    return StreamFault("throttlingException", message)


def corrupt() -> Raw:
    """A frame of the right length whose payload does not fit its checksum."""
    frame = bytearray(frames.event("contentBlockDelta", _DELTA))
    frame[-8] ^= 0xFF
    return Raw(bytes(frame))


def corrupt_prelude() -> Raw:
    """A frame whose first twelve bytes do not fit their checksum."""
    frame = bytearray(frames.event("contentBlockDelta", _DELTA))
    frame[8] ^= 0xFF
    return Raw(bytes(frame))


def garbage() -> Raw:
    """Bytes that are no frame at all."""
    return Raw(b"<html><body>502 Bad Gateway</body></html>\r\n" * 3)


def half_frame() -> Raw:
    """The first half of a frame; follow it by Cut() or End()."""
    frame = frames.event("contentBlockDelta", _DELTA)
    return Raw(frame[: len(frame) // 2])


def not_json() -> Raw:
    """A well-framed event whose payload is not JSON."""
    half = b'{"contentBlockIndex":0,"delta":{'
    return Raw(frames.with_payload("contentBlockDelta", half), frames.chunk(half))


def not_utf8() -> Raw:
    """A well-framed event whose payload is not UTF-8."""
    odd = b'{"delta":{"text":"\xff\xfe"}}'
    return Raw(frames.with_payload("contentBlockDelta", odd), frames.chunk(odd))
