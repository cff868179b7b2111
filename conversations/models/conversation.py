"""A conversation and the verbs that change it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations import changes
from conversations.querysets import ConversationQuerySet
from conversations.statements import update
from conversations.text import clean
from conversations.writing import write

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from conversations.models.generation import Generation
    from conversations.models.message import Message
    from conversations.models.user import User

UNTITLED = "New conversation"
TITLE_LENGTH = 200
SUMMARY_LENGTH = 8_000  # characters
TEMPORARY_FOR = timedelta(days=1)
# Columns with text: no list of figures reads them, and a review only when it is on record.
TEXTS = ("title", "system_prompt", "summary")


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    title = models.CharField(max_length=TITLE_LENGTH, default=UNTITLED)
    title_chosen = models.BooleanField(default=False, help_text="a person chose the title")
    system_prompt = models.TextField(blank=True)
    model = models.CharField("model id", max_length=256)
    # {"temperature": 0–1, "top_p": 0–1, "max_tokens": ≥ 1, "summarize": bool}; what is absent is
    # the site's default.
    options = models.JSONField(default=dict, blank=True)
    # Of what the model is no longer sent, where the options ask for one; the person may change it.
    summary = models.TextField(blank=True, default="", db_default="")
    summary_until = models.BigIntegerField(
        null=True, blank=True, help_text="key of the last message that it covers"
    )
    # The id of the preset that it began with; what that said was copied. The preset may be gone.
    preset = models.UUIDField(null=True, blank=True)
    # Set for a temporary one, which is in no list and goes for good after this moment.
    expires_at = models.DateTimeField(null=True, blank=True)
    pinned = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    # An answer ended since its owner looked at it last, on whatever device.
    unread = models.BooleanField(default=False, db_default=False)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ConversationQuerySet.as_manager()

    if TYPE_CHECKING:
        messages: RelatedManager[Message]
        generations: RelatedManager[Generation]
        owner_id: int

    class Meta:
        indexes = [
            # The sidebar: the newest of one person.
            models.Index(fields=["owner", "-updated_at"], name="conversation_newest"),
            # The few at its top.
            models.Index(
                fields=["owner", "-updated_at"],
                condition=models.Q(pinned=True),
                name="conversation_pinned",
            ),
            # The review: the newest of all, page by page.
            models.Index(fields=["-updated_at", "-id"], name="conversation_newest_of_all"),
            # The purge: the few that are temporary.
            models.Index(
                fields=["expires_at"],
                name="conversation_expiring",
                condition=models.Q(expires_at__isnull=False),
            ),
        ]
        permissions = [("review_transcripts", "Can read everybody's transcripts, on record")]

    def __str__(self) -> str:
        # Never the title: it is text of the person's, and this ends up in logs and admin pages.
        return str(self.id)

    @property
    def temporary(self) -> bool:
        return self.expires_at is not None

    @classmethod
    def begin(
        cls, owner: User, *, title: str, temporary: bool = False, **fields: Any
    ) -> Conversation:
        """One without messages, in its owner's lists at once unless it is temporary: then it has
        no title either.
        """
        cleaned = "" if temporary else " ".join(clean(title).split())[:TITLE_LENGTH]
        if temporary:
            fields["expires_at"] = timezone.now() + TEMPORARY_FOR
        with write():
            new = cls.objects.create(
                owner=owner, title=cleaned or UNTITLED, title_chosen=bool(cleaned), **fields
            )
            changes.announce(new, "title", "updated_at", "model")
        return new

    @property
    def shown_title(self) -> str:
        """What stands where there is no title yet is said in the language of whoever reads it."""
        if self.temporary:
            return _("Temporary conversation")
        return _("New conversation") if self.title in {"", UNTITLED} else self.title

    def rename(self, title: str) -> None:
        """Give the title that a person chose; raises ValueError when nothing is left of it, and
        where there is to be none.
        """
        if self.temporary:
            raise ValueError(_("A temporary conversation has no title."))
        cleaned = " ".join(clean(title).split())[:TITLE_LENGTH]
        if not cleaned:
            raise ValueError(_("A title needs at least one character."))
        self._change(title=cleaned, title_chosen=True)

    def change(self, *, title: str | None = None, **fields: Any) -> None:
        """Change what its owner wants otherwise; raises ValueError as ``rename`` does.

        ``fields``: ``model``, ``system_prompt``, ``options``, ``summary``, ``pinned``,
        ``archived``, ``unread``, checked.
        """
        # Whoever lists it again needs to know what and where.
        placed = ("title", "updated_at") if fields.keys() & {"pinned", "archived"} else ()
        with write():
            if title is not None:
                self.rename(title)
            if fields:
                self._change(*placed, **fields)

    def keep_summary(self, summary: str, *, until: int, instead_of: str) -> bool:
        """Keep what the model summed up; False where a person wrote another one meanwhile."""
        fields = {"summary": clean(summary), "summary_until": until}
        with write():
            rows = Conversation.objects.filter(pk=self.pk, deleted_at=None, summary=instead_of)
            if not rows.update(**fields):
                return False
            changes.announce(self, "summary")
        return True

    def suggest_title(self, title: str) -> bool:
        """Give a title that nobody chose; a title that a person chose meanwhile stays."""
        cleaned = " ".join(clean(title).split())[:TITLE_LENGTH]
        if not cleaned:
            return False
        with write():
            unnamed = (
                "id = %(id)s AND NOT title_chosen AND deleted_at IS NULL AND expires_at IS NULL"
            )
            changed = update(Conversation, {"title": cleaned}, unnamed, id=self.pk)
            if changed:
                self.title = cleaned
                changes.announce(self, "title")
        return bool(changed)

    def delete_softly(self) -> None:
        """Out of sight for its owner, restorable; a running answer is asked to stop.

        A temporary one is not restorable: the next purge removes it.
        """
        from conversations.models.generation import Generation

        going: dict[str, Any] = {"deleted_at": timezone.now()}
        if self.temporary:
            going["expires_at"] = going["deleted_at"]
        self._change(**going)
        # Afterwards, not in one transaction: an ending locks generation, then conversation, and the
        # other way round the two would wait for each other. What begins meanwhile waits for the
        # row and then finds it deleted (R38).
        for generation in Generation.objects.filter(conversation=self).live():
            generation.ask_to_stop()

    def remove(self) -> int | None:
        """For good, with its messages: how many they were; None while an answer is being written.

        Of its generations the figures stay, as the record of what was spent, and nothing that was
        made of a text. For whoever holds the row's lock: nothing can begin in it meanwhile, and a
        runner that comes late finds its generation ended.
        """
        from conversations.models.generation import Generation

        generations = Generation.objects.filter(conversation=self)
        if generations.live().exists():
            return None
        generations.update(digest="", extra={})
        messages = self.messages.count()
        self.delete()
        return messages

    def restore(self) -> None:
        self._change("title", "updated_at", "pinned", "archived", deleted_at=None)

    def ask(self, generation: Generation, *, new: bool = False) -> None:
        """An answer has been asked for: to the top of its owner's list, and on with its model.

        A new conversation is there, and has it, already.
        """
        told, began = ("running", "title"), generation.pk
        if new:
            chosen = ("model", "system_prompt", "options")
            changes.announce(self, *told, "updated_at", *chosen, began=began)
        else:
            self._change(*told, began=began, updated_at=timezone.now(), model=generation.model)

    def _change(self, *told: str, began: uuid.UUID | None = None, **fields: Any) -> None:
        """Set fields and announce them, with what is ``told`` besides."""
        for name, value in fields.items():
            setattr(self, name, value)
        with write():
            # By name: a concurrent change of another field must survive.
            update(Conversation, fields, "id = %(id)s", id=self.pk)
            names = ("deleted" if name == "deleted_at" else name for name in fields)
            changes.announce(self, *names, *told, began=began)
