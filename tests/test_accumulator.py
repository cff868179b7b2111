"""Whatever a model says, however it is cut, is sent and stored alike (R16, R68, R70)."""

import json
import threading
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.text import clean
from streaming.accumulator import PIECE_LIMIT, UNKNOWN_KEPT, UNKNOWN_KINDS, Accumulator, Piece
from streaming.bedrock.events import (
    BlockStop,
    CitationDelta,
    Event,
    MessageStop,
    Metadata,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSignature,
    Started,
    TextDelta,
    ToolUseDelta,
    ToolUseStart,
    Unknown,
    Usage,
)

pytestmark = pytest.mark.nodb

USAGE = Usage(input_tokens=11, output_tokens=7, cache_read_tokens=5)
END: list[Event] = [MessageStop("end_turn", None), Metadata(USAGE, 345, None)]
PAGE_3 = {
    "title": "Rules",
    "location": {"documentPage": {"documentIndex": 0, "start": 3, "end": 3}},
}

CASES: dict[str, list[Event]] = {
    "text": [TextDelta("Hello", 0), TextDelta(", you 😀", 0), BlockStop(0), *END],
    "empty deltas": [TextDelta("", 0), BlockStop(0), TextDelta("Hi", 1), TextDelta("", 1), *END],
    "an index for each delta": [TextDelta("on", 0), TextDelta("e ", 1), TextDelta("two", 2), *END],
    "a surrogate pair in two deltas": [TextDelta("a\ud83d", 0), TextDelta("\ude00b", 0), *END],
    "a pair in two blocks": [TextDelta("a\ud83d", 0), TextDelta("\ude00b", 1), *END],
    "a lone surrogate at the end": [TextDelta("a\ud83d", 0), BlockStop(0), *END],
    "a NUL": [TextDelta("a\0b", 0), *END],
    "reasoning with its signature": [
        ReasoningDelta("Let me ", 0),
        ReasoningDelta("think.", 0),
        ReasoningSignature("ErcB+/=", 0),
        BlockStop(0),
        TextDelta("42", 1),
        *END,
    ],
    "redacted reasoning": [ReasoningRedacted(b"\x00\xffsecret", 0), TextDelta("42", 1), *END],
    "reasoning only": [ReasoningDelta("Hm.", 0), *END],
    "overlapping blocks": [
        ReasoningDelta("a", 0),
        TextDelta("x", 1),
        ReasoningDelta("b", 0),
        TextDelta("y", 1),
        *END,
    ],
    "a tool": [
        TextDelta("Look.", 0),
        ToolUseStart(1, "tooluse_1", "weather", "tool_use"),
        ToolUseDelta(1, ""),
        ToolUseDelta(1, '{"city": '),
        ToolUseDelta(1, '"Z\\u0000rich"}'),
        MessageStop("tool_use", None),
    ],
    "citations": [
        CitationDelta(0, PAGE_3),
        TextDelta("Twenty days", 0),
        TextDelta(".", 1),
        CitationDelta(2, PAGE_3),
        *END,
    ],
    "nothing": [*END],
    "a cut": [TextDelta("Hel", 0)],
}


def heard(events: list[Event]) -> Accumulator:
    accumulator = Accumulator()
    for event in events:
        accumulator.add(event)
    return accumulator


def said(events: list[Event]) -> tuple[str, str]:
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    reasoning = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
    return clean(text), clean(reasoning)


def result(accumulator: Accumulator) -> tuple[object, ...]:
    return (
        accumulator.text,
        accumulator.reasoning,
        accumulator.content(),
        accumulator.stop_reason,
        accumulator.usage,
        accumulator.latency_ms,
        accumulator.is_blank,
    )


@st.composite
def recut(draw: st.DrawFn, events: list[Event]) -> list[Event]:
    """The same stream with its deltas cut elsewhere, as an unlucky tokenizer would."""
    out: list[Event] = []
    for event in events:
        if isinstance(event, TextDelta | ReasoningDelta):
            ends = st.integers(0, len(event.text))
            cuts = [0, *sorted(draw(st.lists(ends, max_size=4))), len(event.text)]
            out += [replace(event, text=event.text[a:b]) for a, b in pairwise(cuts)]
        else:
            out.append(event)
    return out


@pytest.mark.parametrize("events", CASES.values(), ids=CASES.keys())
@given(data=st.data())
def test_a_stream_cut_anywhere_and_taken_at_any_time_says_the_same(
    events: list[Event], data: st.DataObject
) -> None:
    """R16"""
    whole = heard(events)
    accumulator = Accumulator()
    pieces: list[Piece] = []
    for event in data.draw(recut(events)):
        accumulator.add(event)
        if data.draw(st.booleans()):
            pieces += accumulator.take()
        for kind, taken in (
            ("text", accumulator.taken_text()),
            ("reasoning", accumulator.taken_reasoning()),
        ):
            assert taken == "".join(piece.text for piece in pieces if piece.kind == kind)
    pieces += accumulator.take()

    assert all(piece.text for piece in pieces)
    assert result(accumulator) == result(whole)
    assert accumulator.taken_text() == accumulator.text
    assert accumulator.taken_reasoning() == accumulator.reasoning
    if accumulator.stop_reason:
        assert (accumulator.text, accumulator.reasoning) == said(events)
    json.dumps(accumulator.content(), allow_nan=False, ensure_ascii=False).encode()


def test_neighbours_of_one_kind_are_one_piece() -> None:
    accumulator = heard(CASES["overlapping blocks"])
    assert accumulator.take() == [
        ("reasoning", "a"),
        ("text", "x"),
        ("reasoning", "b"),
        ("text", "y"),
    ]
    assert accumulator.take() == []
    assert heard(CASES["text"]).take() == [Piece("text", "Hello, you 😀")]


def test_a_huge_delta_goes_in_pieces_that_fit_into_a_socket_window() -> None:
    pieces = heard([TextDelta("\x01" * 1_000_000, 0)]).take()
    assert sum(len(piece.text) for piece in pieces) == 1_000_000
    assert max(len(piece.text) for piece in pieces) == PIECE_LIMIT
    assert len(json.dumps({"text": pieces[0].text})) < 256 * 1024


def test_the_end_of_a_stream_is_noted() -> None:
    """R68"""
    accumulator = heard(
        [Started("req-1"), MessageStop("a_new_reason", {"x": "\0"}), Metadata(USAGE, 12, {"g": 1})]
    )
    assert accumulator.request_id == "req-1"
    assert accumulator.stop_reason == "a_new_reason"
    assert accumulator.extra == {"x": "\ufffd"}
    assert (accumulator.usage, accumulator.latency_ms, accumulator.trace) == (USAGE, 12, {"g": 1})


def test_text_after_the_end_does_not_change_what_was_saved() -> None:
    """R68"""
    accumulator = heard([TextDelta("a\ud83d", 0), *END, TextDelta("b", 0), MessageStop("x", None)])
    assert accumulator.text == "a\ufffd"
    assert accumulator.stop_reason == "end_turn"
    assert accumulator.unknown == {"delta after messageStop": 1, "second messageStop": 1}


def test_unknown_events_are_counted_and_a_few_are_kept() -> None:
    """R68"""
    accumulator = heard([Unknown("contentBlockDelta.video", {"b": b"\x00"})] * 100)
    assert accumulator.unknown == {"contentBlockDelta.video": 100}
    assert (
        accumulator.unknown_raw
        == [{"kind": "contentBlockDelta.video", "raw": {"b": "AA=="}}] * UNKNOWN_KEPT
    )


def test_a_flood_of_unknown_events_stays_small() -> None:
    """R68"""
    accumulator = heard([Unknown("\0" * 99 + str(n), {"x": "y" * 9999}) for n in range(999)])
    accumulator.add(Unknown("k", {}))
    for number in range(999):
        accumulator.add(Unknown(f"kind {number}", {"x": "y" * 9999}))
    assert len(accumulator.unknown) <= UNKNOWN_KINDS + 1
    assert sum(accumulator.unknown.values()) == accumulator.events == 1999
    assert len(json.dumps(accumulator.unknown_raw)) < 10_000


@pytest.mark.parametrize(
    ("events", "blank"),
    [
        (CASES["nothing"], True),
        (CASES["reasoning only"], True),
        ([TextDelta(" \n\t", 0), *END], True),
        (CASES["text"], False),
    ],
)
def test_an_answer_without_visible_text_is_blank(events: list[Event], blank: bool) -> None:
    assert heard(events).is_blank is blank


def test_the_first_delta_is_timed_and_empty_ones_are_not() -> None:
    times = iter([1.5, 1.5, 2.5])
    accumulator = Accumulator(clock=lambda: next(times))
    accumulator.add(TextDelta("", 0))
    assert accumulator.first_delta_at is None
    assert not accumulator.has_due
    accumulator.add(ReasoningDelta("a", 0))
    accumulator.add(TextDelta("b", 1))
    assert accumulator.first_delta_at == 1.5
    assert accumulator.has_due


def test_the_time_that_it_thought_is_counted_over_all_its_thoughts() -> None:
    now = [10.0]
    accumulator = Accumulator(clock=lambda: now[0])
    assert accumulator.thought == 0
    for event in (ReasoningDelta("a", 0), ReasoningDelta("b", 0), TextDelta("c", 1)):
        accumulator.add(event)
        now[0] += 2
    assert accumulator.thought == 4
    accumulator.add(ReasoningDelta("d", 2))
    now[0] += 1
    assert accumulator.thought == 5, "it still does"
    accumulator.add(MessageStop("end_turn", None))
    now[0] += 1
    assert accumulator.thought == 5


def test_nothing_is_lost_or_doubled_between_two_threads() -> None:
    accumulator = Accumulator()
    words = [f"w{number} " for number in range(20_000)]
    done = threading.Event()

    def speak() -> None:
        for number, word in enumerate(words):
            accumulator.add((TextDelta, ReasoningDelta)[number % 7 == 0](word, 0))
        done.set()

    speaker = threading.Thread(target=speak)
    speaker.start()
    pieces: list[Piece] = []
    while not done.is_set():
        pieces += accumulator.take()
        taken = "".join(piece.text for piece in pieces if piece.kind == "text")
        assert accumulator.taken_text() == taken
        assert accumulator.text.startswith(taken)
    speaker.join()
    pieces += accumulator.take()

    def all_of(kind: str) -> str:
        return "".join(piece.text for piece in pieces if piece.kind == kind)

    assert all_of("reasoning") == "".join(words[::7])
    assert all_of("text") == "".join(w for n, w in enumerate(words) if n % 7)
    assert accumulator.text == all_of("text")
