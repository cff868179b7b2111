"""Why somebody reads: asked for where the site wants it, kept for the session, once per subject."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from conversations.text import clean

if TYPE_CHECKING:
    from conversations.access import SignedInRequest

_SESSION = "review_reasons"
_KEPT = 50


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), min_length=3, max_length=500)

    def clean_reason(self) -> str:
        return clean(self.cleaned_data["reason"])


def stated(request: SignedInRequest, conversation: UUID | None) -> str:
    """The reason given for a conversation, or for searching; empty where none was."""
    reason: str = request.session.get(_SESSION, {}).get(_subject(conversation), "")
    return reason


def is_missing(request: SignedInRequest, conversation: UUID | None) -> bool:
    return settings.REVIEW_REQUIRES_REASON and not stated(request, conversation)


def state(request: SignedInRequest, conversation: UUID | None, reason: str) -> None:
    reasons: dict[str, str] = request.session.get(_SESSION, {})
    reasons.pop(_subject(conversation), None)
    newest = dict(list(reasons.items())[-_KEPT + 1 :])
    request.session[_SESSION] = {**newest, _subject(conversation): reason}


def _subject(conversation: UUID | None) -> str:
    return str(conversation) if conversation else "search"
