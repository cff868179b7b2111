"""Reasoning on request, and what of it goes back to the model that wrote it (R70)."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.models import BedrockModel, Conversation, User
from conversations.reasoning import EFFORTS, LEAST_BUDGET, asked_of
from streaming.accumulator import Accumulator
from streaming.bedrock.events import (
    Event,
    MessageStop,
    ReasoningDelta,
    ReasoningRedacted,
    ReasoningSignature,
    TextDelta,
)
from streaming.bedrock.request import Request
from streaming.history import prepare
from streaming.thinking import asking, blocks_of, with_room
from tests.people import answer, ask

pytestmark = pytest.mark.matrix

CLAUDE = "eu.anthropic.claude-sonnet-4-20250514-v1:0"
OPTIONS = {"max_tokens": 1_000, "temperature": 0.5, "top_p": 0.9}


def model(model_id: str = CLAUDE, *, reasoning: bool = True, **fields: Any) -> BedrockModel:
    return BedrockModel(
        id=model_id,
        name="A model",
        context_window=200_000,
        max_output_tokens=64_000,
        capabilities={"reasoning": reasoning, "system_prompt": True, "prefill": True},
        **fields,
    )


def told(model_id: str, *, max_tokens: int = 40_000, **options: Any) -> dict[str, Any]:
    """What a request says to a model, besides what Converse has a name for."""
    request = Request(model_id=model_id, messages=[], max_tokens=max_tokens)
    return asking(request, asked_of(model(model_id), options)).additional


@pytest.mark.nodb
@pytest.mark.parametrize(
    ("model_id", "options", "fields"),
    [
        (CLAUDE, {}, {}),
        (
            CLAUDE,
            {"reasoning_effort": "low"},
            {"thinking": {"type": "enabled", "budget_tokens": 2_048}},
        ),
        (
            "anthropic.claude-3-7-sonnet-20250219-v1:0",
            {"reasoning_budget": 5_000},
            {"thinking": {"type": "enabled", "budget_tokens": 5_000}},
        ),
        (
            "us.anthropic.claude-opus-4-6-v1",
            {"reasoning_budget": 5_000},
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}},
        ),
        (
            "amazon.nova-2-lite-v1:0",
            {"reasoning_effort": "high"},
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}},
        ),
        ("openai.gpt-oss-20b-1:0", {"reasoning_effort": "high"}, {"reasoning_effort": "high"}),
        ("deepseek.r1-v1:0", {"reasoning_effort": "high"}, {}),
        ("amazon.nova-lite-v1:0", {"reasoning_effort": "high"}, {}),
    ],
)
def test_each_family_is_asked_in_its_own_words(
    model_id: str, options: dict[str, Any], fields: dict[str, Any]
) -> None:
    assert told(model_id, **options) == fields


@pytest.mark.nodb
def test_a_model_behind_an_arn_is_asked_as_what_answers() -> None:
    arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc"
    known = asked_of(model(arn, based_on=CLAUDE), {"reasoning_effort": "low"})
    assert known
    assert known.style == "budget"
    assert asked_of(model(arn), {"reasoning_effort": "low"}) is None
    assert asked_of(model(reasoning=False), {"reasoning_effort": "low"}) is None
    assert asked_of(None, {"reasoning_effort": "low"}) is None


@pytest.mark.nodb
def test_thinking_excludes_sampling_and_comes_on_top_of_the_answer() -> None:
    """R65: the length is set all the same."""
    thinking = asked_of(model(), {"reasoning_effort": "medium"})
    assert with_room(OPTIONS, thinking) == {"max_tokens": 1_000 + EFFORTS["medium"]}
    assert with_room(OPTIONS, None) == OPTIONS
    nova = asked_of(model("amazon.nova-2-lite-v1:0"), {"reasoning_effort": "low"})
    assert with_room(OPTIONS, nova) == {**OPTIONS, "max_tokens": 1_000 + EFFORTS["low"]}


@pytest.mark.nodb
@given(st.integers(1, 70_000), st.integers(LEAST_BUDGET, 100_000))
def test_the_budget_is_always_below_the_length_and_never_below_the_least(
    max_tokens: int, budget: int
) -> None:
    fields = told(CLAUDE, max_tokens=max_tokens, reasoning_budget=budget)
    if fields:
        given_ = fields["thinking"]["budget_tokens"]
        assert LEAST_BUDGET <= given_ < max_tokens
        assert given_ <= budget
    else:
        assert max_tokens < LEAST_BUDGET + 512


# --- what goes back -----------------------------------------------------------------------------

pieces = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
                          min_size=1, max_size=9), min_size=1, max_size=4)  # fmt: skip
signatures = st.text(st.sampled_from("ABCabc012+/="), min_size=1, max_size=40)
signed = st.tuples(st.just("signed"), pieces, signatures)
redacted = st.tuples(st.just("redacted"), st.binary(min_size=1, max_size=40), st.just(""))


def events_of(thoughts: list[Any], text: str) -> list[Event]:
    events: list[Event] = []
    for index, (kind, what, signature) in enumerate(thoughts):
        if kind == "redacted":
            events.append(ReasoningRedacted(what, index))
            continue
        events += [ReasoningDelta(piece, index) for piece in what]
        events += [ReasoningSignature(half, index) for half in (signature[:3], signature[3:])]
    return [*events, TextDelta(text, len(thoughts)), MessageStop("end_turn", None)]


@pytest.mark.nodb
@given(st.lists(signed | redacted, min_size=1, max_size=4))
def test_what_was_thought_goes_back_byte_for_byte(thoughts: list[Any]) -> None:
    """R70: through the stream, the JSON of the database and back into a request."""
    accumulator = Accumulator()
    for event in events_of(thoughts, "42"):
        accumulator.add(event)

    stored = json.loads(json.dumps(accumulator.content()))

    sent = [
        {"reasoningContent": {"redactedContent": what}}
        if kind == "redacted"
        else {"reasoningContent": {"reasoningText": {"text": "".join(what), "signature": sig}}}
        for kind, what, sig in thoughts
    ]
    assert list(blocks_of(stored)) == [*sent, {"text": "42"}]


@pytest.mark.nodb
@given(st.lists(signed | redacted, max_size=3), pieces)
def test_reasoning_that_lost_its_signature_is_dropped_as_a_whole(
    thoughts: list[Any], cut: list[str]
) -> None:
    """R70: what came before it would be refused without it."""
    accumulator = Accumulator()
    for event in events_of([*thoughts, ("signed", cut, "")], "42"):
        accumulator.add(event)
    assert blocks_of(accumulator.content()) == ()


@pytest.mark.nodb
def test_what_the_service_ran_and_what_it_cited_goes_back_as_text() -> None:
    signature = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}}
    cited = {"citationsContent": {"content": [{"text": "Twenty."}], "citations": []}}
    tool = {"toolUse": {"toolUseId": "t", "name": "search", "type": "server_tool_use"}}
    assert blocks_of([signature, tool, cited]) == (signature, cited)
    assert blocks_of([cited]) == blocks_of(None) == ()


CONTENT = [
    {"reasoningContent": {"reasoningText": {"text": "Let me think.", "signature": "c2ln"}}},
    {"reasoningContent": {"redactedContent": b64encode(b"\x00secret").decode()}},
    {"text": "By gravity."},
]
BACK = [CONTENT[0], {"reasoningContent": {"redactedContent": b"\x00secret"}}, CONTENT[2]]


def second_request(alice: User, options: dict[str, Any], content: Any = CONTENT) -> Request:
    """Of a conversation whose first answer was thought about."""
    first = ask(alice, model=CLAUDE)
    Conversation.objects.filter(pk=first.conversation.pk).update(options=options)
    answer(first, "By gravity.", reasoning="Let me think.", content=content)
    turn = ask(alice, "And on the Moon?", conversation=first.conversation, model=CLAUDE)
    turn.generation.conversation = Conversation.objects.get(pk=first.conversation.pk)
    return prepare(turn.generation).request


@pytest.mark.django_db
def test_reasoning_goes_back_while_the_model_is_asked_to_think(alice: User) -> None:
    """R70"""
    model().save()
    request = second_request(alice, {"reasoning_effort": "low", "temperature": 0.5})
    assert request.messages[1] == {"role": "assistant", "content": BACK}
    assert request.additional["thinking"]["budget_tokens"] < request.max_tokens
    assert request.temperature is None
    assert second_request(alice, {}).messages[1]["content"] == [{"text": "By gravity."}]


@pytest.mark.django_db
def test_another_model_gets_the_text_alone(alice: User) -> None:
    """R70: a signature is its model's own."""
    model().save()
    first = ask(alice, model="us.anthropic.claude-3-7-sonnet-20250219-v1:0")
    answer(first, "By gravity.", reasoning="Let me think.", content=CONTENT)
    Conversation.objects.update(options={"reasoning_effort": "low"})
    turn = ask(alice, "And?", conversation=first.conversation, model=CLAUDE)
    turn.generation.conversation = Conversation.objects.get()
    assert prepare(turn.generation).request.messages[1]["content"] == [{"text": "By gravity."}]


@pytest.mark.django_db
def test_an_answer_that_is_thought_about_is_never_begun_for_the_model(alice: User) -> None:
    """The beginning is sent as an answer, and the model asked to go on: prefill is refused."""
    model().save()
    turn = ask(alice, model=CLAUDE)
    turn.generation.conversation = replaced(turn.conversation, {"reasoning_effort": "low"})
    messages = prepare(turn.generation, "By gra").request.messages
    assert [each["role"] for each in messages] == ["user", "assistant", "user"]
    turn.generation.conversation = replaced(turn.conversation, {})
    messages = prepare(turn.generation, "By gra").request.messages
    assert [each["role"] for each in messages] == ["user", "assistant"]


def replaced(conversation: Conversation, options: dict[str, Any]) -> Conversation:
    conversation.options = options
    return conversation
