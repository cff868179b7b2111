"""The framing, as botocore's own parser reads it."""

import json
import re
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer

from streaming.localbedrock import frames

pytestmark = pytest.mark.nodb


def parsed(data: bytes):
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


def test_an_event_has_the_headers_of_the_service_in_its_order():
    [message] = parsed(frames.event("messageStart", {"role": "assistant"}))
    assert list(message.headers.items()) == [
        (":event-type", "messageStart"),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ]


def test_an_event_carries_padding_of_varying_length():
    payloads = [
        json.loads(parsed(frames.event("messageStart", {"role": "assistant"}))[0].payload)
        for _ in range(50)
    ]
    assert all(set(payload) == {"role", "p"} for payload in payloads)
    assert all(re.fullmatch(r"[a-zA-Z0-9]{1,62}", payload["p"]) for payload in payloads)
    assert len({len(payload["p"]) for payload in payloads}) > 5


def test_the_checksums_cover_prelude_and_message():
    frame = frames.event("messageStop", {"stopReason": "end_turn"})
    assert int.from_bytes(frame[:4], "big") == len(frame)
    assert int.from_bytes(frame[8:12], "big") == crc32(frame[:8])
    assert int.from_bytes(frame[-4:], "big") == crc32(frame[:-4])


def test_an_exception_names_its_type_in_the_headers():
    [message] = parsed(frames.exception("throttlingException", {"message": "Slower."}))
    assert message.headers == {
        ":exception-type": "throttlingException",
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    assert json.loads(message.payload) == {"message": "Slower."}


def test_an_error_travels_in_headers():
    [message] = parsed(frames.error("InternalFailure", "Broken."))
    assert message.headers == {
        ":error-code": "InternalFailure",
        ":error-message": "Broken.",
        ":message-type": "error",
    }


def test_text_is_utf8_and_what_utf8_cannot_say_is_escaped():
    assert "grün 🙂".encode() in frames.dump({"text": "grün 🙂"})
    assert frames.dump({"text": "\ud83d\x00"}) == b'{"text":"\\ud83d\\u0000"}'


def test_a_stamped_delta_reads_like_any_other():
    [message] = parsed(frames.text_delta(0, "123 ..."))
    assert json.loads(message.payload) == {"contentBlockIndex": 0, "delta": {"text": "123 ..."}}
