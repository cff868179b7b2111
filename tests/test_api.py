"""The reading part of the HTTP API, with the field names of docs/protocol.md."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from conversations.models import BedrockModel, Conversation, User
from tests.people import MODEL, answer, ask, ask_again, talk

pytestmark = pytest.mark.django_db


def get(client: Client, path: str, **query: Any) -> Any:
    response = client.get(f"/api/v1{path}", query)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("application/json")
    assert "no-store" in response.headers["Cache-Control"]
    return response.json()


def refused(client: Client, path: str, status: int, code: str, **query: Any) -> None:
    response = client.get(f"/api/v1{path}", query)
    assert response.status_code == status
    error = response.json()["error"]
    assert set(error) == {"code", "detail", "reference"}
    assert error["code"] == code
    assert error["detail"]


def test_me_tells_who_is_signed_in(alice: User, as_alice: Client) -> None:
    assert get(as_alice, "/me") == {
        "id": str(alice.public_id),
        "name": "alice",
        "email": "alice@example.com",
        "permissions": [],
    }


def test_permissions_are_those_of_now(carol: User, as_carol: Client, as_dora: Client) -> None:
    """R23"""
    assert get(as_carol, "/me")["permissions"] == ["conversations.review_transcripts"]
    carol.groups.clear()
    assert get(as_carol, "/me")["permissions"] == []
    assert "admin" in get(as_dora, "/me")["permissions"]


@pytest.mark.parametrize("path", ["/me", "/models", "/conversations", f"/conversations/{uuid4()}"])
def test_who_is_signed_out_gets_401(client: Client, path: str) -> None:
    refused(client, path, 401, "forbidden")


def test_a_deactivated_person_gets_401(alice: User, as_alice: Client) -> None:
    """R23"""
    User.objects.filter(pk=alice.pk).update(is_active=False)
    refused(as_alice, "/me", 401, "forbidden")


def test_models_are_those_that_may_be_used(as_alice: Client, settings: Settings) -> None:
    fields: dict[str, Any] = {"context_window": 300_000, "max_output_tokens": 5_000}
    BedrockModel.objects.create(
        id="a.one",
        name="One",
        provider="A",
        capabilities={"streaming": True},
        prices={"input": 0.06},
        **fields,
    )
    BedrockModel.objects.create(id="a.off", name="Off", enabled=False, **fields)
    BedrockModel.objects.create(id="local", name="Local", demonstration=True, **fields)
    assert get(as_alice, "/models")["items"] == [
        {
            "id": "a.one",
            "name": "One",
            "provider": "A",
            "capabilities": {"streaming": True},
            "context_window": 300_000,
            "max_output_tokens": 5_000,
            "prices": {"input": 0.06},
        }
    ]
    settings.BEDROCK_DEMONSTRATION = True
    assert [each["id"] for each in get(as_alice, "/models")["items"]] == ["local"]


def test_a_conversation_has_all_its_messages_on_all_branches(alice: User, as_alice: Client) -> None:
    turn = ask(alice, "Tides?", system_prompt="Be brief.", options={"temperature": 0.3})
    answer(turn, "Half", status="interrupted", error_code="worker_lost", error_reference="9f")
    again = ask_again(alice, turn.assistant_message)
    answer(again, "Whole", stop_reason="max_tokens")
    pending = ask(alice, "More?", conversation=turn.conversation)
    body = get(as_alice, f"/conversations/{turn.conversation.pk}")
    messages = body.pop("messages")
    assert datetime.fromisoformat(body.pop("created_at")).tzinfo
    assert datetime.fromisoformat(body.pop("updated_at")).tzinfo
    assert body == {
        "id": str(turn.conversation.pk),
        "title": "New conversation",
        "model": MODEL,
        "system_prompt": "Be brief.",
        "options": {"temperature": 0.3},
        "summary": "",
        "pinned": False,
        "archived": False,
        "running": True,
        "unread": True,
        "preset": None,
        "temporary": False,
        "expires_at": None,
    }
    question, half, whole, more, waiting = messages
    assert datetime.fromisoformat(question.pop("created_at")).tzinfo
    assert question == {
        "id": str(turn.user_message.uuid),
        "parent": None,
        "role": "user",
        "text": "Tides?",
        "reasoning": "",
        "pinned": False,
        "attachments": [],
        "status": "complete",
        "generation": None,
        "feedback": None,
    }
    assert half["parent"] == whole["parent"] == question["id"]
    assert (half["status"], half["text"]) == ("interrupted", "Half")
    assert half["generation"] == {
        "id": str(turn.generation.pk),
        "model": MODEL,
        "attempt": 1,
        "seq": 3,
        "status": "interrupted",
        "stop_reason": None,
        "error": {
            "code": "worker_lost",
            "detail": "The server stopped while the answer was being written.",
            "retryable": True,
            "reference": "9f",
        },
        "usage": {
            "input_tokens": 12,
            "output_tokens": 34,
            "cache_read_tokens": 0,
            "cache_write_tokens": 0,
            "cost": None,
            "estimated": False,
        },
        "timings": {"first_token_ms": 120, "reasoning_ms": None, "total_ms": 900},
        "actions": half["generation"]["actions"],
        "note": None,
        "parts": None,
        "context": None,
    }
    assert whole["generation"]["note"] == "The answer reached its maximum length."
    assert more["parent"] == whole["id"]
    assert waiting["status"] == "pending"
    assert waiting["id"] == str(pending.assistant_message.uuid)
    assert waiting["generation"]["usage"] is None
    assert waiting["generation"]["actions"] == []


def test_a_long_conversation_takes_as_few_queries_as_a_short_one(
    alice: User, as_alice: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    turn = talk(alice)
    for number in range(15):
        answer(ask(alice, f"Question {number}", conversation=turn.conversation))
    with django_assert_max_num_queries(6):
        get(as_alice, f"/conversations/{turn.conversation.pk}")


def test_foreign_unknown_and_deleted_are_not_told_apart(
    alice: User, as_alice: Client, as_bob: Client
) -> None:
    """R20"""
    row = talk(alice).conversation
    refused(as_bob, f"/conversations/{row.pk}", 404, "not_found")
    refused(as_alice, f"/conversations/{uuid4()}", 404, "not_found")
    row.delete_softly()
    refused(as_alice, f"/conversations/{row.pk}", 404, "not_found")
    refused(as_alice, "/conversations/17", 404, "not_found")
    refused(as_alice, "/no/such/call", 404, "not_found")


def test_conversations_come_newest_first_page_by_page(
    alice: User, bob: User, as_alice: Client
) -> None:
    """Moments that tie, and what is written meanwhile, neither skip nor double anybody."""
    moment = timezone.now()
    rows = [Conversation(owner=alice, model="m", updated_at=moment) for _ in range(7)]
    Conversation.objects.bulk_create([*rows, Conversation(owner=bob, model="m")])
    seen: list[str] = []
    cursor: str | None = None
    while True:
        body = get(as_alice, "/conversations", limit=2, **({"cursor": cursor} if cursor else {}))
        assert set(body) == {"items", "next"}
        assert len(body["items"]) <= 2
        seen += [each["id"] for each in body["items"]]
        talk(alice)
        cursor = body["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert set(seen) >= {str(row.pk) for row in rows}


def test_the_one_used_last_comes_first(alice: User, as_alice: Client) -> None:
    first, second = talk(alice).conversation, talk(alice).conversation
    ask(alice, "More", conversation=first)
    items = get(as_alice, "/conversations")["items"]
    assert [each["id"] for each in items] == [str(first.pk), str(second.pk)]
    assert [each["running"] for each in items] == [True, False]
    assert "messages" not in items[0]


def test_archived_conversations_are_listed_when_asked_for(alice: User, as_alice: Client) -> None:
    kept, archived = talk(alice).conversation, talk(alice).conversation
    Conversation.objects.filter(pk=archived.pk).update(archived=True)
    listed = [
        [each["id"] for each in get(as_alice, "/conversations", **query)["items"]]
        for query in ({}, {"archived": "true"})
    ]
    assert listed == [[str(kept.pk)], [str(archived.pk)]]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"cursor": "x"}, 400),
        ({"cursor": "MjAyNi0wMS0wMVQwMDowMDowMCBh"}, 400),
        ({"limit": "0"}, 422),
        ({"limit": "201"}, 422),
        ({"limit": "many"}, 422),
        ({"archived": "perhaps"}, 422),
    ],
)
def test_what_is_not_as_documented_is_refused(
    as_alice: Client, query: dict[str, str], status: int
) -> None:
    refused(as_alice, "/conversations", status, "malformed", **query)


def test_a_failure_of_ours_tells_a_reference_and_no_more(
    as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R48"""

    def fail(*args: Any) -> None:
        raise RuntimeError("arn:aws:secret")

    monkeypatch.setattr("conversations.api.reading.page", fail)
    response = as_alice.get("/api/v1/conversations")
    assert response.status_code == 500
    error = response.json()["error"]
    assert error["code"] == "internal"
    assert error["reference"]
    assert "arn:" not in response.text


def make(client: Client, body: Any) -> tuple[int, Any]:
    response = client.post("/api/v1/conversations", body, content_type="application/json")
    return response.status_code, response.json()


def test_a_conversation_is_made_as_asked(alice: User, as_alice: Client) -> None:
    status, made = make(
        as_alice,
        {
            "title": " The  tides ",
            "system_prompt": "Be brief.",
            "options": {"temperature": 0.5},
        },
    )
    assert status == 201
    assert get(as_alice, f"/conversations/{made['id']}") == {**made, "messages": []}
    row = Conversation.objects.get(owner=alice)
    assert (row.title, row.title_chosen) == ("The tides", True)
    assert (row.system_prompt, row.options) == ("Be brief.", {"temperature": 0.5})
    status, made = make(as_alice, {})
    assert (status, made["title"], made["model"]) == (201, "New conversation", MODEL)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model": "nobodys.model"}, 422, "unsupported_model"),
        ({"owner": 1}, 422, "malformed"),
        ({"options": {"temperature": 2}}, 422, "malformed"),
        ({"options": {"stop": ["x"]}}, 422, "malformed"),
        ({"system_prompt": "x" * 200_001}, 413, "too_large"),
        ([], 422, "malformed"),
    ],
)
def test_what_no_conversation_can_be_is_refused(
    as_alice: Client, body: Any, status: int, code: str
) -> None:
    """R26, R47"""
    answer = make(as_alice, body)
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)
    assert Conversation.objects.count() == 0


def test_what_only_reads_takes_no_other_method(as_alice: Client) -> None:
    assert as_alice.post("/api/v1/me").status_code == 405


def test_the_description_names_every_call(as_alice: Client) -> None:
    schema = get(as_alice, "/openapi.json")
    paths = {f"/api/v1/{call}" for call in ("me", "models", "conversations", "events", "messages")}
    below = ("", "/events", "/messages", "/export")
    paths |= {f"/api/v1/conversations/{{conversation_id}}{rest}" for rest in below}
    paths |= {f"/api/v1/presets{rest}" for rest in ("", "/{preset_id}", "/{preset_id}/default")}
    paths |= {f"/api/v1/attachments{rest}" for rest in ("", "/{attachment_id}")}
    paths |= {
        f"/api/v1/messages/{{message_id}}/{verb}"
        for verb in ("stop", "regenerate", "continue", "pin", "feedback")
    }
    assert set(schema["paths"]) == paths
    sending = schema["paths"]["/api/v1/messages"]["post"]
    body = sending["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["text"]
    fields = {"text", "conversation", "parent", "model", "options", "attachments"}
    assert set(body["properties"]) == fields
    assert sending["parameters"][0]["name"] == "Idempotency-Key"
    readable = as_alice.get("/api/v1/docs").text
    for path in schema["paths"]:
        assert path in readable
    assert "<script" not in readable
