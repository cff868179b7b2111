"""Every address of the site, found by the resolver, with the rule of who gets in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from django.apps import apps
from django.contrib.auth.models import Group
from django.urls import URLPattern, URLResolver, get_resolver

from conversations.models import (
    BedrockModel,
    Conversation,
    Feedback,
    Preset,
    TranscriptRead,
    User,
)
from tests import pictures
from tests.people import talk
from tests.pictures import uploaded

# public: anybody · person: whoever is signed in · owner: whose conversation it is, others get 404
# reviewer: people with the permission, others get 404 · staff: the admin
Rule = Literal["public", "person", "owner", "reviewer", "staff"]

RULES: dict[str, Rule] = {
    "": "person",
    "c/<uuid:conversation_id>/": "owner",
    "c/<uuid:conversation_id>/rename/": "owner",
    "c/<uuid:conversation_id>/place/": "owner",
    "c/<uuid:conversation_id>/delete/": "owner",
    "c/<uuid:conversation_id>/restore/": "owner",
    "files/<uuid:attachment_id>/original": "owner",
    "files/<uuid:attachment_id>/thumbnail": "owner",
    "conversations/": "person",
    "settings/": "person",
    "settings/language/": "person",
    # Tells who one is oneself, and nothing to anybody else.
    "session/": "public",
    "manifest.webmanifest": "public",
    "healthz": "public",
    "readyz": "public",
    # For nobody without the scraper's token: tests/test_metrics.py.
    "metrics": "public",
    # Sign-in and what leads to it. The keys in the last two belong to one person; they are proved
    # in test_accounts.py.
    "accounts/login/": "public",
    "accounts/logout/": "public",
    "accounts/inactive/": "public",
    "accounts/signup/": "public",
    "accounts/login/code/confirm/": "public",
    "accounts/confirm-email/": "public",
    "accounts/password/reset/": "public",
    "accounts/password/reset/done/": "public",
    "accounts/password/reset/key/done/": "public",
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": "public",
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "public",
    "accounts/reauthenticate/": "person",
    "accounts/email/": "person",
    "accounts/password/change/": "person",
    "accounts/password/set/": "person",
    "review/": "reviewer",
    "review/reason/": "reviewer",
    "review/<uuid:conversation_id>/": "reviewer",
    "review/<uuid:conversation_id>/reason/": "reviewer",
    "review/<uuid:conversation_id>/files/<uuid:attachment_id>/original": "reviewer",
    "review/<uuid:conversation_id>/files/<uuid:attachment_id>/thumbnail": "reviewer",
    # The description of the API tells nothing of anybody.
    "api/v1/openapi.json": "public",
    "api/v1/": "public",
    "api/v1/<path:rest>": "public",
    "api/v1/docs": "person",
    "api/v1/me": "person",
    "api/v1/models": "person",
    "api/v1/presets": "person",
    "api/v1/presets/<uuidstr:preset_id>": "owner",
    "api/v1/presets/<uuidstr:preset_id>/default": "owner",
    "api/v1/attachments": "person",
    "api/v1/attachments/<uuidstr:attachment_id>": "owner",
    "api/v1/conversations": "person",
    "api/v1/conversations/<uuidstr:conversation_id>": "owner",
    "api/v1/conversations/<uuidstr:conversation_id>/export": "owner",
    # These need a server with an engine, and are proved on one in socket/test_events_access.py.
    "api/v1/events": "person",
    "api/v1/messages": "person",
    "api/v1/conversations/<uuidstr:conversation_id>/events": "owner",
    "api/v1/conversations/<uuidstr:conversation_id>/messages": "owner",
    "api/v1/messages/<uuidstr:message_id>/stop": "owner",
    "api/v1/messages/<uuidstr:message_id>/regenerate": "owner",
    "api/v1/messages/<uuidstr:message_id>/continue": "owner",
    "api/v1/messages/<uuidstr:message_id>/pin": "owner",
    "api/v1/messages/<uuidstr:message_id>/feedback": "owner",
}
EXAMPLES = {
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": "accounts/confirm-email/nobodys:key/",
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": (
        "accounts/password/reset/key/1-nobodys/"
    ),
    "admin/^(?P<app_label>conversations|auth)/$": "admin/conversations/",
    "admin/(?P<url>.*)$": "admin/nowhere",
}


@dataclass(frozen=True, slots=True)
class Route:
    route: str
    rule: Rule

    def path(self, ids: dict[str, Any]) -> str:
        """Its address with ids for what it leaves open."""
        if self.route in EXAMPLES:
            return "/" + EXAMPLES[self.route]
        model = self.route.split("/")[2] if self.rule == "staff" and "/" in self.route[6:] else ""
        known = {**ids, "object_id": ids.get(model, 1)}
        return "/" + re.sub(r"<\w+:(\w+)>", lambda part: str(known[str(part[1])]), self.route)


def found() -> list[str]:
    """Every route that the resolver knows."""

    def walk(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
        for each in resolver.url_patterns:
            pattern = prefix + str(each.pattern)
            if isinstance(each, URLPattern):
                yield pattern
            else:
                yield from walk(each, pattern)

    return sorted(set(walk(get_resolver())))


def routes(*rules: Rule) -> list[Route]:
    every = [Route(each, "staff" if each.startswith("admin/") else RULES[each]) for each in found()
             if each.startswith("admin/") or each in RULES]  # fmt: skip
    return [each for each in every if not rules or each.rule in rules]


def belongings(owner: User) -> dict[str, Any]:
    """Something of every kind that an address can name, all of it one person's."""
    image = uploaded(owner, pictures.image(), "mine.png")
    turn = talk(owner, "Only mine to read", attachments=(image.pk,))
    model = BedrockModel.objects.create(
        id="m-1", name="One", context_window=1000, max_output_tokens=100
    )
    preset = Preset.objects.create(owner=owner, name="Only mine to read", model=model.pk)
    read = TranscriptRead.objects.create(
        kind="opened",
        reader=owner,
        reader_name="x",
        owner=owner,
        owner_name="x",
        conversation=turn.conversation.pk,
        request_id="r",
    )
    opinion = Feedback.give(owner, turn.assistant_message, "down", ["long"], "Only mine to read")
    return {
        "conversation_id": turn.conversation.pk,
        "attachment_id": image.pk,
        "message_id": turn.assistant_message.uuid,
        "preset_id": preset.pk,
        "user_id": owner.pk,
        "content_type_id": 1,
        "rest": "nowhere",
        "user": owner.pk,
        "group": Group.objects.get().pk,
        "conversation": turn.conversation.pk,
        "message": turn.user_message.pk,
        "generation": turn.generation.pk,
        "transcriptread": read.pk,
        "attachment": image.pk,
        "messageattachment": image.uses.get().pk,
        "bedrockmodel": model.pk,
        "feedback": opinion.pk,
        "preset": preset.pk,
    }


def nobodys() -> dict[str, Any]:
    """Ids of things that do not exist."""
    named = ("conversation_id", "message_id", "attachment_id", "preset_id")
    unknown = {name: uuid4() for name in named}
    return {**unknown, "user_id": 99_999, "rest": "nowhere"}


def database() -> dict[str, Any]:
    """Every row but those of sessions: what a refused request must not change."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models()
        if model._meta.app_label != "sessions"
    }


def restorable(conversation: Any) -> None:
    """Make it one that its owner deleted."""
    Conversation.objects.get(pk=conversation).delete_softly()
