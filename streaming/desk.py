"""Carries out the commands of one socket, one after the other, and answers them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from conversations.languages import in_language
from conversations.models import Generation
from conversations.refusals import BUSY, BUSY_SECONDS, Refused
from conversations.turns import Turn
from conversations.writing import is_away
from streaming import commands, protocol, stored
from streaming.announcements import Announcements
from streaming.following import Follower
from streaming.protocol import encode
from streaming.visitors import SessionEnded, Visitor

log = structlog.get_logger(__name__)

_WRONG = _("Something went wrong on the server (reference {reference}).")


class Desk:
    """``database`` runs a function in a thread, ``start`` has a generation run somewhere."""

    def __init__(
        self,
        visitor: Visitor,
        follower: Follower,
        *,
        announcements: Announcements,
        database: Callable[..., Awaitable[Any]],
        start: Callable[[UUID, Generation], None],
    ) -> None:
        self._visitor = visitor
        self._follower = follower
        self._announcements = announcements
        self._database = database
        self._start = start

    async def carry_out(self, command: protocol.Command, body: dict[str, Any]) -> None:
        """Do it and answer it; raises ``SessionEnded``, and ``OSError`` when the client is gone."""
        try:
            await self.do(command, body)
        except Refused as refusal:
            await self.refuse(command.ref, refusal.code, refusal.detail, refusal.retry_after)
        except (SessionEnded, OSError):
            raise
        except Exception as error:  # noqa: BLE001  (the edge: logged, answered; the socket lives on)
            if is_away(error):
                log.warning("database_away", command=command.type, cause=repr(error))
                await self.refuse(command.ref, "internal", BUSY, BUSY_SECONDS)
            else:
                await self._fail(command)

    async def do(self, command: protocol.Command, body: dict[str, Any]) -> None:
        """Likewise, for a caller who answers what is refused and what fails."""
        match command:
            case protocol.Follow():
                read = partial(commands.follow, self._visitor, command)
                await self._follow(command.conversation, read, command.ref)
            case protocol.Unfollow():
                self._follower.unfollow(command.conversation)
                await self._follower.tell(encode("unfollowed", command.ref))
            case protocol.Send():
                begin = partial(commands.send, self._visitor, command, body)
                await self._begin(begin, command.ref)
            case protocol.Regenerate():
                begin = partial(commands.regenerate, self._visitor, command, body)
                await self._begin(begin, command.ref)
            case protocol.Continue():
                begin = partial(commands.continue_, self._visitor, command, body)
                await self._begin(begin, command.ref)
            case protocol.Stop():
                await self._stop(command)
            case protocol.Ping():
                await self._follower.tell(encode("pong", command.ref))

    async def resume(self, conversation: UUID, generation: UUID, seq: int) -> None:
        """Follow, from the last update seen; all turns that began after it are told."""
        read = partial(commands.resume, self._visitor, conversation, generation, seq)
        await self._follow(conversation, read)
        self._announcements.look_for_turns(conversation)

    async def _follow(
        self, conversation: UUID, read: Callable[[], commands.Followed], ref: str | None = None
    ) -> None:
        # What begins while this reads is told after it, and nothing falls between: its announcement
        # waits behind this command.
        try:
            followed = await self._database(read)
        except Refused:
            self._follower.unfollow(conversation)
            raise
        # Followed already? What it gets from here on starts at the cursors of this command.
        self._follower.pause(conversation)
        self._follower.follow(conversation, followed.begun)
        await self._follower.tell(
            encode(
                "following",
                ref,
                conversation=str(conversation),
                newest=followed.newest,
                live=followed.live,
            )
        )
        for generation, cursor in followed.streams:
            self._follower.attach(conversation, generation, cursor)

    async def _begin(self, begin: Callable[[], Turn], ref: str | None) -> None:
        """Begin a turn, answer the command, then follow what it began or had begun before."""
        turn, missed = await self._database(self._begin_now, begin)
        conversation, generation = turn.conversation.pk, turn.generation
        await self._announcements.tell_turns(missed)
        if turn.repeated:
            self._follower.pause(conversation)
        self._follower.follow(conversation, stored.Begun.of(turn))
        await self._follower.tell(encode("accepted", ref, **turn.accepted()))
        # Repeated: as a follow without a cursor, the answer's updates, or what is stored of it.
        self._follower.attach(conversation, generation.pk, fresh=not turn.repeated)

    def _begin_now(self, begin: Callable[[], Turn]) -> tuple[Turn, list[Turn]]:
        """In a thread: the turn, and those that began before it and were not told here yet."""
        turn = begin()
        if not turn.repeated:
            # At once, whatever becomes of this socket meanwhile.
            self._start(turn.generation.pk, turn.generation)
        told = self._follower.conversations.get(turn.conversation.pk)
        if told is None or turn.repeated:
            return turn, []
        return turn, stored.turns_between(turn, told)

    async def _stop(self, command: protocol.Stop) -> None:
        generation = await self._database(commands.find_answer, self._visitor, command)
        # Said before it is done: an answer stops within milliseconds, and `finished` comes later.
        await self._follower.tell(encode("stopping", command.ref))
        finished = await self._database(commands.stop, self._visitor, generation)
        # Where it is still being delivered, its end comes behind its last words.
        if finished is not None and generation not in self._follower.attached:
            await self._follower.tell(finished.frame)

    async def refuse(
        self, ref: str | None, code: str, detail: Any, retry_after: float | None = None
    ) -> None:
        with in_language(self._visitor.language):
            said = str(detail)
        frame = encode("refused", code=code, detail=said, retry_after=retry_after, ref=ref)
        await self._follower.tell(frame)

    async def _fail(self, command: protocol.Command) -> None:
        """Something that should not happen: said without its text, logged once with its id."""
        reference = secrets.token_hex(4)
        log.exception("command_failed", command=command.type, reference=reference)
        detail = format_lazy(_WRONG, reference=reference)
        await self.refuse(command.ref, "internal", detail)
