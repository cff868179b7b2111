"""Whatever a conversation has been through, its next request is one that the model takes."""

import itertools
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.model import Shape
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from conversations.text import clean
from streaming.bedrock.request import Request
from streaming.context import Context, ModelFacts, TooLong, Turn, build
from streaming.context.estimate import HIGHEST_RATIO, LOWEST_RATIO, tokens
from streaming.context.fitting import DEFAULT_MAX_TOKENS
from streaming.context.trimming import TRIM_TO
from streaming.localbedrock.models import Model
from streaming.localbedrock.validation import check_conversation

pytestmark = pytest.mark.nodb

SMALL = ModelFacts("local.small", context_window=2_000, max_output=500)
LARGE = ModelFacts("local.large", context_window=200_000, max_output=8_192)

snippets = st.one_of(
    st.sampled_from(
        ["Hello.", "  ", "\n", "\t \u00a0", "", "漢字", "😀", "\0", "\ud83d", "\ude00"]
    ),
    st.text(st.characters(codec=None), max_size=12),
)
texts = st.builds(lambda text, times: text * times, snippets, st.sampled_from([1, 1, 1, 7, 300]))
turns = st.builds(
    Turn, st.sampled_from(["user", "assistant"]), texts, st.sampled_from([False, False, True])
)
newest = texts.filter(str.strip).map(lambda text: Turn("user", text))
histories = st.builds(lambda before, last: [*before, last], st.lists(turns, max_size=14), newest)
facts = st.builds(
    ModelFacts,
    st.just("local.any"),
    st.sampled_from([200, 500, 2_000, 8_192, 200_000]),
    st.sampled_from([1, 256, 4_096, 64_000]),
    st.booleans(),
)
junk = st.one_of(st.none(), st.text(max_size=3), st.floats(), st.integers(), st.booleans())
options = st.dictionaries(st.sampled_from(["temperature", "top_p", "max_tokens", "x"]), junk)
ratios = st.sampled_from([LOWEST_RATIO, 1.0, 1.3, HIGHEST_RATIO])
squeezes = st.sampled_from([1.0, 0.5])


@cache
def converse_input() -> Shape:
    model = botocore.session.Session().get_service_model("bedrock-runtime")
    shape = model.operation_model("ConverseStream").input_shape
    assert shape is not None
    return shape


def assert_converse_takes(request: Request) -> None:
    """The SDK's rules, the service's, and those of the local endpoint."""
    arguments = request.as_converse()
    report = ParamValidator().validate(arguments, converse_input())
    assert not report.has_errors(), report.generate_report()

    messages = arguments["messages"]
    roles = [message["role"] for message in messages]
    assert roles == ["user", "assistant"] * (len(messages) // 2) + ["user"]
    blocks = [block for message in messages for block in message["content"]]
    for block in [*blocks, *arguments.get("system", [])]:
        assert block.keys() == {"text"}
        assert block["text"].strip()
        block["text"].encode()
    inference = arguments["inferenceConfig"]
    assert inference["maxTokens"] >= 1
    assert all(0 <= inference.get(name, 0) <= 1 for name in ("temperature", "topP"))
    check_conversation(arguments, Model("local.x", "x", window=10**9, max_output=64_000))


def sent_texts(request: Request) -> list[str]:
    return [block["text"] for message in request.messages for block in message["content"]]


def words(count: int) -> str:
    return " ".join(["word"] * count)


def dialogue(count: int, size: int) -> list[Turn]:
    """Question, answer, question …; ends with a question when the count is odd."""
    roles = itertools.cycle(["user", "assistant"])
    numbered = zip(range(count), roles, strict=False)
    return [Turn(role, f"{n} {words(size)}") for n, role in numbered]  # type: ignore[arg-type]


@given(histories, facts, texts, options, ratios, squeezes)
def test_every_history_becomes_a_request_that_the_service_takes(
    history: list[Turn],
    model: ModelFacts,
    system: str,
    chosen: dict[str, Any],
    ratio: float,
    squeeze: float,
) -> None:
    """R18, R19, R65"""

    def attempt() -> Context:
        return build(
            history,
            model=model,
            system_prompt=system,
            options=chosen,
            ratio=ratio,
            squeeze=squeeze,
        )

    try:
        context = attempt()
    except TooLong:
        needed = (tokens(clean(history[-1].text)) + tokens(clean(system)) + 24) * ratio
        assert needed > 0.5 * model.context_window
        return
    request = context.request
    assert_converse_takes(request)
    assert attempt() == context

    # The system prompt is first and whole, in its own place or in the first message.
    texts_sent = sent_texts(request)
    prompt = clean(system) if system.strip() else ""
    if model.takes_system_prompt or not prompt:
        assert request.system == prompt
    else:
        assert not request.system
        assert texts_sent.pop(0) == prompt + "\n\n"

    # The newest message is last and whole; before it, the messages in order, the oldest missing.
    assert texts_sent[-1] == clean(history[-1].text)
    written = [clean(turn.text) for turn in history if turn.text.strip()]
    assert context.left_out == len(written) - len(texts_sent)
    candidates = iter(reversed(written))
    for text in reversed(texts_sent):
        assert any(text in (candidate, candidate + "\n\n") for candidate in candidates)

    # Input and answer fit into the window by the estimate, with something to spare.
    assert request.max_tokens <= model.max_output
    assert context.estimated_input_tokens + request.max_tokens < model.context_window
    by_hand = sum(map(tokens, sent_texts(request))) + tokens(request.system)
    assert context.uncorrected_input_tokens > by_hand
    assert context.estimated_input_tokens >= context.uncorrected_input_tokens * ratio


@given(histories, facts, st.sampled_from(["", " \n", "partial ans"]), st.booleans())
def test_no_outcome_poisons_the_next_request(
    history: list[Turn], model: ModelFacts, answer: str, blocked: bool
) -> None:
    """R19: an answer that is empty, white space, cut off, blocked, or to a message too long."""
    after = [*history, Turn("assistant", answer, blocked), Turn("user", "And now?")]
    request = build(after, model=model).request
    assert_converse_takes(request)
    assert sent_texts(request)[-1] == "And now?"


@given(
    st.lists(st.tuples(st.integers(1, 120), st.integers(0, 4)), min_size=30, max_size=60),
    st.sampled_from([0, 100]),
    st.booleans(),
)
def test_the_prefix_changes_only_at_trim_steps(
    exchanges: list[tuple[int, int]], prompt: int, takes_system_prompt: bool
) -> None:
    """R112: so the prompt cache of the service keeps hitting."""
    model = ModelFacts("local.small", 2_000, 500, takes_system_prompt)
    history: list[Turn] = []
    before: Context | None = None
    steps, fixed = 0, 20 + tokens(words(prompt))
    for size, answer in exchanges:
        history.append(Turn("user", words(size)))
        context = build(history, model=model, system_prompt=words(prompt))
        if before is not None:
            same = before.request.messages
            if context.left_out == before.left_out:
                # What follows a question without an answer becomes part of its message.
                settled = len(same) if history[-2].text else len(same) - 1
                assert context.request.messages[:settled] == same[:settled]
            else:
                steps += 1
                assert context.left_out > before.left_out
                assert context.estimated_input_tokens <= fixed + TRIM_TO * (1_500 - fixed)
        before = context
        history.append(Turn("assistant", words(size) if answer else ""))
    # Each step frees two fifths of the room, less one exchange, and so do the tokens between two.
    total = sum(tokens(turn.text) + 4 for turn in history)
    assert steps <= total / 250 + 1


def test_a_short_conversation_is_sent_whole() -> None:
    """R18"""
    context = build(dialogue(5, 10), model=LARGE, system_prompt="Be brief. ")
    assert [message["role"] for message in context.request.messages] == [
        "user", "assistant", "user", "assistant", "user",
    ]  # fmt: skip
    assert sent_texts(context.request) == [turn.text for turn in dialogue(5, 10)]
    assert context.request.system == "Be brief. "
    assert context.left_out == 0
    assert context.request.max_tokens == DEFAULT_MAX_TOKENS


def test_the_hundredth_turn_still_fits() -> None:
    """R18"""
    context = build(dialogue(199, 60), model=SMALL, system_prompt="Be brief.")
    assert_converse_takes(context.request)
    assert context.left_out == 199 - len(context.request.messages)
    assert sent_texts(context.request)[-1] == f"198 {words(60)}"
    assert len(context.request.messages) > 5
    local = Model("local.x", "x", window=SMALL.context_window, max_output=SMALL.max_output)
    check_conversation(context.request.as_converse(), local)


def test_questions_whose_answers_failed_become_one_message() -> None:
    """R19"""
    history = [
        Turn("user", "What is a monad?"),
        Turn("assistant", ""),
        Turn("user", "Please?"),
        Turn("assistant", " \n"),
        Turn("user", "Hello?"),
    ]
    assert build(history, model=LARGE).request.messages == [
        {
            "role": "user",
            "content": [
                {"text": "What is a monad?\n\n"},
                {"text": "Please?\n\n"},
                {"text": "Hello?"},
            ],
        }
    ]


def test_an_answer_that_broke_off_is_sent_as_far_as_it_came() -> None:
    """R19"""
    history = [Turn("user", "Count."), Turn("assistant", "One, two, "), Turn("user", "Go on.")]
    assert sent_texts(build(history, model=LARGE).request) == ["Count.", "One, two, ", "Go on."]


def test_a_blocked_turn_is_not_sent_again() -> None:
    """R19: its question would be blocked in every later request too."""
    history = [
        Turn("user", "Hi."),
        Turn("assistant", "Hello."),
        Turn("user", "Something forbidden."),
        Turn("assistant", "Sorry, I cannot.", blocked=True),
        Turn("user", "Then tell me a story."),
    ]
    context = build(history, model=LARGE)
    assert sent_texts(context.request) == ["Hi.", "Hello.", "Then tell me a story."]
    assert context.left_out == 2


def test_a_history_that_begins_with_an_answer_is_sent_from_the_first_question() -> None:
    """R19"""
    context = build([Turn("assistant", "Welcome!"), Turn("user", "Hi.")], model=LARGE)
    assert sent_texts(context.request) == ["Hi."]
    assert context.left_out == 1


def test_a_system_prompt_is_folded_into_the_first_message_that_is_sent() -> None:
    """R18"""
    model = ModelFacts("amazon.titan-text-lite-v1", 2_000, 500, takes_system_prompt=False)
    context = build(dialogue(99, 60), model=model, system_prompt="Be brief.")
    assert context.left_out > 0
    assert context.request.messages[0]["content"][0] == {"text": "Be brief.\n\n"}
    assert context.request.system == ""
