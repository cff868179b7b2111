"""What of a long conversation the model sees: the newest, what is pinned, a summary of the rest."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.bedrock.request import CACHE_POINT
from streaming.context import ModelFacts, PinsTooLong, TooLong, Turn, build, check_pins
from streaming.context.trimming import PINS_SHARE, TRIM_TO
from tests.test_context import (
    LARGE,
    SMALL,
    assert_converse_takes,
    dialogue,
    facts,
    ratios,
    sent_texts,
    squeezes,
    texts,
    words,
)

pytestmark = pytest.mark.nodb

ROOM = 2_000 - 64 - 500 - 16  # what SMALL has for messages
CACHING = ModelFacts("local.large", 200_000, 8_192, cached_from=1_024)


def pinned(history: list[Turn], *at: int) -> list[Turn]:
    return [Turn(turn.role, turn.text, pinned=n in at) for n, turn in enumerate(history)]


turns = st.builds(
    Turn,
    st.sampled_from(["user", "assistant"]),
    texts,
    st.sampled_from([False, False, True]),
    counted=st.one_of(st.none(), st.integers(1, 400)),
    pinned=st.booleans(),
)
histories = st.lists(turns, max_size=14).map(lambda before: [*before, Turn("user", "Now?")])


@given(histories, facts, texts, ratios, squeezes)
def test_whatever_is_pinned_counted_or_summarised_the_service_takes_the_request(
    history: list[Turn], model: ModelFacts, summary: str, ratio: float, squeeze: float
) -> None:
    """R19"""
    try:
        context = build(history, model=model, summary=summary, ratio=ratio, squeeze=squeeze)
    except TooLong:
        assert summary.strip() or model.context_window == 200
        return
    assert_converse_takes(context.request)
    assert context.estimated_input_tokens + context.request.max_tokens <= model.context_window
    assert list(context.sent) == sorted(set(context.sent))
    assert context.sent[-1] == len(history) - 1
    assert context.sent_from in context.sent
    for at in context.sent:
        if at < context.sent_from:  # with what is pinned goes what it answers, or its answer
            assert any(history[n].pinned for n in context.sent if n < context.sent_from)


@given(
    st.lists(st.integers(1, 120), min_size=30, max_size=60),
    st.sets(st.integers(0, 30), max_size=3),
)
def test_with_pins_too_the_prefix_changes_only_at_trim_steps(
    sizes: list[int], pins: set[int]
) -> None:
    """R112"""
    history: list[Turn] = []
    before, steps = None, 0
    for at, size in enumerate(sizes):
        history.append(Turn("user", words(size), pinned=at in pins))
        context = build(history, model=SMALL)
        if before is not None and len(history) > 2 * max(pins, default=0) + 3:
            if context.sent_from == before.sent_from:
                same = before.request.messages
                assert context.request.messages[: len(same)] == same
            else:
                steps += 1
        before = context
        history.append(Turn("assistant", words(size)))
    total = sum(2 * size * 1.2 + 8 for size in sizes)
    assert steps <= total / (ROOM * (1 - TRIM_TO - 0.25)) + 2


def test_a_pinned_message_stays_when_everything_around_it_goes() -> None:
    history = pinned(dialogue(99, 30), 4)
    context = build(history, model=SMALL)
    assert context.sent[:2] == (4, 5)
    assert context.sent[2] == context.sent_from > 6
    sent = sent_texts(context.request)
    assert sent[:2] == [history[4].text, history[5].text]
    assert context.left_out == 99 - len(sent)


def test_a_pinned_answer_keeps_its_question() -> None:
    context = build(pinned(dialogue(99, 30), 5), model=SMALL)
    assert context.sent[:2] == (4, 5)


def test_pins_leave_room_to_talk_in() -> None:
    history = pinned(dialogue(99, 30), *range(60))
    context = build(history, model=SMALL)
    before = [at for at in context.sent if at < context.sent_from]
    # Of those pinned the newest, and the newest messages beside them.
    assert before[-1] == 59
    assert len(before) < len(context.sent)
    assert_converse_takes(context.request)
    long = [*history[:-1], Turn("user", words(1_100))]
    assert build(long, model=SMALL).sent[-1] == 98


def test_more_pins_than_have_room_are_refused_with_both_figures() -> None:
    history = dialogue(99, 30)
    check_pins(pinned(history, 0, 1, 4, 5), model=SMALL)
    with pytest.raises(PinsTooLong) as caught:
        check_pins(pinned(history, *range(0, 40, 2)), model=SMALL)
    assert caught.value.limit == math.floor(ROOM * PINS_SHARE)
    assert caught.value.pinned_tokens > caught.value.limit


def test_what_the_model_counted_counts_more_than_an_estimate() -> None:
    history = [Turn("user", words(100), counted=9), Turn("assistant", "x", counted=500)]
    context = build([*history, Turn("user", "Go on.", counted=7)], model=LARGE, ratio=3.0)
    assert context.estimated_input_tokens == 16 * 3 + 9 + 500 + 7
    assert context.counted
    assert not build([*history, Turn("user", "Go on.")], model=LARGE).counted


def test_a_summary_is_sent_behind_the_system_prompt_once_something_is_left_out() -> None:
    short = build(dialogue(3, 30), model=SMALL, system_prompt="Be brief.", summary="They met.")
    assert (short.request.system, short.summarised) == ("Be brief.", False)
    long = build(dialogue(99, 30), model=SMALL, system_prompt="Be brief.", summary="They met.")
    assert long.summarised
    assert long.request.system.startswith("Be brief.\n\n")
    assert long.request.system.endswith("\n\nThey met.")


def test_a_model_without_system_prompts_reads_the_summary_in_the_first_message() -> None:
    model = ModelFacts("amazon.titan-text-lite-v1", 2_000, 500, takes_system_prompt=False)
    context = build(dialogue(99, 30), model=model, summary="They met.")
    assert context.request.messages[0]["content"][0]["text"].endswith("They met.\n\n")


def test_the_prefix_that_stays_is_marked_for_the_cache() -> None:
    """R112: after the system prompt and after the last answer, never after the question."""
    context = build(dialogue(5, 400), model=CACHING, system_prompt=words(1_000))
    arguments = context.request.as_converse()
    assert arguments["system"][1:] == [CACHE_POINT]
    marked = [CACHE_POINT in message["content"] for message in arguments["messages"]]
    assert marked == [False, False, False, True, False]
    assert arguments["messages"][3]["content"][-1] == CACHE_POINT


@pytest.mark.parametrize(
    ("model", "size"),
    [(LARGE, 1_000), (CACHING, 100), (ModelFacts("x", 10**6, 9, cached_from=9_000), 1_000)],
)
def test_nothing_is_marked_that_the_model_would_not_keep(model: ModelFacts, size: int) -> None:
    context = build(dialogue(5, size), model=model, system_prompt=words(size))
    assert "cachePoint" not in str(context.request.as_converse())


def test_a_question_that_was_never_answered_is_not_marked() -> None:
    """It becomes part of the next message, so the prefix does not end there."""
    history = [*dialogue(2, 1_500), Turn("user", words(1_500)), Turn("user", "Hello?")]
    assert "cachePoint" not in str(build(history, model=CACHING).request.messages)


@given(st.lists(st.integers(200, 900), min_size=4, max_size=12))
def test_what_was_marked_comes_first_in_the_next_request(sizes: list[int]) -> None:
    """R112: or the service would read nothing from its cache."""
    history: list[Turn] = []
    prefix: list[object] = []
    for size in sizes:
        history.append(Turn("user", words(size)))
        blocks = [
            block
            for message in build(history, model=CACHING).request.messages
            for block in message["content"]
        ]
        plain = [block for block in blocks if block != CACHE_POINT]
        assert plain[: len(prefix)] == prefix
        if CACHE_POINT in blocks:
            prefix = list(itertools.takewhile(lambda block: block != CACHE_POINT, blocks))
            assert len(prefix) == len(history) - 1
        history.append(Turn("assistant", words(size)))
    assert prefix


def test_an_answer_gets_less_room_too_when_the_model_said_that_it_was_too_long() -> None:
    """R64: some models count the answer that is asked for."""
    model = ModelFacts("local.small", 2_000, 1_900)
    plain = build(dialogue(1, 100), model=model, options={"max_tokens": 1_900})
    squeezed = build(dialogue(1, 100), model=model, options={"max_tokens": 1_900}, squeeze=0.5)
    assert squeezed.request.max_tokens <= plain.request.max_tokens / 2 + 1
