"""A browser as docs/protocol.md asks for one, and nothing more: it comes back by itself, resumes
with cursors or ids, sends again what was not accepted, acknowledges, and keeps what it shows.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

from tests.faults.book import Book, Shown
from tests.faults.over_http import HttpLine
from tests.faults.over_socket import AWAY, SILENCE, Line, SocketLine
from tests.faults.plan import PEOPLE, canary
from tests.faults.screen import Screen

AGAIN = 4.0  # seconds after which a command without an answer is sent again
TRANSIENT = {"internal", "rate_limited", "throttled", "quota_exceeded"}


class Browser:
    """``over_http``: it is where no WebSocket gets through."""

    def __init__(
        self,
        person: str,
        number: int,
        session: str,
        port: int,
        book: Book,
        *,
        over_http: bool = False,
    ) -> None:
        self.person = person
        self.name = f"{person}{number}"
        self.book = book
        self._screen = Screen(self.name, book, is_whole=over_http)
        self.shown = self._screen.shown
        self.newest: dict[str, str] = {}
        self.conversations: set[str] = set()
        self.outbox: dict[str, dict[str, Any]] = {}
        self.stopping: set[str] = set()
        self.connections = 0
        self._acks: dict[str, int] = {}
        self._sent_at: dict[str, float] = {}
        self._heard = 0.0
        self._unread: set[str] = set()
        self._asked: dict[str, str] = {}  # ref of a `follow` without an answer: its conversation
        self._refollow: set[str] = set()
        self._strangers = [canary(other) for other in PEOPLE if other != person]
        self._origin = f"http://127.0.0.1:{port}"
        self._headers = {"Cookie": f"sessionid={session}"}
        self._line: Line | None = None
        self._over_http = over_http
        self._last_ids: dict[str, str] = {}  # over HTTP: of each conversation that is read

    # --- what the person does -----------------------------------------------------------------

    async def give(self, command: dict[str, Any]) -> None:
        """Send a command with a key now, and again until it is accepted or refused."""
        self.outbox[command["key"]] = command
        await self._try_to_send(command)

    async def stop(self, message: str) -> None:
        self.book.stops.add(message)
        self.stopping.add(message)
        await self._try_to_send({"type": "stop", "ref": f"stop {message}", "message": message})

    async def follow(self, conversation: str) -> None:
        if conversation not in self.conversations:
            self.conversations.add(conversation)
            if self._over_http:
                self._unread.add(conversation)  # what it is read from on
            else:
                await self._try_to_send(self._follow(conversation))

    @property
    def is_quiet(self) -> bool:
        waiting = self.outbox or self.stopping or self._unread or self._asked or self._refollow
        hears = self._line is not None and self._line.carries(self.conversations)
        return hears and not waiting and not self._screen.live

    def unsettled(self) -> str:
        connected = "connected" if self._line is not None else "away"
        if self._line is not None and not self._line.carries(self.conversations):
            connected = "partly connected"
        way = "HTTP" if self._over_http else "socket"
        told = f"{list(self.outbox)} {self.stopping} {self._unread} {self._screen.live}"
        return f"{self.name} ({way}) {connected} {told}"

    # --- the connection -----------------------------------------------------------------------

    async def run(self) -> None:
        while True:
            try:
                await self._visit()
            except AWAY:
                pass
            except TimeoutError:
                pass
            self._line = None
            await asyncio.sleep(0.3)

    async def _visit(self) -> None:
        async with self._new_line() as line:
            self.connections += 1
            self._screen.here.clear()
            self._sent_at.clear()
            self._asked.clear()
            self._refollow.clear()
            self._line, self._heard = line, time.monotonic()
            for conversation in list(self.conversations):
                await self._say(self._follow(conversation))
            tasks = [asyncio.create_task(self._read(line)), asyncio.create_task(self._tend())]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, (*AWAY, TimeoutError)):
                raise result

    def _new_line(self) -> Line:
        if not self._over_http:
            return SocketLine(self._origin, self._headers)
        return HttpLine(self._origin, self._headers, self._last_ids, self.book.end)

    async def _read(self, line: Line) -> None:
        is_ready = self._over_http  # each response begins for itself
        async for frame in line.frames():
            self._heard = time.monotonic()
            for stranger in self._strangers:
                if stranger in frame:
                    self.book.complain(f"{self.name} was sent what is somebody else's: {frame}")
            update = json.loads(frame)
            if not is_ready and update["type"] != "ready":
                self.book.complain(f"{self.name}: {update['type']} before ready")
            is_ready = True
            await self._take(update)

    async def _tend(self) -> None:
        """Twice a second: acknowledge, ping, send again, re-read."""
        while True:
            await asyncio.sleep(0.5)
            if time.monotonic() - self._heard > SILENCE:
                raise TimeoutError
            await self._say({"type": "ping"})
            if self._acks:
                acks, self._acks = self._acks, {}
                await self._say({"type": "ack", "cursors": acks})
            due = time.monotonic() - AGAIN
            for command in list(self.outbox.values()):
                if self._sent_at.get(command["key"], 0.0) < due:
                    await self._say(command)
            for message in list(self.stopping):
                if self._sent_at.get(message, 0.0) < due:
                    await self._say({"type": "stop", "ref": f"stop {message}", "message": message})
            while self._refollow:
                await self._say(self._follow(self._refollow.pop()))
            for conversation in list(self._unread):
                await self._reread(conversation)

    async def _try_to_send(self, command: dict[str, Any]) -> None:
        try:
            await self._say(command)
        except AWAY:
            return  # it is in the outbox

    async def _say(self, command: dict[str, Any]) -> None:
        if self._line is None:
            return
        for name in ("key", "message"):
            if name in command:
                self._sent_at[command[name]] = time.monotonic()
                break
        await self._line.say(command)

    def _follow(self, conversation: str) -> dict[str, Any]:
        cursors = self._screen.cursors_of(conversation)
        self._screen.here.clear()
        ref = str(uuid4())
        if not self._over_http:
            self._asked[ref] = conversation
        return {
            "type": "follow",
            "ref": ref,
            "conversation": conversation,
            "cursors": cursors,
        }

    # --- updates ------------------------------------------------------------------------------

    async def _take(self, update: dict[str, Any]) -> None:
        match update["type"]:
            case "following":
                self._asked.pop(update.get("ref", ""), None)
                newest = update["newest"]
                # Over HTTP it comes, as all since the last id does, with its `accepted`.
                unknown = newest is not None and newest not in self.newest.values()
                if unknown and not self._over_http:
                    self._unread.add(update["conversation"])
                for live in update["live"]:
                    self._screen.expect(update["conversation"], live["generation"])
            case "accepted":
                self._accepted(update)
            case "refused":
                self._refused(update)
            case "stopping":
                self.stopping.discard(str(update["ref"]).removeprefix("stop "))
            case _ if "seq" in update:
                await self._numbered(update)

    def _accepted(self, update: dict[str, Any]) -> None:
        self.outbox.pop(update["key"], None)
        self.book.accept(update)
        self.conversations.add(update["conversation"])
        self.newest[update["conversation"]] = update["assistant_message"]
        self._screen.here.discard(update["generation"])
        self._screen.message(update)

    def _refused(self, update: dict[str, Any]) -> None:
        code, ref = update["code"], str(update.get("ref"))
        if ref in self._asked:
            self._refollow.add(self._asked.pop(ref))
        self.book.refusals[code] = self.book.refusals.get(code, 0) + 1
        if code in TRANSIENT:
            return  # it is sent again
        self.outbox.pop(ref, None)
        self.stopping.discard(ref.removeprefix("stop "))
        if code not in {"busy", "conflict"}:
            self.book.complain(f"{self.name}: {update}")

    async def _numbered(self, update: dict[str, Any]) -> None:
        if self._screen.take(update):
            self._acks[update["generation"]] = update["seq"]
        elif self._over_http:
            self._unread.add(update["conversation"])
        else:
            await self._say(self._follow(update["conversation"]))

    async def _reread(self, conversation: str) -> None:
        """It is not known what is newest: as the page does, ask for the whole conversation."""
        whole = await asyncio.to_thread(self._get, f"/api/v1/conversations/{conversation}")
        for message in whole["messages"]:
            self.newest[conversation] = message["id"]
            generation = message["generation"]
            if message["role"] == "user":
                self.book.questions[message["id"]] = message["text"]
                continue
            shown = self.shown.setdefault(message["id"], Shown(conversation))
            if message["status"] in {"pending", "streaming"} or shown.generation:
                self._screen.expect(conversation, generation["id"])
                continue  # told by the socket, exactly
            shown.text, shown.status = message["text"], message["status"]
            shown.generation = generation["id"]
            shown.actions = generation["actions"]
        self._unread.discard(conversation)
        if isinstance(self._line, HttpLine):
            self._line.begin_at(conversation, _last_id(whole["messages"]))
        await self._say(self._follow(conversation))

    def _get(self, path: str) -> dict[str, Any]:
        asking = Request(f"{self._origin}{path}", headers=self._headers)  # noqa: S310  (our own)
        with urlopen(asking, timeout=SILENCE) as answer:  # noqa: S310
            body: dict[str, Any] = json.load(answer)
        return body


def _last_id(messages: list[dict[str, Any]]) -> str:
    """That of the newest answer; of one that is being written nothing has been heard."""
    answers = [each for each in messages if each["role"] == "assistant"]
    live = [each for each in answers if each["status"] in {"pending", "streaming"}]
    newest = (live or answers)[-1]["generation"]
    return f"{newest['id']}:{0 if live else newest['seq']}"
