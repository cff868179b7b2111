"""The chat page and what its forms do. Rows are reached only through what a person owns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from allauth.account.views import LogoutView
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from conversations import presets, sidebar
from conversations.access import failed, signed_in, wants_json
from conversations.forms import LanguageForm, RenameForm
from conversations.models import Conversation, Message, TranscriptRead, User
from conversations.paging import BadCursor
from conversations.picker import picker
from conversations.ratings import COMMENT_LENGTH, REASONS
from conversations.transcript import Transcript

if TYPE_CHECKING:
    from conversations.access import SignedInRequest


# Stands in addresses of the page until a new conversation has its id.
NOBODY = UUID(int=0)
# So many messages a page has at first; the others come when somebody scrolls to them.
RECENT = 40


@require_safe
@signed_in
def chat(request: SignedInRequest) -> HttpResponse:
    """A new, empty conversation."""
    return _chat_page(request, None, None)


@require_safe
@signed_in
def conversation(request: SignedInRequest, conversation_id: UUID) -> HttpResponse:
    found = get_object_or_404(Conversation.objects.owned_by(request.user), pk=conversation_id)
    transcript = Transcript(found)
    return _chat_page(request, transcript, asked_branch(request, transcript))


def asked_branch(request: HttpRequest, transcript: Transcript) -> Message | None:
    """The message that ``?at=`` names; None without it, 404 where there is no such message."""
    at = request.GET.get("at")
    if at is None:
        return None
    try:
        message = transcript.find(UUID(at))
    except ValueError:
        message = None
    if message is None:
        raise Http404
    return message


def _chat_page(
    request: SignedInRequest, transcript: Transcript | None, through: Message | None
) -> HttpResponse:
    found = transcript.conversation if transcript else None
    most = None if "whole" in request.GET else RECENT
    thread = transcript.thread(through, most=most) if transcript else []
    choice = picker(request.user, found, thread)
    page_data: dict[str, Any] = {
        "user": str(request.user.public_id),
        "conversation": str(found.pk) if found else None,
        "unread": bool(found and found.unread),
        "newest": transcript.newest if transcript else None,
        "model": choice.picked,
        "models": choice.names(),
        "urls": {
            "socket": "/ws/chat/",
            "me": reverse("api:me"),
            "new": reverse("chat"),
            "files": f"{reverse('chat')}files/",
        },
        "thread": thread,
        "max_tokens": settings.DEFAULT_MAX_TOKENS,
        "options": found.options if found else {},
        "system_prompt": found.system_prompt if found else "",
        "expires_at": found.expires_at if found else None,
        "presets": presets.described(request.user),
        "summary": found.summary if found else "",
        "signed_out_cookie": settings.SIGNED_OUT_COOKIE_NAME,
    }
    listed = sidebar.newest(request.user)
    context = {
        "conversation": found,
        "thread": thread,
        "earlier": bool(thread and thread[0]["parent"]),
        "sidebar": listed.groups,
        "following": listed.following,
        "picker": choice,
        "page_data": page_data,
        "files": page_data["urls"]["files"],
        "reasons": REASONS,
        "comment_length": COMMENT_LENGTH,
        "max_upload_bytes": settings.MAX_UPLOAD_BYTES,
        "max_characters": settings.MAX_MESSAGE_CHARACTERS,
        "default_max_tokens": settings.DEFAULT_MAX_TOKENS,
        "review_temporary": settings.REVIEW_TEMPORARY,
        "menu_id": found.pk if found else NOBODY,
    }
    response = render(request, "conversations/chat.html", context)
    if settings.SIGNED_OUT_COOKIE_NAME in request.COOKIES:
        response.delete_cookie(settings.SIGNED_OUT_COOKIE_NAME, samesite="Lax")
    return response


@require_safe
@signed_in
def older(request: SignedInRequest) -> HttpResponse:
    """Everything that the sidebar has no room for, page by page."""
    try:
        archived = request.GET.get("archived") == "1"
        listed = sidebar.older(request.user, request.GET.get("after"), archived=archived)
    except BadCursor:
        raise Http404 from None
    context = {"groups": listed.groups, "following": listed.following, "archived": archived}
    return render(request, "conversations/older.html", context)


@require_POST
@signed_in
def rename(request: SignedInRequest, conversation_id: UUID) -> HttpResponse:
    found = get_object_or_404(Conversation.objects.owned_by(request.user), pk=conversation_id)
    form = RenameForm(request.POST)
    detail = "" if form.is_valid() else str(form.errors["title"][0])
    if not detail:
        try:
            found.rename(form.cleaned_data["title"])
        except ValueError as error:
            detail = str(error)
    if not detail:
        return _done(request, reverse("conversation", args=[found.pk]))
    if wants_json(request):
        return failed(422, "malformed", detail)
    messages.error(request, detail)
    return redirect("conversation", found.pk)


PLACES: dict[str, dict[str, Any]] = {
    "pin": {"pinned": True},
    "unpin": {"pinned": False},
    "archive": {"archived": True},
    "unarchive": {"archived": False},
}


@require_POST
@signed_in
def place(request: SignedInRequest, conversation_id: UUID) -> HttpResponse:
    """To the top of the list, out of it, or back."""
    found = get_object_or_404(Conversation.objects.owned_by(request.user), pk=conversation_id)
    fields = PLACES.get(request.POST.get("place", ""))
    if fields is None:
        return failed(422, "malformed", _("A conversation has no such place."))
    found.change(**fields)
    return _done(request, reverse("conversation", args=[found.pk]))


@require_POST
@signed_in
def delete(request: SignedInRequest, conversation_id: UUID) -> HttpResponse:
    found = get_object_or_404(Conversation.objects.owned_by(request.user), pk=conversation_id)
    found.delete_softly()
    if not wants_json(request):
        messages.success(request, _("The conversation is deleted. Settings can bring it back."))
    return _done(request, reverse("chat"))


@require_POST
@signed_in
def restore(request: SignedInRequest, conversation_id: UUID) -> HttpResponse:
    found = get_object_or_404(Conversation.objects.deleted_by(request.user), pk=conversation_id)
    found.restore()
    return _done(request, reverse("conversation", args=[found.pk]))


def _done(request: HttpRequest, where: str) -> HttpResponse:
    """What a script needs no page for; a form is sent on (never shown again by a reload)."""
    return HttpResponse(status=204) if wants_json(request) else redirect(where)


@require_safe
@signed_in
def settings_page(request: SignedInRequest) -> HttpResponse:
    """A person's own page: the account, what was deleted, who read the transcripts."""
    reads = list(TranscriptRead.objects.about(request.user)[:200])
    own = Conversation.objects.owned_by(request.user)
    context = {
        "reads": reads,
        "there": set(
            own.filter(pk__in={read.conversation for read in reads}).values_list("pk", flat=True)
        ),
        "kept_days": settings.PURGE_DELETED_AFTER_DAYS,
        "deleted": Conversation.objects.deleted_by(request.user).order_by("-deleted_at")[:50],
    }
    return render(request, "settings/index.html", context)


@require_safe
def session(request: HttpRequest) -> JsonResponse:
    """Who is signed in now, and the token that changes need: a page whose session ended asks."""
    person = request.user
    state = {"user": None, "name": "", "token": get_token(request)}
    if isinstance(person, User):
        state |= {"user": str(person.public_id), "name": person.display_name}
    return JsonResponse(state)


@require_POST
@signed_in
def choose_language(request: SignedInRequest) -> HttpResponse:
    form = LanguageForm(request.POST)
    if form.is_valid():
        request.user.choose_language(form.cleaned_data["language"])
    else:
        messages.error(request, _("This language is not offered."))
    return redirect("settings")


class SignOut(LogoutView):  # type: ignore[misc]  # allauth ships no types
    """Signing out also empties what the browser keeps for this site: drafts, caches (R94).

    What was typed stays where its owner asks for that (``typed``), found again by nobody else.
    The header empties all: where somebody else's is kept (``others``) the page removes one's own.
    """

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post(*args, **kwargs)
        keeps = (
            self.request.POST.get("typed") == "keep" or self.request.POST.get("others") == "stay"
        )
        response.headers["Clear-Site-Data"] = '"cache"' if keeps else '"cache", "storage"'
        # Other tabs learn that nobody's session ran out: there is nothing to go on with.
        response.set_cookie(
            settings.SIGNED_OUT_COOKIE_NAME,
            "1",
            max_age=settings.SESSION_COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
        return response


sign_out = SignOut.as_view()
