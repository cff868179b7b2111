"""What fits, what does not, and which options a request is sent with."""

import pytest

from streaming.context import TooLong, Turn, build
from tests.test_context import LARGE, SMALL, dialogue, sent_texts, words

pytestmark = pytest.mark.nodb


def test_a_message_that_does_not_fit_is_refused_with_its_size() -> None:
    with pytest.raises(TooLong) as caught:
        build([Turn("user", words(5_000))], model=SMALL)
    assert caught.value.message_tokens >= 5_000
    assert 1_000 < caught.value.limit < SMALL.context_window
    assert caught.value.code == "too_long"
    assert "word" not in str(caught.value)


def test_a_message_that_was_too_long_does_not_stand_in_the_way_of_the_next() -> None:
    """R19"""
    history = [Turn("user", words(5_000)), Turn("assistant", ""), Turn("user", "Shorter.")]
    context = build(history, model=SMALL)
    assert sent_texts(context.request) == ["Shorter."]
    assert context.left_out == 1


def test_a_system_prompt_that_fills_the_window_is_refused_not_dropped() -> None:
    """R18"""
    with pytest.raises(TooLong):
        build([Turn("user", "Hi.")], model=SMALL, system_prompt=words(5_000))


def test_a_long_message_is_sent_alone_with_a_shorter_answer() -> None:
    """R65"""
    history = [*dialogue(4, 10), Turn("user", words(1_250))]
    context = build(history, model=SMALL, options={"max_tokens": 500})
    assert len(context.request.messages) == 1
    assert 250 <= context.request.max_tokens < 500


@pytest.mark.parametrize(
    ("asked", "given_to_model"),
    [
        (100, 100),
        (10**9, 8_192),
        (None, 4_096),
        (0, 4_096),
        (-1, 4_096),
        (True, 4_096),
        ("9", 4_096),
    ],
)
def test_max_tokens_is_always_set_and_within_the_limit(asked: object, given_to_model: int) -> None:
    """R65"""
    request = build([Turn("user", "Hi.")], model=LARGE, options={"max_tokens": asked}).request
    assert request.max_tokens == given_to_model


def test_sampling_options_are_passed_on_within_their_bounds() -> None:
    history = [Turn("user", "Hi.")]
    request = build(history, model=LARGE, options={"temperature": 0, "top_p": 7}).request
    assert (request.temperature, request.top_p) == (0.0, 1.0)
    request = build(history, model=LARGE, options={"temperature": float("nan")}).request
    assert (request.temperature, request.top_p) == (None, None)


def test_a_squeezed_request_is_smaller_and_keeps_the_newest() -> None:
    history = dialogue(99, 60)
    whole = build(history, model=SMALL)
    squeezed = build(history, model=SMALL, squeeze=0.5)
    assert squeezed.estimated_input_tokens < whole.estimated_input_tokens
    assert sent_texts(squeezed.request)[-1] == history[-1].text
    alone = build([Turn("user", words(1_000))], model=SMALL, squeeze=0.1)
    assert sent_texts(alone.request) == [words(1_000)]


@pytest.mark.parametrize(
    "history", [[], [Turn("assistant", "Hi.")], [Turn("user", " ")], [*dialogue(4, 1)]]
)
def test_there_is_always_a_question_to_answer(history: list[Turn]) -> None:
    with pytest.raises(ValueError, match="last turn"):
        build(history, model=LARGE)


def test_a_learnt_ratio_sends_less() -> None:
    history = dialogue(99, 60)
    plain = build(history, model=SMALL)
    learnt = build(history, model=SMALL, ratio=1.5)
    assert len(learnt.request.messages) < len(plain.request.messages)
    assert learnt.estimated_input_tokens >= 1.5 * learnt.uncorrected_input_tokens
