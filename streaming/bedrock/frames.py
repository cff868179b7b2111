"""The event-stream framing: bytes of a response body in, frames out.

botocore's own reader drops every event that its service model does not name, and takes four times
as long. That this one finds the same frames is tested against it.
"""

from binascii import crc32
from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Final, NamedTuple

_PRELUDE: Final = Struct("!III")  # total length, length of the headers, CRC of these two
_UINT32: Final = Struct("!I")
_PRELUDE_LENGTH: Final = 12
_CHECKED_PRELUDE: Final = 8
_CRC_LENGTH: Final = 4
_SHORTEST: Final = _PRELUDE_LENGTH + _CRC_LENGTH
# The limits of the format.
_LONGEST_HEADERS: Final = 128 * 1024
_LONGEST: Final = 24 * 1024 * 1024 + _LONGEST_HEADERS + _SHORTEST

_STRING: Final = 7
_BYTES: Final = 6
# Types of header values with a fixed length: true, false, byte, short, integer, long, time, UUID.
_FIXED_LENGTHS: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
# Headers repeat from frame to frame; a stream that has this many different ones is not Bedrock's.
_MOST_REMEMBERED: Final = 64


class CorruptFrame(ValueError):
    """The bytes are not an event stream, or were damaged on their way."""


class Frame(NamedTuple):
    """`headers` has the string headers only (":event-type" …) and is shared: do not change."""

    headers: dict[str, str]
    payload: bytes


def read_frames(chunks: Iterable[bytes]) -> Iterator[Frame]:
    """The frames in these pieces of a body, as each becomes complete.

    Raises CorruptFrame where a checksum, a length or a header is wrong, and where the body ends
    inside a frame.
    """
    seen: dict[bytes, dict[str, str]] = {}
    rest = b""
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        start, end = 0, len(data)
        while end - start >= _PRELUDE_LENGTH:
            total, headers_length, prelude_crc = _PRELUDE.unpack_from(data, start)
            crc = crc32(data[start : start + _CHECKED_PRELUDE])
            if crc != prelude_crc or not _plausible(total, headers_length):
                raise CorruptFrame("damaged prelude")
            if end - start < total:
                break
            body_end = start + total - _CRC_LENGTH
            crc = crc32(data[start + _CHECKED_PRELUDE : body_end], crc)
            if crc != _UINT32.unpack_from(data, body_end)[0]:
                raise CorruptFrame("damaged frame")
            headers_end = start + _PRELUDE_LENGTH + headers_length
            raw = data[start + _PRELUDE_LENGTH : headers_end]
            headers = seen.get(raw)
            if headers is None:
                headers = _parse_headers(raw)
                if len(seen) < _MOST_REMEMBERED:
                    seen[raw] = headers
            yield Frame(headers, data[headers_end:body_end])
            start += total
        rest = data[start:]
    if rest:
        raise CorruptFrame("the body ends inside a frame")


def _plausible(total: int, headers_length: int) -> bool:
    return headers_length <= _LONGEST_HEADERS and _SHORTEST + headers_length <= total <= _LONGEST


def _parse_headers(raw: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    position, end = 0, len(raw)
    try:
        while position < end:
            value_at = position + 1 + raw[position]
            name = raw[position + 1 : value_at].decode()
            kind = raw[value_at]
            position = value_at + 1
            if kind in {_STRING, _BYTES}:
                length = int.from_bytes(raw[position : position + 2])
                position += 2
                if kind == _STRING:
                    headers[name] = raw[position : position + length].decode()
            else:
                length = _FIXED_LENGTHS[kind]
            position += length
    except (LookupError, UnicodeDecodeError) as error:
        raise CorruptFrame("damaged headers") from error
    if position != end:
        raise CorruptFrame("headers are shorter than they say")
    return headers
