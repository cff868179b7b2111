"""Both sides of every dialect, written apart: the adapter and the local endpoint."""

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from streaming.bedrock.asking import Way, ask
from streaming.bedrock.errors import BedrockError
from streaming.bedrock.events import MessageStop, Metadata, TextDelta, Unknown, Usage
from streaming.bedrock.native.prompts import BREAK
from streaming.bedrock.request import Request
from streaming.localbedrock import Answer, Cut, LocalBedrock

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient as Client

pytestmark = pytest.mark.nodb

NATIVE = Way(native=True)
# A model of each dialect, and the stop reasons that its provider has a word for.
ALL = {"end_turn", "max_tokens", "stop_sequence", "content_filtered"}
FAMILIES = {
    "ai21.j2-ultra-v1": {"end_turn", "max_tokens", "stop_sequence"},
    "ai21.jamba-1-5-mini-v1:0": {"end_turn", "max_tokens"},
    "amazon.nova-micro-v1:0": ALL,
    "amazon.titan-text-premier-v1:0": ALL,
    "anthropic.claude-3-haiku-20240307-v1:0": ALL,
    "anthropic.claude-v2:1": {"end_turn", "max_tokens"},
    "cohere.command-r-v1:0": {"end_turn", "max_tokens", "content_filtered"},
    "cohere.command-text-v14": {"end_turn", "max_tokens", "content_filtered"},
    "meta.llama2-13b-chat-v1": {"end_turn", "max_tokens"},
    "meta.llama3-8b-instruct-v1:0": {"end_turn", "max_tokens"},
    "meta.llama4-scout-17b-instruct-v1:0": {"end_turn", "max_tokens"},
    "mistral.mistral-7b-instruct-v0:2": {"end_turn", "max_tokens", "content_filtered"},
    "mistral.pixtral-large-2502-v1:0": {"end_turn", "max_tokens"},
}
# By which each template would tell turns apart, whoever wrote them.
MARKS = (
    *("\n\nHuman:", "\n\nAssistant:", "\nUser:", "\nBot:", "\nChatbot:", "[INST]", "[/INST]"),
    *("<<SYS>>", "<</SYS>>", "<s>", "</s>", "<|eot_id|>", "<|eot|>", "<|begin_of_text|>"),
    *("<|start_header_id|>system<|end_header_id|>", "<|header_start|>user<|header_end|>"),
)


def request_to(model_id: str, *texts: str, **more: Any) -> Request:
    messages = [
        {"role": "user" if number % 2 == 0 else "assistant", "content": [{"text": text}]}
        for number, text in enumerate(texts)
    ]
    return Request(model_id=model_id, messages=messages, **{"max_tokens": 200} | more)


def text_of(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize("whole", [False, True], ids=["streamed", "whole"])
@pytest.mark.parametrize("model_id", FAMILIES)
def test_an_answer_is_understood_with_its_end_and_its_counts(
    client: "Client", endpoint: LocalBedrock, model_id: str, whole: bool
) -> None:
    """R69, R74: every word that the provider has for an end is one of Bedrock's again."""
    text = "Die Flut kommt zweimal am Tag: \U0001f30a\n\n* morgens\n* abends "
    for reason in sorted(FAMILIES[model_id]):
        endpoint.enqueue(Answer(text, stop_reason=reason, usage={"inputTokens": 21}, whole=True))

        events = list(ask(client, request_to(model_id, "Wie oft?"), NATIVE, whole=whole))

        assert text_of(events) == text
        stops = [event.stop_reason for event in events if isinstance(event, MessageStop)]
        assert stops == [reason]
        [metadata] = [event for event in events if isinstance(event, Metadata)]
        assert metadata.usage != Usage()
        assert not [event for event in events if isinstance(event, Unknown)]


@pytest.mark.parametrize("model_id", FAMILIES)
def test_a_request_has_the_turns_and_the_options_of_the_conversation(
    client: "Client", endpoint: LocalBedrock, model_id: str
) -> None:
    """R65, R73: as its model would see them; the system prompt is there in any case."""
    request = request_to(
        model_id,
        *("How do tides work?", "By gravity.", "How often?"),
        system="Be brief.",
        temperature=0.25,
        top_p=0.75,
    )

    list(ask(client, request, NATIVE))

    [call] = endpoint.history
    seen = [
        (message["role"], "".join(block["text"] for block in message["content"]).strip())
        for message in call.messages
    ]
    assert [role for role, _ in seen] == ["user", "assistant", "user"]
    assert seen[1:] == [("assistant", "By gravity."), ("user", "How often?")]
    assert seen[0][1].endswith("How do tides work?")
    assert "Be brief." in f"{call.system_text}\n{seen[0][1]}"
    inference = call.body["inferenceConfig"]
    assert inference["maxTokens"] == 200
    assert (inference["temperature"], inference["topP"]) == (0.25, 0.75)


@pytest.mark.parametrize("model_id", FAMILIES)
def test_no_text_forges_a_turn_for_somebody_who_reads_the_template_anew(
    client: "Client", endpoint: LocalBedrock, model_id: str
) -> None:
    """R75: by another reading of the templates than the one that wrote them."""
    chance = Random(model_id)
    for _ in range(10):
        texts = [
            f"{chance.choice(('a', 'b'))}{''.join(chance.sample(MARKS, 4))} c" for _ in range(3)
        ]

        list(ask(client, request_to(model_id, *texts), NATIVE, whole=True))

        call = endpoint.history[-1]
        seen = [
            (message["role"], "".join(block["text"] for block in message["content"]))
            for message in call.messages
        ]
        assert [role for role, _ in seen] == ["user", "assistant", "user"]
        assert [text.replace(BREAK, "").strip() for _, text in seen] == texts
        assert call.system_text == ""


@pytest.mark.parametrize("model_id", FAMILIES)
def test_an_answer_that_breaks_off_is_told_as_that(
    client: "Client", endpoint: LocalBedrock, model_id: str
) -> None:
    """R9: what had come stays, except where an answer comes whole or not at all."""
    endpoint.enqueue(Answer("The moon pulls at the sea.", then=Cut(), after=3))
    events: list[Any] = []

    with pytest.raises(BedrockError) as error:
        events.extend(ask(client, request_to(model_id, "How?"), NATIVE))

    assert (error.value.code, error.value.retryable) == ("model_stream_error", True)


@pytest.mark.parametrize("model_id", FAMILIES)
def test_an_answer_of_nothing_is_an_end_without_text(
    client: "Client", endpoint: LocalBedrock, model_id: str
) -> None:
    """R74"""
    endpoint.enqueue(Answer("", deltas=[""], whole=True))

    events = list(ask(client, request_to(model_id, "How?"), NATIVE))

    assert text_of(events) == ""
    assert [event.stop_reason for event in events if isinstance(event, MessageStop)] == ["end_turn"]
