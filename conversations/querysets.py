"""Who may see which rows. Every query of the product starts at one of these names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connections, models
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Sum
from django.db.models.expressions import RawSQL
from django.utils import timezone

from conversations.refusals import UNSUPPORTED_MODEL, Refused

if TYPE_CHECKING:
    from conversations.models import (  # noqa: F401  (named in strings below)
        Attachment,
        BedrockModel,
        Conversation,
        Generation,
        Message,
        Preset,
        TranscriptRead,
        User,
    )

LIVE = ("pending", "streaming")
REVIEW_PERMISSION = "conversations.review_transcripts"

# Said once in SQL: every question asks this, and as a queryset it takes many times as long.
ALLOWED = """
    FROM conversations_bedrockmodel m WHERE m.enabled AND (
        NOT EXISTS (
            SELECT 1 FROM conversations_bedrockmodel_groups g WHERE g.bedrockmodel_id = m.id
        ) OR EXISTS (
            SELECT 1 FROM conversations_bedrockmodel_groups g
            JOIN conversations_user_groups u ON u.group_id = g.group_id
            WHERE g.bedrockmodel_id = m.id AND u.user_id = %s
        )
    )
"""


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def owned_by(self, user: User) -> ConversationQuerySet:
        return self.filter(owner=user, deleted_at=None)

    def listed_for(self, user: User) -> ConversationQuerySet:
        """What a person's lists and searches show: all of theirs but the temporary ones."""
        return self.owned_by(user).filter(expires_at=None)

    def deleted_by(self, user: User) -> ConversationQuerySet:
        """What its owner deleted and may still restore."""
        return self.filter(owner=user, expires_at=None).exclude(deleted_at=None)

    def due(self, deleted_before: datetime | None) -> ConversationQuerySet:
        """What may go for good: temporary ones whose time is over, and what its owner deleted
        before a time; None: nothing of that.
        """
        going = Q(expires_at__lt=timezone.now())
        if deleted_before is not None:
            going |= Q(deleted_at__lt=deleted_before)
        return self.filter(going)

    def reviewable_by(self, user: User) -> ConversationQuerySet:
        """Everybody's, deleted ones included, for people who may review; nothing for others.

        Temporary ones only where the site says so.
        """
        if not (user.is_active and user.has_perm(REVIEW_PERMISSION)):
            return self.none()
        return self.all() if settings.REVIEW_TEMPORARY else self.filter(expires_at=None)

    def newest_first(self) -> ConversationQuerySet:
        return self.order_by("-pinned", "-updated_at", "-id")

    def with_running(self) -> ConversationQuerySet:
        """Annotated ``running``: an answer is being written now."""
        from conversations.models import Generation

        live = Generation.objects.filter(conversation=OuterRef("pk"), status__in=LIVE)
        return self.annotate(running=Exists(live))

    def with_figures(self) -> ConversationQuerySet:
        """Annotated ``message_count``, ``token_count`` (written), ``last_status``, ``last_error``.

        Figures only, by subqueries of their own: joins of two tables would multiply each other.
        """
        from conversations.models import Generation, Message

        of_this = {"conversation": OuterRef("pk")}
        messages = Message.objects.filter(**of_this).order_by().values("conversation")
        generations = Generation.objects.filter(**of_this).order_by().values("conversation")
        last = Generation.objects.filter(**of_this).order_by("-created_at")
        return self.annotate(
            message_count=Subquery(messages.annotate(n=Count("pk")).values("n")),
            token_count=Subquery(generations.annotate(n=Sum("output_tokens")).values("n")),
            last_status=Subquery(last.values("status")[:1]),
            last_error=Subquery(last.values("error_code")[:1]),
        )


class MessageQuerySet(models.QuerySet["Message"]):
    def owned_by(self, user: User) -> MessageQuerySet:
        return self.filter(conversation__owner=user, conversation__deleted_at=None)

    def by_uuid(self, uuid: Any) -> Message | None:
        return self.filter(uuid=uuid).first()

    def pinned(self) -> list[Any]:
        """The ids of those that stay in the model's view."""
        return list(self.filter(pinned=True).values_list("uuid", flat=True))


class GenerationQuerySet(models.QuerySet["Generation"]):
    def owned_by(self, user: User) -> GenerationQuerySet:
        return self.filter(conversation__owner=user, conversation__deleted_at=None)

    def live(self) -> GenerationQuerySet:
        return self.filter(status__in=LIVE)

    def pending(self) -> GenerationQuerySet:
        """What waits for a runner, in the order in which it was asked for."""
        return self.filter(status="pending").order_by("created_at")

    def lapsed(self, now: datetime) -> GenerationQuerySet:
        """Whoever ran these stopped renewing its lease: it is dead, or as good as dead."""
        return self.filter(status="streaming", lease_until__lt=now)


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def kept(self) -> AttachmentQuerySet:
        return self.filter(state="kept")

    def owned_by(self, user: User) -> AttachmentQuerySet:
        """A person's own, sent in a conversation that is there, or not sent yet."""
        there = self._uses().filter(message__conversation__deleted_at=None)
        return self.kept().filter(Q(sent_at=None) | Exists(there), owner=user)

    def unsent_by(self, user: User) -> AttachmentQuerySet:
        return self.kept().filter(owner=user, sent_at=None)

    def within(self, conversation: Conversation) -> AttachmentQuerySet:
        """Those of one conversation, for whoever may read it."""
        return self.kept().filter(Exists(self._uses().filter(message__conversation=conversation)))

    def unwanted(self, uploaded_before: datetime, sent_before: datetime) -> AttachmentQuerySet:
        """What no message has: never sent, or gone with its conversations.

        ``sent_before``: what is being sent at this moment may belong to no message yet.
        """
        never_sent = Q(sent_at=None, created_at__lt=uploaded_before)
        gone = Q(sent_at__lt=sent_before) & ~Exists(self._uses())
        return self.exclude(state="going").filter(never_sent | gone | Q(owner=None))

    def _uses(self) -> models.QuerySet[Any]:
        from conversations.models import MessageAttachment

        return MessageAttachment.objects.filter(attachment=OuterRef("pk"))


class BedrockModelQuerySet(models.QuerySet["BedrockModel"]):
    def open_to(self, user: User) -> BedrockModelQuerySet:
        """What a person may choose: enabled, given to everybody or to a group of theirs, and of the
        endpoint that answers now. The default is answered by whichever there is.
        """
        here = Q(demonstration=settings.BEDROCK_DEMONSTRATION) | Q(pk=settings.BEDROCK_MODEL_ID)
        allowed = RawSQL(f"SELECT m.id {ALLOWED}", [user.pk])  # noqa: S611 (a constant)
        return self.filter(here, pk__in=allowed)

    def choose(self, user: User, asked: str | None) -> str:
        """A model that this person may use; without a wish the site's default."""
        model_id = asked or settings.BEDROCK_MODEL_ID
        if not self.may_choose(user, model_id):
            raise Refused("unsupported_model", UNSUPPORTED_MODEL)
        return model_id

    def may_choose(self, user: User, model_id: str) -> bool:
        return self._is_open_to(user, model_id) or self.is_unlisted_default(model_id)

    def is_unlisted_default(self, model_id: str) -> bool:
        """The default needs no row: listing models can be denied where using them is not."""
        return model_id == settings.BEDROCK_MODEL_ID and not self.filter(pk=model_id).exists()

    def _is_open_to(self, user: User, model_id: str) -> bool:
        with connections[self.db].cursor() as cursor:
            cursor.execute(f"SELECT m.demonstration {ALLOWED} AND m.id = %s", [user.pk, model_id])
            row = cursor.fetchone()
        if row is None:
            return False
        is_default = model_id == settings.BEDROCK_MODEL_ID
        return is_default or bool(row[0]) == settings.BEDROCK_DEMONSTRATION


class PresetQuerySet(models.QuerySet["Preset"]):
    def owned_by(self, user: User) -> PresetQuerySet:
        return self.filter(owner=user)

    def shared(self) -> PresetQuerySet:
        return self.filter(owner=None)

    def open_to(self, user: User) -> PresetQuerySet:
        """What a person may choose: their own, and those shared with everybody or with a group of
        theirs.
        """
        given = self.model.groups.through._default_manager.filter(preset=OuterRef("pk"))
        theirs = given.filter(group__user=user)
        return self.filter(Q(owner=user) | Q(owner=None) & (~Exists(given) | Exists(theirs)))


class TranscriptReadQuerySet(models.QuerySet["TranscriptRead"]):
    def about(self, owner: User) -> TranscriptReadQuerySet:
        """Who read the transcripts of this person, the newest first."""
        return self.filter(owner=owner).order_by("-id")

    def opened(self, reader: User, conversation: Conversation) -> bool:
        """Whether this person opened this transcript within the hour."""
        since = timezone.now() - timedelta(hours=1)
        rows = self.filter(kind="opened", reader=reader, conversation=conversation.pk)
        return rows.filter(at__gt=since).exists()

    def update(self, **kwargs: Any) -> int:
        raise TypeError("The journal of reads is append-only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The journal of reads is append-only.")
