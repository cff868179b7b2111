"""The wire contract: every sample shared with the browser's implementation, and hostile frames."""

import json
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming import protocol

pytestmark = pytest.mark.nodb

SAMPLES = json.loads((Path(__file__).parent / "samples" / "protocol.json").read_text("utf-8"))
COMMANDS = SAMPLES["commands"]


@pytest.mark.parametrize("sample", COMMANDS, ids=[sample["name"] for sample in COMMANDS])
def test_every_shared_sample_of_a_command_is_judged_alike_on_both_sides(sample):
    """R26, R47."""
    frame = json.dumps(sample["frame"])
    if sample["valid"]:
        command, _ = protocol.decode(frame)
        assert command.type == sample["frame"]["type"]
        assert command.ref == sample["frame"].get("ref")
    else:
        with pytest.raises(protocol.Malformed) as refused:
            protocol.decode(frame)
        assert refused.value.code == sample["code"]


UPDATES = {
    sample["frame"]["type"]: sample["frame"] for sample in SAMPLES["updates"] if sample["valid"]
}


@pytest.mark.parametrize("kind", ["started", "delta", "notice", "finished", "snapshot"])
def test_what_the_encoder_writes_has_the_fields_of_the_shared_sample(kind):
    """The browser's implementation is held to the same samples."""
    sample = dict(UPDATES[kind])
    ids = {name: UUID(sample.pop(name)) for name in ("conversation", "message", "generation")}
    encoder = protocol.Encoder(**ids)
    fields = {name: value for name, value in sample.items() if name not in {"type", "seq"}}
    seq = sample["seq"]
    written = {
        "started": lambda: encoder.started(seq, **fields),
        "delta": lambda: encoder.delta(seq, **fields),
        "notice": lambda: encoder.notice(seq, **fields),
        "finished": lambda: encoder.finished(seq, fields),
        "snapshot": lambda: encoder.snapshot(seq, **fields),
    }[kind]()
    assert json.loads(written.frame) == UPDATES[kind]
    assert written.last == (kind == "finished")


HOSTILE = [
    "",
    "{",
    "[1]",
    "null",
    '"text"',
    "1" * 5_000,
    "[" * 60_000,
    '{"type":' * 60_000,
    "NaN",
    "\x00",
]


@pytest.mark.parametrize("frame", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_json_object_is_told_apart_from_a_wrong_command(frame):
    """R45: the cases that make a naive consumer raise."""
    with pytest.raises(protocol.NotACommand):
        protocol.decode(frame)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["type", "ref", "text", "key", "cursors", "options"]) | st.text(),
                inner,
            )
        ),
    )
)
def test_no_json_makes_the_decoder_raise_anything_unexpected(value):
    """R45, R47."""
    with suppress(protocol.NotACommand, protocol.Malformed):
        protocol.decode(json.dumps(value))


@given(st.text(), st.text())
def test_a_command_with_any_text_is_decoded_and_its_text_can_be_stored(text, ref):
    """R16: lone surrogates and NUL arrive as JSON escapes and leave cleaned."""
    frame = {
        "type": "send",
        "key": str(uuid4()),
        "text": "x" + text + "\ud800\x00",
        "ref": ref[:64],
    }
    command, _ = protocol.decode(json.dumps(frame))
    assert "\x00" not in command.text
    command.text.encode("utf-8")


def test_a_frame_over_the_limit_is_refused_with_its_ref():
    """R46."""
    frame = json.dumps({"type": "send", "ref": "r", "key": str(uuid4()), "text": "ü" * 140_000})
    big = frame.encode("utf-8").decode("unicode_escape")
    with pytest.raises(protocol.Malformed) as refused:
        protocol.decode(big)
    assert (refused.value.code, refused.value.ref) == ("too_large", "r")


@given(st.text(), st.integers(min_value=1))
def test_a_delta_carries_its_text_unchanged(text, seq):
    text = text.encode("utf-8", "replace").decode("utf-8")
    encoder = protocol.Encoder(conversation=uuid4(), message=uuid4(), generation=uuid4())
    body = json.loads(encoder.delta(seq, "text", text).frame)
    assert (body["text"], body["seq"]) == (text, seq)
