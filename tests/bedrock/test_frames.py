"""The framing: bytes in, frames out, held to botocore's own reader."""

import struct
from binascii import crc32
from collections.abc import Iterator
from itertools import pairwise

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from streaming.bedrock.frames import CorruptFrame, Frame, read_frames
from tests.bedrock.framing import event, frame, header

pytestmark = pytest.mark.nodb

FIXED = {0: b"", 1: b"", 2: b"\x01", 3: b"\x00\x02", 4: b"\x00" * 4, 5: b"\x01" * 8, 8: b"\0" * 8}

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
values = st.text(st.characters(codec="utf-8"), max_size=40)
bodies = st.lists(
    st.tuples(st.dictionaries(names, values, max_size=4), st.binary(max_size=300)), max_size=6
)


def encoded(headers: dict[str, str], payload: bytes) -> bytes:
    return frame(b"".join(header(k, v.encode()) for k, v in headers.items()), payload)


def in_pieces(body: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    return [body[start:end] for start, end in pairwise(places)]


@given(bodies, st.lists(st.integers(0, 2000), max_size=8))
def test_frames_cut_anywhere_are_those_that_botocore_finds(
    frames: list[tuple[dict[str, str], bytes]], cuts: list[int]
) -> None:
    """R7: whatever pieces a body arrives in."""
    pieces = in_pieces(b"".join(encoded(*parts) for parts in frames), cuts)
    theirs = EventStreamBuffer()
    for piece in pieces:
        theirs.add_data(piece)

    ours = list(read_frames(pieces))

    assert ours == [(message.headers, message.payload) for message in theirs]
    assert ours == frames


@given(st.data())
def test_no_damaged_byte_goes_unseen(data: st.DataObject) -> None:
    """R9: what is wrong in one byte is no frame, or none that is complete."""
    good = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hello"}})
    place = data.draw(st.integers(0, len(good) - 1))
    bits = data.draw(st.integers(1, 255))
    bad = good[:place] + bytes([good[place] ^ bits]) + good[place + 1 :]

    with pytest.raises(CorruptFrame):
        list(read_frames([good, bad]))


@given(st.integers(1, 90))
def test_a_body_that_ends_inside_a_frame_is_told(missing: int) -> None:
    """R9: botocore says nothing about it."""
    good = event("messageStart", {"role": "assistant"})
    frames = read_frames([good + good[:-missing]])

    assert next(frames).headers[":event-type"] == "messageStart"
    with pytest.raises(CorruptFrame):
        next(frames)


def test_a_frame_is_given_as_soon_as_it_is_complete() -> None:
    """The text on the page must not wait for the next frame."""
    first, second = event("a", {"n": 1}), event("b", {"n": 2})
    taken = []

    def pieces() -> Iterator[bytes]:
        yield first + second[:5]
        taken.append("asked for more")
        yield second[5:]

    frames = read_frames(pieces())

    assert next(frames).headers[":event-type"] == "a"
    assert taken == []
    assert next(frames).headers[":event-type"] == "b"


def test_headers_of_every_type_are_passed_over_or_read() -> None:
    """R68: the service may add headers that are not strings."""
    headers = [header(f"fixed{kind}", value, kind) for kind, value in FIXED.items()]
    headers += [header("uuid", b"\0" * 16, 9), header("bytes", b"\xff\xfe", 6)]
    headers += [header(":event-type", b"metadata"), header("empty", b"")]

    [read] = read_frames([frame(b"".join(headers), b"{}")])

    assert read == Frame({":event-type": "metadata", "empty": ""}, b"{}")


@pytest.mark.parametrize(
    "headers",
    [
        b"\x05ab",
        b"\x01a\x63",
        b"\x01a\x07\x00\x09short",
        b"\x01a\x07\x00\x02\xff\xff",
        b"\x01a\x04\x00",
        b"\x01a",
    ],
    ids=repr,
)
def test_headers_that_make_no_sense_are_a_corrupt_frame(headers: bytes) -> None:
    """R9: with good checksums even."""
    with pytest.raises(CorruptFrame):
        list(read_frames([frame(headers, b"{}")]))


@pytest.mark.parametrize(
    ("total", "headers_length"), [(2**32 - 1, 0), (15, 0), (16, 1), (2**20, 2**18)]
)
def test_impossible_lengths_are_refused_at_once(total: int, headers_length: int) -> None:
    """R9: a frame of four gigabytes is not waited for."""
    prelude = struct.pack("!II", total, headers_length)
    prelude += struct.pack("!I", crc32(prelude))

    with pytest.raises(CorruptFrame):
        list(read_frames([prelude]))


def test_many_different_headers_do_not_fill_the_memory() -> None:
    """Headers are remembered because they repeat; only so many of them are."""
    body = b"".join(frame(header("n", str(number).encode()), b"") for number in range(500))

    assert [read.headers["n"] for read in read_frames([body])] == [str(n) for n in range(500)]
