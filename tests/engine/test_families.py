"""What the catalogue says of each family decides what it is asked, and nothing is dropped (R73)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conversations.attachments.limits import check
from conversations.models import Attachment, BedrockModel, Generation, User
from conversations.refusals import Refused
from streaming.bedrock.asking import ask, complete
from streaming.bedrock.catalogue import CAPABILITIES, families
from streaming.bedrock.client import build_client
from streaming.bedrock.events import MessageStop
from streaming.catalogued import way_of
from streaming.history import prepare
from streaming.localbedrock import LocalBedrock
from streaming.localbedrock.models import find
from tests import people

pytestmark = pytest.mark.matrix

EVERY = sorted(families())
# Behind the local endpoint there is a real model only where LOCAL_MODEL_URL names one.
ANSWERING = [prefix for prefix in EVERY if prefix != "local.model"]
SYSTEM_PROMPT = "Answer in rhymes only."
# What the local endpoint, which plays the service, calls the same; it has more than one word for
# reasoning.
ITS_WORDS = {"streaming": "stream", "system_prompt": "system", "count_tokens": "count"}


@pytest.fixture(scope="module")
def client(running_endpoint: LocalBedrock) -> Iterator[Any]:
    client = build_client(region="us-east-1", endpoint_url=running_endpoint.url)
    yield client
    client.close()


def member(prefix: str) -> str:
    """The id of a model of this family."""
    if prefix.startswith("local."):
        return f"{prefix}-v1:0"
    return f"{prefix}x-v1:0" if prefix[-1] in ".-" else f"{prefix}-x-v1:0"


def row(prefix: str) -> BedrockModel:
    """As a sync would write it."""
    facts = families()[prefix]
    return BedrockModel(
        id=member(prefix),
        name=facts.name,
        capabilities={name: name in facts.capabilities for name in CAPABILITIES},
        context_window=facts.context_window,
        max_output_tokens=facts.max_output_tokens,
        dialect=facts.dialect,
    )


@pytest.mark.nodb
@pytest.mark.parametrize("prefix", EVERY)
def test_nothing_is_expected_of_a_family_that_the_service_would_refuse(prefix: str) -> None:
    """R73: two tables, written apart from each other."""
    told = find(member(prefix))
    facts = families()[prefix]
    expected = {ITS_WORDS.get(name, name) for name in facts.capabilities - {"reasoning"}}
    assert expected <= told.takes
    assert facts.context_window <= told.window
    assert facts.max_output_tokens <= told.max_output


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ANSWERING)
def test_every_family_is_given_the_system_prompt_and_answers(
    prefix: str, alice: User, client: Any, model: LocalBedrock
) -> None:
    """R73: where it takes one, apart; where it takes none, before the first words. Once."""
    catalogued = row(prefix)
    catalogued.save()
    first = people.ask(alice, "Hello?", model=catalogued.pk, system_prompt=SYSTEM_PROMPT)
    people.answer(first, "Hello.")
    turn = people.ask(
        alice, "And how are you?", conversation=first.conversation, model=member(prefix)
    )
    generation = Generation.claim(turn.generation.pk)
    assert generation is not None

    request = prepare(generation).request

    assert bool(request.system) == catalogued.capabilities["system_prompt"]
    sent = json.dumps(request.as_converse())
    assert sent.count(SYSTEM_PROMPT) == 1
    assert sent.index(SYSTEM_PROMPT) < sent.index("Hello?") or request.system
    events = list(ask(client, request, way_of(catalogued)))
    assert any(type(event) is MessageStop for event in events)
    operation = model.history[-1].operation
    assert operation.startswith("Converse") == (catalogued.dialect == "converse")
    assert operation.endswith("Stream") == catalogued.capabilities["streaming"]
    assert json.dumps(model.history[-1].body).count(SYSTEM_PROMPT) == 1
    # In one piece as well: titles and summaries are asked for so.
    assert complete(client, request, way_of(catalogued)).text


@pytest.mark.nodb
@pytest.mark.parametrize("prefix", EVERY)
def test_files_that_a_family_does_not_read_are_refused(prefix: str) -> None:
    """R73: in words, before anything is stored."""
    for kind, capability in (("image", "images"), ("document", "documents")):
        attachment = Attachment(kind=kind, size=10)
        if capability in families()[prefix].capabilities:
            check([attachment], row(prefix))
            continue
        with pytest.raises(Refused, match="unsupported_attachment") as refused:
            check([attachment], row(prefix))
        assert families()[prefix].name in refused.value.detail
