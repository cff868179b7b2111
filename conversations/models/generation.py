"""One run of a model that writes one assistant message.

Whoever runs it holds a lease and a fencing token (``fence``): every write of the runner names the
token, so a runner that was given up for dead and wakes again changes nothing. Endings are
compare-and-set: of all that race for the end (the model's stop, the person's stop, an error, the
reaper), one wins and the others learn that they lost (R12).
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone

from conversations import changes
from conversations.models.checkpoints import hold
from conversations.models.conversation import Conversation
from conversations.models.ended import Ended
from conversations.models.message import Message
from conversations.models.progress import ATTEMPTS, RECOVERY_GAP, Checkpoint, Ending
from conversations.models.spent import Spent
from conversations.models.whole import whole
from conversations.querysets import LIVE, GenerationQuerySet
from conversations.statements import execute, update
from conversations.writing import write

CLAIM = (
    "SET status = 'streaming', fence = fence + 1, lease_until = %(lease_until)s, "
    "started_at = COALESCE(started_at, %(started_at)s) "
    "WHERE id = %(id)s AND status = 'pending' AND NOT stop_requested"
)
LIVE_OF = (
    "SELECT COUNT(*) FROM conversations_generation "
    "WHERE asked_by_id = %s AND status IN ('pending', 'streaming')"
)
# Who may end it: besides the fencing token, which each of them names.
RUNNING = "status = 'streaming'"
WAITING = "status = 'pending'"
LAPSED = "status = 'streaming' AND lease_until < %(ended_at)s"


if TYPE_CHECKING:
    from conversations.models.user import User


class Generation(Spent, Ended):
    class Status(models.TextChoices):
        PENDING = "pending"
        STREAMING = "streaming"
        COMPLETE = "complete"
        STOPPED = "stopped"
        FAILED = "failed"
        INTERRUPTED = "interrupted"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The row outlives message, conversation and person: it is the record of what was spent.
    conversation = models.ForeignKey(
        Conversation, on_delete=models.SET_NULL, related_name="generations", null=True
    )
    message = models.ForeignKey(
        Message, on_delete=models.SET_NULL, related_name="generations", null=True
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, related_name="generations", null=True
    )
    # The command that asked for it: the same key again must give the same answer, not a second.
    key = models.UUIDField()
    command = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the command's body")

    model = models.CharField("model id", max_length=256)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.PENDING)
    attempt = models.PositiveSmallIntegerField(default=1)
    fence = models.PositiveIntegerField(default=0, help_text="fencing token of the lease")
    lease_until = models.DateTimeField(null=True, blank=True)
    seq = models.PositiveIntegerField(default=0, help_text="last checkpointed update")
    stop_requested = models.BooleanField(default=False)
    # Of the message that it continues: how much was there before. All else is of this generation.
    base_text_length = models.PositiveIntegerField(default=0)
    base_reasoning_length = models.PositiveIntegerField(default=0)

    # What of the conversation the model saw: see streaming/history.py.
    context = models.JSONField(null=True, blank=True)
    # What is said while it is written is said in the language in which it was asked for.
    language = models.CharField(max_length=16, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = GenerationQuerySet.as_manager()

    if TYPE_CHECKING:
        conversation_id: uuid.UUID | None
        message_id: int | None
        asked_by_id: int | None

    class Meta:
        constraints = [
            # Two tabs that send at once: the second insert fails and is refused as busy (R37).
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status__in=LIVE),
                name="one_live_generation_per_conversation",
            ),
            # The same command over two sockets: the second insert fails and repeats the first (R2).
            models.UniqueConstraint(fields=["asked_by", "key"], name="key_once_per_person"),
        ]
        indexes = [
            # The reaper looks for pending rows and lapsed leases among the few that live.
            models.Index(
                fields=["status", "lease_until"],
                condition=Q(status__in=LIVE),
                name="generation_live",
            ),
            # Reviewers filter by outcome and model; calibration reads the newest of a model.
            models.Index(fields=["model", "-created_at"], name="generation_of_model"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @classmethod
    def live_of(cls, user: User) -> int:
        """How many answers are being written, or wait, for a person."""
        with connection.cursor() as cursor:
            cursor.execute(LIVE_OF, [user.pk])
            return int(cursor.fetchone()[0])

    # --- verbs of whoever runs it -------------------------------------------------------------

    @classmethod
    def claim(cls, generation_id: uuid.UUID, begun: Generation | None = None) -> Generation | None:
        """Take a pending generation; None when somebody else has it or it has ended.

        ``begun`` is the row as this process has just stored it: while its fencing token stands,
        nobody has changed it, and it need not be read.
        """
        now = timezone.now()
        taken = {"lease_until": now + timedelta(seconds=settings.LEASE_SECONDS), "started_at": now}
        with write():
            if begun is not None:
                fence = begun.fence
                if not execute(
                    cls, f"{CLAIM} AND fence = %(fence)s", id=generation_id, fence=fence, **taken
                ):
                    return None
                begun.status, begun.fence = cls.Status.STREAMING, fence + 1
                begun.lease_until, begun.started_at = taken["lease_until"], now
                return begun
            if not execute(cls, CLAIM, id=generation_id, **taken):
                return None
            # In the same transaction: what is claimed and cannot be read would belong to nobody.
            return whole(generation_id)

    @classmethod
    def checkpoint(cls, checkpoints: list[Checkpoint]) -> set[uuid.UUID]:
        """Write the texts so far and renew the leases, all in one transaction.

        Returns the generations that must stop now: asked to, ended by others, or taken over.
        """
        with write():
            return hold(cls, checkpoints)

    @classmethod
    def release(cls, checkpoints: list[Checkpoint]) -> None:
        """Write the texts so far and let go: whoever looks next takes over as from the dead.

        The new fencing token keeps the runner, which is about to end, from writing an end.
        """
        with write():
            cls.checkpoint(checkpoints)
            for point in checkpoints:
                cls.objects.filter(
                    pk=point.generation_id, fence=point.fence, status=cls.Status.STREAMING
                ).update(fence=F("fence") + 1, lease_until=timezone.now())

    def finish(self, ending: Ending) -> bool:
        """End it as the holder of its lease; False when it had ended or was taken over."""
        return self._end(ending, self.fence, RUNNING)

    # --- verbs of others ----------------------------------------------------------------------

    def ask_to_stop(self) -> bool:
        """Ask whoever runs it to stop; what nobody runs yet stops here. False when it had ended."""
        with write():
            # First, because it locks the row: nobody claims it, hands it over or tells that it
            # waits before it is seen below what it is, or a request could stay that nobody obeys.
            asked = Generation.objects.filter(pk=self.pk, status__in=LIVE).update(
                stop_requested=True
            )
            if asked:
                self._stop_pending()
                changes.announce_stop(self)
        return bool(asked)

    def note_waiting(self, seq: int) -> bool:
        """Updates up to ``seq`` tell that it waits; False when it runs, or others told of it."""
        with write():
            told = Generation.objects.filter(pk=self.pk, status=self.Status.PENDING, seq=self.seq)
            # The new fencing token: whoever has the row as it was stored must read it again.
            return bool(told.update(seq=seq, fence=F("fence") + 1))

    def _stop_pending(self) -> None:
        pending = Generation.objects.pending().select_related("message")
        if (row := pending.filter(pk=self.pk).first()) is None:
            return
        # There may be text already: what it continues, or what a runner wrote that died.
        ending = _as_far_as_it_came(row, status=self.Status.STOPPED, seq=row.seq + 1)
        self._end(ending, row.fence, WAITING)

    def hand_over(self) -> bool:
        """Let another runner go on for one that died; False when it may not, or need not.

        The new fencing token shuts the old runner out, should it wake again (R11).
        """
        with write():
            handed = Generation.objects.filter(
                pk=self.pk,
                fence=self.fence,
                status=self.Status.STREAMING,
                stop_requested=False,
                attempt__lt=ATTEMPTS,
                lease_until__lt=timezone.now(),
            ).update(
                status=self.Status.PENDING,
                fence=F("fence") + 1,
                attempt=F("attempt") + 1,
                seq=F("seq") + RECOVERY_GAP,
                lease_until=None,
            )
        return bool(handed)

    def give_up(self, code: str, reference: str = "") -> bool:
        """End it for a runner that died: its text is that of the last checkpoint (R8, R10)."""
        how: dict[str, Any] = {"status": self.Status.STOPPED}
        if not self.stop_requested:
            how = {"status": self.Status.INTERRUPTED, "error_code": code}
        ending = _as_far_as_it_came(
            self, seq=self.seq + RECOVERY_GAP, error_reference=reference, **how
        )
        return self._end(ending, self.fence, LAPSED)

    def _end(self, ending: Ending, fence: int, held: str) -> bool:
        now = timezone.now()
        fields = {
            **ending.columns(), "ended_at": now, "lease_until": None, "context": self.context
        }  # fmt: skip
        where = f"id = %(id)s AND fence = %(fence)s AND {held}"
        with write():
            if not update(Generation, fields, where, id=self.pk, fence=fence):
                return False
            if self.message is not None:
                texts = {
                    "text": ending.text,
                    "reasoning": ending.reasoning,
                    "content": ending.content,
                }
                update(Message, texts, "id = %(id)s", id=self.message.pk)
                for name, value in texts.items():
                    setattr(self.message, name, value)
            if self.conversation is not None:
                key = self.conversation.pk
                ended = {"updated_at": now, "unread": True}
                update(Conversation, ended, "id = %(id)s", id=key)
                changes.announce(self.conversation, "running", *ended)
        for name, value in fields.items():
            setattr(self, name, value)
        return True


def _as_far_as_it_came(generation: Generation, **how: Any) -> Ending:
    message, how["attempt"] = generation.message, generation.attempt
    if message is None:
        return Ending(text="", **how)
    return Ending(text=message.text, reasoning=message.reasoning, content=message.content, **how)
