"""Models asked in their providers' own dialects: nothing above the adapter knows the difference."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conversations.models import BedrockModel, Conversation, Generation
from streaming import generation, titles
from streaming.bedrock.client import build_client
from streaming.limits import Seats
from streaming.livelog import LiveLog
from streaming.localbedrock import Answer, Controlled, Cut, LocalBedrock, samples
from streaming.pump import Pace, Pump
from streaming.workbench import Workbench
from tests import bedrock as bedrock_tests
from tests.bedrock import spoken
from tests.engine.parts import read
from tests.people import ask

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.matrix]

# A model of each dialect, and whether it goes on with an answer that it is given.
FAMILIES = {
    "ai21.j2-ultra-v1": True,
    "ai21.jamba-1-5-mini-v1:0": False,
    "amazon.nova-micro-v1:0": True,
    "amazon.titan-text-premier-v1:0": True,
    "anthropic.claude-3-haiku-20240307-v1:0": True,
    "anthropic.claude-v2:1": True,
    "cohere.command-r-v1:0": False,
    "cohere.command-text-v14": True,
    "meta.llama2-13b-chat-v1": True,
    "meta.llama3-8b-instruct-v1:0": True,
    "meta.llama4-scout-17b-instruct-v1:0": True,
    "mistral.mistral-7b-instruct-v0:2": True,
    "mistral.pixtral-large-2502-v1:0": False,
}
GOLDEN = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path(bedrock_tests.__file__).with_name("golden").glob("*.json"))
}
UNSTREAMED = "ai21.j2-ultra-v1"
STREAMED, WHOLE = "InvokeModelWithResponseStream", "InvokeModel"


@pytest.fixture(scope="module")
def client(running_endpoint: LocalBedrock) -> Iterator[Any]:
    client = build_client(region="us-east-1", endpoint_url=running_endpoint.url, pool_size=20)
    yield client
    client.close()


@pytest.fixture
def log() -> LiveLog:
    return LiveLog(kept=60)


@pytest.fixture
def bench(client: Any, log: LiveLog) -> Workbench:
    return Workbench(client, Pump(log, Pace()), Seats(10), pause=0)


@pytest.fixture
def replayed(replay_client: Any) -> Workbench:
    return Workbench(replay_client, Pump(LiveLog(kept=60), Pace()), Seats(10), pause=0)


def native(model_id: str, **fields: Any) -> BedrockModel:
    capabilities = {"streaming": True, "system_prompt": True, "prefill": True}
    row = {
        "name": model_id,
        "dialect": BedrockModel.Dialect.NATIVE,
        "context_window": 8_000,
        "max_output_tokens": 1_000,
        "capabilities": capabilities | fields.pop("capabilities", {}),
    }
    return BedrockModel.objects.create(id=model_id, **row | fields)


def operations(model: LocalBedrock) -> list[str]:
    return [call.operation for call in model.history]


def ran(turn: Any, bench: Workbench) -> Generation:
    ended = generation.run(turn.generation.pk, bench)
    assert ended is not None
    return ended


def test_a_conversation_is_had_in_every_dialect(model, bench, alice):
    """R68, R74: question, answer, another question that has them before it; counted and stored.

    One test for all, because emptying the database takes longer than each of them.
    """
    for model_id in FAMILIES:
        model.reset()
        native(model_id)
        model.enqueue(Answer("The moon pulls at the sea."))
        model.enqueue(Answer("Twice a day."))

        first = ran(ask(alice, "How do tides work?", model=model_id), bench)
        again = ask(alice, "How often?", conversation=first.conversation, model=model_id)
        second = ran(again, bench)

        assert (first.status, first.stop_reason) == ("complete", "end_turn"), model_id
        assert first.message.text == "The moon pulls at the sea.", model_id
        assert second.message.text == "Twice a day.", model_id
        for ended in (first, second):
            assert ended.input_tokens > 0, model_id
            assert ended.output_tokens > 0, model_id
            assert not ended.usage_estimated, model_id
        assert set(operations(model)) == {WHOLE if model_id == UNSTREAMED else STREAMED}
        assert said(model.history[1]) == [
            ("user", "How do tides work?"),
            ("assistant", "The moon pulls at the sea."),
            ("user", "How often?"),
        ], model_id


def said(call):
    """The turns of a request as its model would see them, without the system prompt."""
    texts = ["".join(block["text"] for block in each["content"]) for each in call.messages]
    roles = [each["role"] for each in call.messages]
    return [(role, text.split("\n\n")[-1].strip()) for role, text in zip(roles, texts, strict=True)]


def test_an_answer_that_broke_off_is_gone_on_with_where_the_dialect_can(model, bench, alice):
    """R67: the others are asked to, or begin anew; no text is lost or there twice."""
    for model_id, goes_on in FAMILIES.items():
        if model_id == UNSTREAMED:
            continue  # nothing is shown of it before it is whole
        model.reset()
        native(model_id, capabilities={"prefill": goes_on})
        model.enqueue(Answer("The moon pulls", then=Cut()))
        model.enqueue(Answer(" at the sea."))

        ended = ran(ask(alice, "How do tides work?", model=model_id), bench)

        whole = "The moon pulls at the sea." if goes_on else "at the sea."
        assert (ended.status, ended.message.text.strip()) == ("complete", whole), model_id
        assert said(model.history[1])[-1][0] == ("assistant" if goes_on else "user"), model_id


@pytest.mark.parametrize("end", ["stop", "length", "filtered", "empty"])
def test_a_golden_answer_of_any_dialect_is_stored_like_any_other(replay, replayed, alice, end):
    """R74: text, stop reason and counts, of bytes as the provider would send them."""
    for name, golden in GOLDEN.items():
        expected = golden["ends"][end]
        replay.recording = (
            spoken.stream(expected["chunks"])
            if expected["chunks"]
            else spoken.whole(expected["whole"], spoken.COUNTS)
        )
        native(golden["model_id"])

        ended = ran(ask(alice, "Hello", model=golden["model_id"]), replayed)

        assert (ended.status, ended.stop_reason) == ("complete", expected["stop_reason"]), name
        assert ended.message.text == expected["text"], name
        assert not ended.usage_estimated, name
        if expected["chunks"]:
            assert [ended.input_tokens, ended.output_tokens] == expected["usage"], name


def test_a_model_that_does_not_stream_answers_in_one_piece(model, bench, alice):
    """J2: through the same engine, and as a whole answer like any other."""
    native("amazon.nova-micro-v1:0", capabilities={"streaming": False})
    model.enqueue(Answer("The moon pulls at the sea."))

    turn = ask(alice, "How do tides work?", model="amazon.nova-micro-v1:0")
    ended = ran(turn, bench)

    assert operations(model) == [WHOLE]
    assert (ended.status, ended.message.text) == ("complete", "The moon pulls at the sea.")


def test_a_model_that_does_not_stream_is_asked_by_converse_as_well(model, bench, alice):
    """J2"""
    native(
        "amazon.nova-micro-v1:0",
        dialect=BedrockModel.Dialect.CONVERSE,
        capabilities={"streaming": False},
    )
    ended = ran(ask(alice, "Hello", model="amazon.nova-micro-v1:0"), bench)

    assert operations(model) == ["Converse"]
    assert ended.status == "complete"


def test_a_title_is_asked_for_in_the_dialect_of_the_model(model, bench, client, alice):
    """In one piece, since nobody watches."""
    for model_id in FAMILIES:
        model.reset()
        native(model_id)
        ended = ran(ask(alice, "How do tides work?", model=model_id), bench)
        model.enqueue(Answer("The tides"), operation=WHOLE)

        titles.suggest(ended, client)

        assert operations(model)[1:] == [WHOLE]
        assert Conversation.objects.get(pk=ended.conversation_id).title == "The tides", model_id


def test_a_model_whose_dialect_nobody_knows_fails_with_a_word_for_it(model, bench, alice):
    """R73: and nothing is sent, nor counted as spent."""
    native("writer.palmyra-x5-v1:0")

    ended = ran(ask(alice, "Hello", model="writer.palmyra-x5-v1:0"), bench)

    assert (ended.status, ended.error_code) == ("failed", "unsupported_model")
    assert ended.input_tokens is None
    assert operations(model) == []


def test_a_guardrail_scans_before_anything_is_shown_where_blocks_do_not_tell(
    model, bench, alice, settings
):
    """R72: a site that shows first does so with Converse only; what is refused is never stored."""
    settings.GUARDRAIL_ID, settings.GUARDRAIL_MODE = "g1", "async"
    native("amazon.nova-micro-v1:0")

    ended = ran(ask(alice, "[[forbidden answer]]", model="amazon.nova-micro-v1:0"), bench)

    assert model.history[0].body["guardrailConfig"].get("streamProcessingMode") != "async"
    assert ended.stop_reason == "guardrail_intervened"
    assert not ended.withdrawn
    assert ended.message.text == samples.BLOCKED_ANSWER


def test_a_stop_ends_the_call_and_keeps_the_text(model, bench, log, alice):
    """R12, R62"""
    native("amazon.nova-micro-v1:0")
    script = model.enqueue(Controlled())
    turn = ask(alice, "Hello", model="amazon.nova-micro-v1:0")
    writing = threading.Thread(target=generation.run, args=(turn.generation.pk, bench), daemon=True)
    writing.start()
    script.emit("So far")
    for _ in range(1_000):
        bench.pump.tick()
        told = [read(update)["type"] for update in log.read(turn.generation.pk, 0) or []]
        if "delta" in told:
            break
        writing.join(0.01)

    bench.pump.abort(turn.generation.pk)

    writing.join(30)
    assert not writing.is_alive()
    assert script.disconnected.wait(30)
    turn.generation.refresh_from_db()
    assert turn.generation.status == "stopped"
    assert turn.generation.message.text == "So far"
