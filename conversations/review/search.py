"""Finding transcripts: who, which model, how it ended, when, and with which words in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation, Feedback, Generation, Message
from conversations.models.conversation import TEXTS
from conversations.outcomes import STATUSES

if TYPE_CHECKING:
    from conversations.querysets import ConversationQuerySet

AROUND = 90  # characters of a message shown before and behind the words that were found
WITHDRAWN = "withdrawn"
OUTCOMES = [("", _("Any")), *STATUSES.items(), (WITHDRAWN, _("withdrawn by a guardrail"))]

RATINGS = [("", _("Any")), ("rated", _("Rated")), *Feedback.Rating.choices]


class SearchForm(forms.Form):
    q = forms.CharField(label=_("Words in a message"), max_length=200, required=False)
    owner = forms.CharField(label=_("Person"), max_length=254, required=False)
    model = forms.CharField(label=_("Model"), max_length=256, required=False)
    outcome = forms.ChoiceField(label=_("Outcome of an answer"), choices=OUTCOMES, required=False)
    rating = forms.ChoiceField(label=_("Rating of an answer"), choices=RATINGS, required=False)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def asked(self) -> dict[str, str]:
        """What was looked for, for the record: the fields that were filled in."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The first place of a message where the words are: text before, the words, text behind."""

    message: UUID
    before: str
    found: str
    behind: str


def matching(rows: ConversationQuerySet, asked: dict[str, Any]) -> ConversationQuerySet:
    """The conversations that fit, with figures and, where words were asked for, ``hit``.

    Title, system prompt and summary, which are text, are not read.
    """
    if asked.get("owner"):
        name = asked["owner"]
        rows = rows.filter(Q(owner__username__icontains=name) | Q(owner__email__icontains=name))
    if asked.get("model") or asked.get("outcome"):
        rows = rows.filter(Exists(_generations(asked)))
    if asked.get("rating"):
        rows = rows.filter(Exists(_ratings(asked["rating"])))
    if asked.get("since"):
        rows = rows.filter(updated_at__date__gte=asked["since"])
    if asked.get("until"):
        rows = rows.filter(created_at__date__lte=asked["until"])
    if asked.get("q"):
        hits = Message.objects.filter(conversation=OuterRef("pk"), text__icontains=asked["q"])
        rows = rows.annotate(hit=Subquery(hits.order_by("id").values("id")[:1]))
        rows = rows.filter(hit__isnull=False)  # type: ignore[misc]  # annotated above
    return rows.with_figures().select_related("owner").defer(*TEXTS)


def excerpts(rows: list[Conversation], words: str) -> dict[UUID, Excerpt]:
    """By conversation. Reads text: put the reading on record first."""
    found = Message.objects.filter(pk__in=[row.hit for row in rows])  # type: ignore[attr-defined]
    return {message.conversation_id: excerpt(message, words) for message in found}


def excerpt(message: Message, words: str) -> Excerpt:
    text = message.text
    place = max(0, text.lower().find(words.lower()))
    end = place + len(words)
    before = text[max(0, place - AROUND) : place]
    behind = text[end : end + AROUND]
    return Excerpt(
        message=message.uuid,
        before=f"…{before}" if place > AROUND else before,
        found=text[place:end],
        behind=f"{behind}…" if end + AROUND < len(text) else behind,
    )


def _generations(asked: dict[str, Any]) -> Any:
    rows = Generation.objects.filter(conversation=OuterRef("pk"))
    if asked.get("model"):
        rows = rows.filter(model=asked["model"])
    if asked.get("outcome") == WITHDRAWN:
        rows = rows.filter(withdrawn=True)
    elif asked.get("outcome"):
        rows = rows.filter(status=asked["outcome"])
    return rows


def _ratings(rating: str) -> Any:
    rows = Feedback.objects.filter(message__conversation=OuterRef("pk"))
    return rows if rating == "rated" else rows.filter(rating=rating)
