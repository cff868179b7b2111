"""Who appears in the tests: alice owns, bob is a stranger, carol reviews. And what they wrote."""

from __future__ import annotations

import uuid
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group
from django.test import Client

from conversations.models import Conversation, Generation, Message, User
from conversations.models.progress import Ending
from conversations.review.group import REVIEWERS
from conversations.turns import NEWEST, Parent, Send, Turn, begin_answer, begin_turn

PASSWORD = "correct horse battery staple"
MODEL = "amazon.nova-lite-v1:0"


def person(name: str, **fields: Any) -> User:
    user = User(username=name, email=f"{name}@example.com", **fields)
    # One round: any process can check it, and making people takes no time.
    user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1)
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def reviewer(name: str = "carol") -> User:
    user = person(name)
    user.groups.add(Group.objects.get(name=REVIEWERS))
    return user


def ask(
    user: User,
    text: str = "How do tides work?",
    *,
    conversation: Conversation | None = None,
    parent: Parent = NEWEST,
    model: str = MODEL,
    **fields: Any,
) -> Turn:
    """A turn that has begun: its generation is pending."""
    return begin_turn(
        user,
        Send(
            key=uuid.uuid4(),
            text=text,
            digest="d",
            model=model,
            conversation=conversation.pk if conversation else None,
            parent=parent,
            **fields,
        ),
    )


def ask_again(user: User, answer: Message) -> Turn:
    """Another answer to the same question, pending."""
    return begin_answer(user, key=uuid.uuid4(), digest="d", message=answer.uuid, model=None)


def answer(
    turn: Turn, text: str = "By gravity.", *, status: str = "complete", **ending: Any
) -> None:
    """Run the turn's generation to its end."""
    generation = Generation.claim(turn.generation.pk)
    assert generation is not None
    defaults: dict[str, Any] = {"seq": 3, "first_token_ms": 120, "total_ms": 900}
    if status == "complete":
        defaults["stop_reason"] = "end_turn"
    assert generation.finish(Ending(status=status, text=text, **{**defaults, **ending}))
    generation.record_usage(
        tokens={"input_tokens": 12, "output_tokens": 34},
        cost=None,
        request_id="r",
        estimated=False,
    )
    turn.generation.refresh_from_db()
    turn.assistant_message.refresh_from_db()


def talk(
    user: User, question: str = "How do tides work?", text: str = "By gravity.", **fields: Any
) -> Turn:
    """A conversation with one question and its answer."""
    turn = ask(user, question, **fields)
    answer(turn, text)
    return turn


def sign_in(login: str, password: str = PASSWORD, **extra: Any) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": login, "password": password}, **extra)
    return client


def is_in(client: Client) -> bool:
    return client.get("/api/v1/me").status_code == 200
