"""Django's admin: figures about conversations, never their text. Reading is done at /review/.

No page here reads or searches a message, a title, a system prompt or a summary, and no list can be
narrowed by one: an admin's list filter in the address would tell what a text contains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Length
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from conversations import (  # noqa: F401  (register themselves)
    admin_guardrails,
    admin_models,
    admin_people,
    admin_presets,
)
from conversations.models import (
    Attachment,
    Conversation,
    Feedback,
    Generation,
    Message,
    MessageAttachment,
    TranscriptRead,
)
from conversations.models.conversation import TEXTS
from conversations.views import sign_out

if TYPE_CHECKING:
    # Django's own classes take parameters in their stubs only.
    AnyAdmin = admin.ModelAdmin[Any]
else:
    AnyAdmin = admin.ModelAdmin

# One door out as well: it also empties what the browser keeps.
admin.site.logout = sign_out  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = _("Chat administration")
# People's addresses are edited with the people.
admin.site.unregister(EmailAddress)


class Figures(AnyAdmin):
    """Rows that can be looked at by whoever may view them, and changed here by nobody."""

    hidden: tuple[str, ...] = ()  # columns that hold text; they are not even read
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.hidden)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup.split("__")[0] in self.list_filter


class OfConversation(Figures):
    """Names its conversation by id: the row itself, with its title, is not read for that."""

    @admin.display(description=_("conversation"))
    def of(self, row: Any) -> str:
        if row.conversation_id is None:
            return "–"
        address = reverse("admin:conversations_conversation_change", args=[row.conversation_id])
        return format_html('<a href="{}">{}</a>', address, row.conversation_id)


@admin.register(Conversation)
class ConversationFigures(Figures):
    hidden = TEXTS
    list_display = ("id", "owner", "model", "messages_", "tokens", "outcome", "updated_at")
    list_filter = ("archived", "pinned", "created_at", "updated_at", "deleted_at")
    list_select_related = ("owner",)
    search_fields = ("=id", "owner__username", "owner__email")
    search_help_text = _("By person or id. To search in what was written, go to the review.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        return rows.with_figures()  # type: ignore[no-any-return]  # the stubs know no manager here

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        figures = ("messages_", "tokens", "outcome")
        kept = ("id", "owner", "model", "options", "preset", "pinned", "archived", "title_chosen")
        times = ("created_at", "updated_at", "deleted_at", "expires_at")
        links = ("review",) if _is_reviewable(request, obj) else ()
        return (*kept, *figures, *times, *links)

    @admin.display(description=_("messages"))
    def messages_(self, row: Any) -> int:
        return row.message_count or 0

    @admin.display(description=_("tokens written"))
    def tokens(self, row: Any) -> int:
        return row.token_count or 0

    @admin.display(description=_("last outcome"))
    def outcome(self, row: Any) -> str:
        return " ".join(filter(None, (row.last_status, row.last_error))) or "–"

    @admin.display(description=_("transcript"))
    def review(self, row: Any) -> str:
        address = reverse("review:transcript", args=[row.pk])
        return format_html('<a href="{}">{}</a>', address, _("Open in the review, on record"))


def _is_reviewable(request: HttpRequest, row: Conversation | None) -> bool:
    rows = Conversation.objects.reviewable_by(request.user)  # type: ignore[arg-type]
    return row is not None and rows.filter(pk=row.pk).exists()


@admin.register(Message)
class MessageFigures(OfConversation):
    hidden = ("text", "reasoning", "content", "attached")
    list_display = ("uuid", "of", "role", "characters", "created_at")
    list_filter = ("role", "created_at")
    search_fields = ("=uuid", "=conversation__id")
    fields = ("uuid", "of", "parent_id", "role", "characters", "created_at")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(length=Length("text"))
        return rows

    @admin.display(description=_("characters"))
    def characters(self, row: Any) -> int:
        return int(row.length)


@admin.register(Attachment)
class AttachmentFigures(Figures):
    hidden = ("name",)
    list_display = ("id", "owner", "kind", "format", "size", "state", "created_at", "sent_at")
    list_filter = ("kind", "format", "state", "created_at")
    list_select_related = ("owner",)
    search_fields = ("=id", "=sha256", "owner__username")
    ordering = ("-created_at",)
    fields = (
        "id", "owner", "state", "kind", "format", "media_type", "size", "copy_size", "sha256",
        "width", "height", "pages", "characters", "stored_as", "created_at", "sent_at",
    )  # fmt: skip


@admin.register(MessageAttachment)
class MessageAttachmentFigures(Figures):
    list_display = ("message_id", "attachment_id")
    fields = ("message_id", "attachment_id")


@admin.register(Generation)
class GenerationFigures(OfConversation):
    hidden = ("digest", "extra")
    list_display = (
        "id", "asked_by", "model", "status", "error_code", "input_tokens", "output_tokens",
        "usage_estimated", "cost", "first_token_ms", "total_ms", "created_at",
    )  # fmt: skip
    list_filter = (
        "status", "error_code", "stop_reason", "withdrawn", "usage_estimated", "model",
        "created_at",
    )  # fmt: skip
    list_select_related = ("asked_by",)
    search_fields = ("=id", "=conversation__id", "=error_reference", "=request_id")
    search_help_text = _("By id, conversation, error reference or AWS request id.")
    ordering = ("-created_at",)
    fields = (
        "id", "of", "message_id", "asked_by", "command", "model", "status", "attempt",
        "stop_reason", "error_code", "error_reference", "input_tokens", "output_tokens",
        "cache_read_tokens", "cache_write_tokens", "usage_estimated", "cost", "input_estimate",
        "first_token_ms", "reasoning_ms", "total_ms", "withdrawn", "request_id", "seq", "fence",
        "lease_until", "stop_requested",
        "created_at", "started_at", "ended_at",
    )  # fmt: skip


@admin.register(Feedback)
class FeedbackFigures(Figures):
    hidden = ("comment",)
    list_display = ("id", "of", "rating", "reasons", "written_by", "created_at")
    list_filter = ("rating", "created_at")
    search_fields = ("=message__conversation__id", "=message__uuid")
    search_help_text = _("By id of the conversation or of the message.")
    ordering = ("-id",)
    fields = (
        "id",
        "of",
        "message_id",
        "rating",
        "reasons",
        "written_by",
        "created_at",
        "updated_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        wrote = Generation.objects.filter(message=OuterRef("message")).order_by("-created_at")
        rows = rows.annotate(
            conversation_id=F("message__conversation"), by_model=Subquery(wrote.values("model")[:1])
        )
        return rows  # type: ignore[no-any-return]  # the stubs know no manager here

    of = OfConversation.of

    @admin.display(description=_("model"))
    def written_by(self, row: Any) -> str:
        return row.by_model or "–"


@admin.register(TranscriptRead)
class JournalOfReads(Figures):
    list_display = ("at", "reader_name", "owner_name", "kind", "conversation", "reason", "address")
    list_filter = ("kind", "at")
    search_fields = ("reader_name", "owner_name", "=conversation", "=request_id")
    fields = (
        "at", "kind", "reader_name", "owner_name", "conversation", "attachment", "search",
        "reason", "address", "request_id",
    )  # fmt: skip
