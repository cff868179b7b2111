"""Presets: a person's own, and those that administrators share; copied when one begins."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from pytest_django import Settings

from conversations import presets
from conversations.models import BedrockModel, Conversation, Preset, User
from conversations.refusals import Refused
from streaming import commands, protocol, visitors
from streaming.visitors import Visitor
from tests.people import MODEL

pytestmark = pytest.mark.django_db

OTHER, CLOSED = "a.other-v1:0", "a.closed-v1:0"
OPTIONS: dict[str, Any] = {"temperature": 0.2, "max_tokens": 300}
SAID: dict[str, Any] = {"system_prompt": "Be brief.", "options": OPTIONS}


@pytest.fixture(autouse=True)
def models(settings: Settings) -> None:
    settings.BEDROCK_MODEL_ID = MODEL
    settings.BEDROCK_DEMONSTRATION = False
    for pk in (MODEL, OTHER, CLOSED):
        sizes = {"context_window": 100_000, "max_output_tokens": 1_000}
        BedrockModel.objects.create(id=pk, name=pk.title(), enabled=pk != CLOSED, **sizes)


@pytest.fixture
def visitor(alice: User, as_alice: Client) -> Visitor:
    found = visitors.admit(as_alice.cookies["sessionid"].value)
    assert found is not None
    return found


def preset(owner: User | None, *groups: Group, **fields: Any) -> Preset:
    row = Preset.objects.create(owner=owner, **{"name": "Editor", "model": OTHER, **SAID, **fields})
    row.groups.set(groups)
    return row


def send(visitor: Visitor, model: str | None = None, **options: Any) -> Conversation:
    command = protocol.Send(
        type="send",
        key=uuid4(),
        text="Hello",
        options=protocol.Options(**options),
        model=model,
    )
    return commands.send(visitor, command, {}).conversation


def post(client: Client, path: str, **fields: Any) -> Any:
    return client.post(path, fields, content_type="application/json")


def patch(client: Client, path: str, **fields: Any) -> Any:
    return client.patch(path, fields, content_type="application/json")


def listed(client: Client) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in client.get("/api/v1/presets").json()["items"]}


# --- beginning with one ---------------------------------------------------------------------------


def test_what_a_preset_says_is_copied_and_its_id_recorded(visitor: Visitor, alice: User) -> None:
    chosen = preset(alice)
    began = send(visitor, preset=chosen.pk)
    presets.change(alice, chosen.pk, {"system_prompt": "Be long.", "options": {}, "model": MODEL})
    presets.discard(alice, chosen.pk)
    began.refresh_from_db()
    assert (began.model, began.system_prompt, began.options, began.preset) == (
        OTHER,
        SAID["system_prompt"],
        SAID["options"],
        chosen.pk,
    )


def test_what_is_asked_for_besides_goes_before_the_preset(visitor: Visitor, alice: User) -> None:
    began = send(visitor, MODEL, preset=preset(alice).pk, temperature=0.9, system_prompt="Rhyme.")
    assert (began.model, began.system_prompt) == (MODEL, "Rhyme.")
    assert began.options == {"temperature": 0.9, "max_tokens": 300}


@pytest.mark.parametrize("gone", [CLOSED, "never.heard-of-it"])
def test_a_preset_with_a_model_that_is_not_to_be_had_is_refused_in_words(
    visitor: Visitor, alice: User, gone: str
) -> None:
    """R73: and with another model everything else of it is used."""
    chosen = preset(alice, model=gone)
    with pytest.raises(Refused) as refused:
        send(visitor, preset=chosen.pk)
    assert refused.value.code == "unsupported_model"
    assert "Editor" in refused.value.detail
    assert not Conversation.objects.exists()
    assert send(visitor, MODEL, preset=chosen.pk).system_prompt == SAID["system_prompt"]


def test_somebody_elses_preset_is_none(visitor: Visitor, bob: User) -> None:
    """R20: like one that there is not, and one shared with others only."""
    others = preset(None, Group.objects.create(name="others"))
    for unknown in (preset(bob).pk, others.pk, uuid4()):
        with pytest.raises(Refused) as refused:
            send(visitor, preset=unknown)
        assert refused.value.code == "not_found"
    assert not Conversation.objects.exists()


def test_a_conversation_is_made_of_a_preset_over_http(as_alice: Client, alice: User) -> None:
    chosen = preset(alice)
    made = post(as_alice, "/api/v1/conversations", options={"preset": str(chosen.pk)}).json()
    assert (made["model"], made["preset"]) == (OTHER, str(chosen.pk))
    assert {name: made[name] for name in SAID} == SAID


# --- the model's limits ---------------------------------------------------------------------------


def test_more_than_a_model_writes_is_refused_everywhere(
    visitor: Visitor, as_alice: Client, alice: User
) -> None:
    """R26, R65: nothing is cut in silence, and nothing else is changed."""
    conversation = send(visitor)
    mine = preset(alice)
    much: dict[str, Any] = {"max_tokens": 1_001}
    with pytest.raises(Refused) as refused:
        send(visitor, **much)
    assert (refused.value.code, "1,000" in refused.value.detail) == ("malformed", True)
    for response in (
        post(as_alice, "/api/v1/conversations", options=much),
        patch(as_alice, f"/api/v1/conversations/{conversation.pk}", options=much, pinned=True),
        post(as_alice, "/api/v1/presets", name="Much", model=MODEL, options=much),
        patch(as_alice, f"/api/v1/presets/{mine.pk}", options=much, name="Much"),
    ):
        assert response.status_code == 400
        assert "1,000" in response.json()["error"]["detail"]
    conversation.refresh_from_db()
    assert (conversation.options, conversation.pinned) == ({}, False)
    assert list(Preset.objects.values_list("name", flat=True)) == ["Editor"]


def test_a_system_prompt_without_room_for_a_message_is_refused(visitor: Visitor) -> None:
    """R18: it is sent whole or not at all."""
    BedrockModel.objects.filter(pk=MODEL).update(context_window=2_000)
    with pytest.raises(Refused) as refused:
        send(visitor, system_prompt="word " * 20_000)
    assert refused.value.code == "too_long"
    assert "system prompt" in refused.value.detail


@pytest.mark.parametrize("said", [{"temperature": 1.1}, {"max_tokens": 0}, {"role": "system"}])
def test_options_that_there_are_not_are_refused(as_alice: Client, said: dict[str, Any]) -> None:
    """R47"""
    response = post(as_alice, "/api/v1/presets", name="Odd", model=MODEL, options=said)
    assert response.status_code == 422
    assert not Preset.objects.exists()


def test_a_long_system_prompt_is_too_large(as_alice: Client, settings: Settings) -> None:
    settings.MAX_MESSAGE_CHARACTERS = 10
    for path in ("/api/v1/conversations", "/api/v1/presets"):
        response = post(as_alice, path, name="x", model=MODEL, system_prompt="x" * 11)
        assert response.status_code in {413, 422}
    assert not Preset.objects.exists()


# --- over HTTP ------------------------------------------------------------------------------------


def test_a_person_keeps_changes_and_deletes_presets(as_alice: Client) -> None:
    made = post(as_alice, "/api/v1/presets", name="  My  editor ", model=OTHER, **SAID)
    assert made.status_code == 201
    body = made.json()
    assert body == {
        "id": body["id"],
        "name": "My editor",
        "model": OTHER,
        **SAID,
        "shared": False,
        "usable": True,
        "default": False,
    }
    path = f"/api/v1/presets/{body['id']}"
    changed = patch(as_alice, path, name="Reader", options={}).json()
    assert changed == {**body, "name": "Reader", "options": {}}
    assert as_alice.delete(path).status_code == 204
    assert listed(as_alice) == {}


def test_what_can_be_chosen_is_ones_own_and_what_is_shared(
    as_alice: Client, alice: User, bob: User
) -> None:
    research = Group.objects.create(name="research")
    alice.groups.add(research, Group.objects.create(name="choir"))
    preset(alice, name="mine")
    preset(bob, name="bob's")
    preset(None, name="everybody's")
    preset(None, research, Group.objects.create(name="others"), name="research's", model=CLOSED)
    preset(None, Group.objects.create(name="elsewhere"), name="elsewhere's")
    found = listed(as_alice)
    assert list(found) == ["mine", "everybody's", "research's"]
    assert [each["shared"] for each in found.values()] == [False, True, True]
    assert [each["usable"] for each in found.values()] == [True, True, False]


def test_a_shared_preset_is_not_ones_own_to_change(as_alice: Client) -> None:
    shared = preset(None)
    path = f"/api/v1/presets/{shared.pk}"
    assert patch(as_alice, path, name="Mine").status_code == 404
    assert as_alice.delete(path).status_code == 404
    shared.refresh_from_db()
    assert shared.name == "Editor"


def test_one_preset_is_the_default(as_alice: Client, alice: User) -> None:
    mine, shared = preset(alice, name="mine"), preset(None, name="shared")

    def defaults() -> list[str]:
        return [name for name, each in listed(as_alice).items() if each["default"]]

    for chosen in (mine, shared):
        assert as_alice.put(f"/api/v1/presets/{chosen.pk}/default").status_code == 204
        assert defaults() == [chosen.name]
    # Another one's end leaves it as it is.
    assert as_alice.delete(f"/api/v1/presets/{mine.pk}/default").status_code == 204
    assert defaults() == ["shared"]
    assert as_alice.delete(f"/api/v1/presets/{shared.pk}/default").status_code == 204
    assert defaults() == []
    as_alice.put(f"/api/v1/presets/{mine.pk}/default")
    as_alice.delete(f"/api/v1/presets/{mine.pk}")
    alice.refresh_from_db()
    assert alice.default_preset is None


def test_there_is_a_limit_to_presets(
    as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presets, "MOST", 1)
    preset(alice)
    preset(None)
    response = post(as_alice, "/api/v1/presets", name="One more", model=MODEL)
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "conflict"


def test_a_name_of_spaces_is_none(as_alice: Client, alice: User) -> None:
    assert post(as_alice, "/api/v1/presets", name=" \t ", model=MODEL).status_code == 400
    mine = preset(alice)
    assert patch(as_alice, f"/api/v1/presets/{mine.pk}", name="\n").status_code == 400
    assert listed(as_alice).keys() == {"Editor"}


# --- in the admin ---------------------------------------------------------------------------------

ADMIN = "/admin/conversations/preset/"


def test_an_administrator_shares_a_preset_with_a_group(as_dora: Client, alice: User) -> None:
    research = Group.objects.create(name="research")
    form = {
        "name": "House style",
        "model": OTHER,
        "system_prompt": "Write plainly.",
        "temperature": "0.3",
        "max_tokens": "500",
        "reasoning_effort": "low",
        "groups": [research.pk],
    }
    assert as_dora.post(f"{ADMIN}add/", form).status_code == 302
    made = Preset.objects.get()
    assert made.is_shared
    assert made.options == {"temperature": 0.3, "max_tokens": 500, "reasoning_effort": "low"}
    assert not Preset.objects.open_to(alice).exists()
    alice.groups.add(research)
    assert Preset.objects.open_to(alice).get() == made


def test_the_admin_keeps_options_that_it_has_no_field_for(as_dora: Client) -> None:
    shared = preset(None, options={"summarize": True, "temperature": 0.5})
    form = {"name": "Editor", "model": OTHER, "system_prompt": "", "max_tokens": "20"}
    assert as_dora.post(f"{ADMIN}{shared.pk}/change/", form).status_code == 302
    shared.refresh_from_db()
    assert shared.options == {"summarize": True, "max_tokens": 20}


def test_the_admin_refuses_more_than_the_model_writes(as_dora: Client) -> None:
    form = {"name": "Much", "model": OTHER, "max_tokens": "1001"}
    page = as_dora.post(f"{ADMIN}add/", form)
    assert "writes at most 1,000 tokens" in page.text
    assert not Preset.objects.exists()


def test_the_admin_never_shows_peoples_own(as_dora: Client, alice: User) -> None:
    """R84: a system prompt is text of theirs."""
    mine = preset(alice, name="A canary of mine")
    assert "canary" not in as_dora.get(ADMIN).text
    assert "canary" not in as_dora.get(f"{ADMIN}{mine.pk}/change/", follow=True).text
    as_dora.post(f"{ADMIN}{mine.pk}/delete/", {"post": "yes"})
    assert Preset.objects.filter(pk=mine.pk).exists()


def test_the_last_group_of_a_preset_cannot_be_deleted(as_dora: Client) -> None:
    """Without any group the preset would be everybody's."""
    group = Group.objects.create(name="research")
    shared = preset(None, group)
    page = as_dora.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
    assert "the preset Editor" in page.text
    assert shared.groups.get() == group


def test_who_made_it_can_be_removed_and_nobody_elses_goes(alice: User, bob: User) -> None:
    preset(alice)
    kept = preset(bob)
    User.objects.filter(pk=bob.pk).update(default_preset=kept)
    alice.delete()
    assert Preset.objects.get() == kept
    assert isinstance(kept.pk, UUID)
