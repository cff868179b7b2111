"""Reading what others wrote: found by filters, shown read-only, on record before it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from conversations.models import BedrockModel, Conversation
from conversations.models.conversation import TEXTS
from conversations.paging import BadCursor, page
from conversations.review import reasons
from conversations.review.access import reviewer
from conversations.review.journal import Unrecorded, record_opening, record_search
from conversations.review.search import SearchForm, excerpts, matching
from conversations.transcript import Transcript
from conversations.views import asked_branch

if TYPE_CHECKING:
    from conversations.access import SignedInRequest

PAGE = 50


@require_safe
@reviewer
def index(request: SignedInRequest) -> HttpResponse:
    """The list. Without a search for words it shows figures only, so nothing is on record."""
    form = SearchForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    context: dict[str, Any] = {"form": form, "models": BedrockModel.objects.all()}
    if not form.is_valid():
        return render(request, "review/list.html", context, status=422)
    if asked["q"] and reasons.is_missing(request, None):
        return _ask_for_reason(request, None)
    rows = matching(Conversation.objects.reviewable_by(request.user), asked)
    try:
        found, following = page(rows, request.GET.get("after"), PAGE)
        if asked["q"]:
            record_search(
                request,
                (row.owner for row in found),
                form.asked(),
                reasons.stated(request, None),
            )
    except BadCursor:
        raise Http404 from None
    except Unrecorded:
        return render(request, "review/unrecorded.html", status=503)
    context |= {"rows": _shown(found, asked["q"]), "older": _older(request.GET, following)}
    return render(request, "review/list.html", context)


def _shown(found: list[Conversation], words: str) -> list[dict[str, Any]]:
    """Rows of the list; with words also title and excerpt, which are on record by now."""
    if not words:
        return [{"conversation": row} for row in found]
    hits = excerpts(found, words)
    titles = dict(
        Conversation.objects.filter(pk__in=[row.pk for row in found]).values_list("pk", "title")
    )
    return [
        {"conversation": row, "title": titles.get(row.pk), "excerpt": hits.get(row.pk)}
        for row in found
    ]


def _older(query: QueryDict, following: str | None) -> str | None:
    if following is None:
        return None
    next_query = query.copy()
    next_query["after"] = following
    return f"?{next_query.urlencode()}"


@require_safe
@reviewer
def transcript(request: SignedInRequest, conversation_id: UUID) -> HttpResponse:
    """A transcript as its owner saw it, every branch by ``?at=``, and the figures besides."""
    rows = Conversation.objects.reviewable_by(request.user).defer(*TEXTS)
    found = get_object_or_404(rows.select_related("owner"), pk=conversation_id)
    own = found.owner_id == request.user.pk
    if not own and reasons.is_missing(request, found.pk):
        return _ask_for_reason(request, found)
    try:
        record_opening(request, found, reasons.stated(request, found.pk))
    except Unrecorded:
        return render(request, "review/unrecorded.html", status=503)
    read = Transcript(found)
    thread = read.thread(asked_branch(request, read))
    context = {
        "conversation": found,
        "thread": [{**item, "runs": read.runs(item["uuid"])} for item in thread],
        "message_count": len(read.tree.messages),
        "own": own,
        "files": f"{reverse('review:transcript', args=[found.pk])}files/",
    }
    return render(request, "review/transcript.html", context)


def _ask_for_reason(request: SignedInRequest, found: Conversation | None) -> HttpResponse:
    subject = ("review:reason", [found.pk]) if found else ("review:search-reason", [])
    context = {
        "form": reasons.ReasonForm(),
        "action": reverse(subject[0], args=subject[1]),
        "query": request.GET.urlencode(),
        "owner": found.owner if found else None,
    }
    return render(request, "review/reason.html", context)


@require_POST
@reviewer
def state_reason(request: SignedInRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """Keep the reason and go on to what it was asked for."""
    if conversation_id is not None:
        rows = Conversation.objects.reviewable_by(request.user)
        get_object_or_404(rows.only("pk"), pk=conversation_id)
        where = reverse("review:transcript", args=[conversation_id])
    else:
        where = reverse("review:list")
    form = reasons.ReasonForm(request.POST)
    if form.is_valid():
        reasons.state(request, conversation_id, form.cleaned_data["reason"])
    query = request.POST.get("query", "")
    return redirect(f"{where}?{query}" if query else where)
