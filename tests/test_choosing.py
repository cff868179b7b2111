"""Which models a person may use: enabled ones that are given to them, wherever one is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from pytest_django import Settings

from conversations.models import BedrockModel, Conversation, Generation, Message, User
from conversations.refusals import Refused
from streaming import commands, protocol, visitors
from streaming.visitors import Visitor
from tests.people import MODEL, answer, talk

pytestmark = pytest.mark.django_db

OPEN, CLOSED = "a.open-v1:0", "a.closed-v1:0"


@pytest.fixture(autouse=True)
def default_model(settings: Settings) -> None:
    settings.BEDROCK_MODEL_ID = MODEL
    settings.BEDROCK_DEMONSTRATION = False


@pytest.fixture
def staff(alice: User) -> Group:
    """A group that alice is in and bob is not."""
    group = Group.objects.create(name="research")
    alice.groups.add(group)
    alice.groups.add(Group.objects.create(name="somewhere else"))
    return group


def listed(model_id: str, *groups: Group, **fields: Any) -> BedrockModel:
    sizes = {"context_window": 100_000, "max_output_tokens": 1_000}
    row = BedrockModel.objects.create(id=model_id, name=model_id.title(), **sizes, **fields)
    row.groups.set(groups)
    return row


def ids(person: User) -> set[str]:
    return set(BedrockModel.objects.open_to(person).values_list("pk", flat=True))


def may_choose(person: User, model_id: str | None) -> bool:
    try:
        return BedrockModel.objects.choose(person, model_id) == (model_id or MODEL)
    except Refused as refused:
        return refused.code != "unsupported_model"


def test_a_model_is_open_to_everybody_or_to_its_groups(
    alice: User, bob: User, staff: Group
) -> None:
    """R73: what is listed and what may be chosen are the same."""
    others = Group.objects.create(name="others")
    listed("everybody")
    listed("research", staff, others)
    listed("others", others)
    listed("off", enabled=False)
    listed("off-research", staff, enabled=False)
    listed("elsewhere", demonstration=True)
    assert ids(alice) == {"everybody", "research"}
    assert ids(bob) == {"everybody"}
    every = set(BedrockModel.objects.values_list("pk", flat=True))
    for person in (alice, bob):
        assert {each for each in every if may_choose(person, each)} == ids(person)
    assert not may_choose(alice, "never.heard-of-it")


def test_the_default_needs_no_row_but_obeys_it(alice: User, bob: User, staff: Group) -> None:
    """R73: an account may deny the list; what an administrator denies is denied."""
    assert may_choose(bob, None)
    row = listed(MODEL, demonstration=True)
    assert may_choose(bob, None)
    row.groups.add(staff)
    assert may_choose(alice, None)
    assert not may_choose(bob, None)
    row.groups.clear()
    BedrockModel.objects.update(enabled=False)
    assert not may_choose(alice, MODEL)


def test_the_last_group_of_a_model_cannot_be_deleted(as_dora: Client, staff: Group) -> None:
    """Without any group the model would be everybody's."""
    row = listed(CLOSED, staff)
    page = as_dora.post(f"/admin/auth/group/{staff.pk}/delete/", {"post": "yes"})
    assert f"the model {CLOSED.title()}" in page.text.replace("&#x27;", "'")
    assert row.groups.get() == staff
    row.groups.add(Group.objects.create(name="others"))
    as_dora.post(f"/admin/auth/group/{staff.pk}/delete/", {"post": "yes"})
    assert [group.name for group in row.groups.all()] == ["others"]


# --- where a model is named -----------------------------------------------------------------------


@pytest.fixture
def closed(staff: Group, bob: User) -> str:
    """Only for others than bob."""
    listed(OPEN)
    listed(CLOSED, staff)
    return CLOSED


@pytest.fixture
def visitor(bob: User, as_bob: Client) -> Visitor:
    found = visitors.admit(as_bob.cookies["sessionid"].value)
    assert found is not None
    return found


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as error:
        act()
    return error.value.code


def test_a_closed_model_is_refused_to_every_command(
    visitor: Visitor, bob: User, closed: str
) -> None:
    """R73, R26: named, or as the model that the conversation has had."""
    turn = talk(bob, "Hello?")
    cut = talk(bob, "And more?")
    Generation.objects.filter(pk=cut.generation.pk).update(status="stopped", stop_reason=None)
    before = Message.objects.count()

    def send(**fields: Any) -> Any:
        command = protocol.Send(key=uuid4(), text="Hello", type="send", **fields)
        return commands.send(visitor, command, {})

    def regenerate(message: Any, model: str | None = None) -> Any:
        command = protocol.Regenerate(type="regenerate", key=uuid4(), message=message, model=model)
        return commands.regenerate(visitor, command, {})

    def go_on(message: Any) -> Any:
        command = protocol.Continue(type="continue", key=uuid4(), message=message)
        return commands.continue_(visitor, command, {})

    talked, stopped = turn.assistant_message.uuid, cut.assistant_message.uuid
    assert refusal(lambda: send(model=closed)) == "unsupported_model"
    assert refusal(lambda: regenerate(talked, closed)) == "unsupported_model"
    Conversation.objects.update(model=closed)
    conversation = turn.conversation.pk
    assert refusal(lambda: send(conversation=conversation)) == "unsupported_model"
    assert refusal(lambda: regenerate(talked)) == "unsupported_model"
    assert refusal(lambda: go_on(stopped)) == "unsupported_model"
    assert Message.objects.count() == before
    # With one that is open all of it goes on, and the conversation has that one from then on.
    again = regenerate(talked, OPEN)
    assert (again.generation.model, again.conversation.model) == (OPEN, OPEN)


def test_a_model_may_be_changed_in_the_middle_of_a_conversation(
    visitor: Visitor, bob: User, closed: str
) -> None:
    """R73: the next answer is another model's, and those before it stay as they are."""
    turn = talk(bob, "Hello?")
    command = protocol.Send(
        type="send", key=uuid4(), text="More?", conversation=turn.conversation.pk, model=OPEN
    )
    answer(commands.send(visitor, command, {}))
    models = Generation.objects.order_by("created_at").values_list("model", flat=True)
    assert list(models) == [MODEL, OPEN]
    assert Conversation.objects.get().model == OPEN


# --- over HTTP ------------------------------------------------------------------------------------


def patch(client: Client, conversation: Conversation, **fields: Any) -> Any:
    path = f"/api/v1/conversations/{conversation.pk}"
    return client.patch(path, fields, content_type="application/json")


def test_the_list_of_models_is_a_persons_own(as_alice: Client, as_bob: Client, closed: str) -> None:
    def names(client: Client) -> set[str]:
        return {each["id"] for each in client.get("/api/v1/models").json()["items"]}

    assert names(as_alice) == {OPEN, closed}
    assert names(as_bob) == {OPEN}


def test_a_closed_model_is_refused_over_http(as_bob: Client, bob: User, closed: str) -> None:
    turn = talk(bob)
    made = as_bob.post("/api/v1/conversations", {"model": closed}, content_type="application/json")
    changed = patch(as_bob, turn.conversation, model=closed, title="Not this either")
    for response in (made, changed):
        assert response.status_code == 422
        assert response.json()["error"]["code"] == "unsupported_model"
    assert Conversation.objects.get().title != "Not this either"


def test_a_conversation_is_changed_over_http(as_bob: Client, bob: User, closed: str) -> None:
    turn = talk(bob)
    wanted = {
        "title": "  Tides  again ",
        "model": OPEN,
        "system_prompt": "Be brief.",
        "options": {"temperature": 0.5},
        "pinned": True,
        "archived": True,
    }
    body = patch(as_bob, turn.conversation, **wanted).json()
    assert {name: body[name] for name in wanted} == {**wanted, "title": "Tides again"}
    row = Conversation.objects.get()
    assert (row.title_chosen, row.model, row.options) == (True, OPEN, {"temperature": 0.5})
    # What is absent stays; what is empty is emptied.
    body = patch(as_bob, turn.conversation, options={}, system_prompt="").json()
    assert (body["options"], body["system_prompt"], body["model"]) == ({}, "", OPEN)
    assert patch(as_bob, turn.conversation).json()["title"] == "Tides again"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"title": "  "}, 400),
        ({"title": None}, 422),
        ({"model": ""}, 422),
        ({"options": {"temperature": 2}}, 422),
        ({"owner": 1}, 422),
        ({"pinned": "yes"}, 422),
        ({"system_prompt": "x" * 200_001}, 413),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    as_bob: Client, bob: User, wrong: dict[str, Any], status: int
) -> None:
    turn = talk(bob)
    before = Conversation.objects.values().get()
    response = patch(as_bob, turn.conversation, **{"archived": True, **wrong})
    assert response.status_code == status
    assert response.json()["error"]["detail"]
    assert Conversation.objects.values().get() == before


# --- on the page ----------------------------------------------------------------------------------


def page(client: Client, conversation: Conversation | None = None) -> tuple[str, dict[str, Any]]:
    text = client.get(f"/c/{conversation.pk}/" if conversation else "/").text
    found = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', text)
    assert found
    return text, json.loads(found[1])


def test_the_page_offers_what_a_person_may_use(
    as_alice: Client, as_bob: Client, closed: str
) -> None:
    """With the default, which has no row here."""
    text, data = page(as_alice)
    assert f'<option value="{closed}"' in text
    assert data["model"] == MODEL
    text, data = page(as_bob)
    assert closed not in text
    assert [each["id"] for each in data["models"]] == [OPEN, MODEL]


def test_a_closed_default_is_not_picked(as_bob: Client, closed: str) -> None:
    """The only one that is left is sent by its name."""
    listed(MODEL, enabled=False)
    text, data = page(as_bob)
    assert data["model"] == OPEN
    assert f'type="hidden" name="model" value="{OPEN}"' in text
    assert MODEL not in text
    BedrockModel.objects.update(enabled=False)
    assert "No model is available to you." in page(as_bob)[0]


def test_a_conversation_says_that_its_model_is_gone(as_bob: Client, bob: User, closed: str) -> None:
    """Its old answers keep their model's name; the next needs another one."""
    turn = talk(bob)
    Conversation.objects.update(model=closed)
    Generation.objects.update(model=closed)
    text, data = page(as_bob, turn.conversation)
    assert f'<option value="{closed}" disabled selected>' in text
    names = {each["id"]: each["name"] for each in data["models"]}
    assert names[closed] == closed.title()
