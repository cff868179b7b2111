"""A browser's line over HTTP: commands are calls, updates are server-sent events (R98).

As docs/protocol.md has it and nothing more. Each conversation has a response that is read; when it
ends or breaks, the next one goes on behind the last id. The first one of a new conversation is that
of the call that began it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import h11

from tests.faults.over_socket import AWAY, OPENING, SILENCE

EVENTS = "text/event-stream"
TOKEN = "a" * 32  # of CSRF: any secret will do that cookie and header agree on
PAUSE = 0.3  # seconds


class Event(NamedTuple):
    id: str
    frame: str


class Answer:
    """A response as it comes in; ends with an error where it was cut short."""

    def __init__(self, machine: h11.Connection, reader: asyncio.StreamReader) -> None:
        self._machine = machine
        self._reader = reader
        self.status = 0

    async def head(self) -> None:
        async with asyncio.timeout(OPENING):
            while not isinstance(event := await self._next(), h11.Response):
                pass
        self.status = event.status_code

    async def pieces(self) -> AsyncIterator[bytes]:
        while True:
            async with asyncio.timeout(SILENCE):
                event = await self._next()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return

    async def json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(b"".join([piece async for piece in self.pieces()]))
        return told

    async def events(self) -> AsyncIterator[Event]:
        kept = b""
        async for piece in self.pieces():
            *blocks, kept = (kept + piece).split(b"\n\n")
            for block in blocks:
                lines = (line.partition(": ") for line in block.decode().split("\n"))
                fields = {name: value for name, _, value in lines}
                if "data" in fields:
                    yield Event(fields.get("id", ""), fields["data"])

    async def _next(self) -> Any:
        while (event := self._machine.next_event()) is h11.NEED_DATA:
            self._machine.receive_data(await self._reader.read(16_384))
        if isinstance(event, h11.ConnectionClosed):
            raise EOFError
        return event


class HttpLine:
    """``last_ids``: of each conversation the last id that was seen; outlives this line.

    ``told``: is given the end that the answer to a stop may hold.
    """

    def __init__(
        self,
        origin: str,
        headers: dict[str, str],
        last_ids: dict[str, str],
        told: Callable[[dict[str, Any]], None],
    ) -> None:
        self._port = int(origin.rpartition(":")[2])
        cookies = f"{headers['Cookie']}; csrftoken={TOKEN}"
        self._headers = {
            **{"Host": origin.removeprefix("http://"), "Origin": origin, "Cookie": cookies},
            **{"X-CSRFToken": TOKEN, "Connection": "close"},
        }
        self._last_ids = last_ids
        self._told = told
        self._frames: asyncio.Queue[str | BaseException] = asyncio.Queue()
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._calls: dict[str, asyncio.Task[None]] = {}  # by what is not done twice at a time
        self._open: set[str] = set()  # conversations whose last response began well, and did end so

    async def __aenter__(self) -> HttpLine:
        for conversation in self._last_ids:
            self._read(conversation)
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [*self._readers.values(), *self._calls.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def frames(self) -> AsyncIterator[str]:
        while True:
            frame = await self._frames.get()
            if isinstance(frame, BaseException):
                raise frame
            yield frame

    def carries(self, conversations: Collection[str]) -> bool:
        return self._open.issuperset(conversations)

    def begin_at(self, conversation: str, last_id: str) -> None:
        """Everything up to this id is known already: follow the conversation from there."""
        self._last_ids[conversation] = last_id
        self._read(conversation)

    async def say(self, command: dict[str, Any]) -> None:
        match command["type"]:
            case "send" | "regenerate" | "continue":
                self._call(command["key"], self._begin(command))
            case "stop":
                self._call(command["ref"], self._stop(command))
            case "ping":
                self._tell({"type": "pong"})
            case "ack" | "follow":
                pass  # nobody acknowledges here, and what is followed is read already
            case kind:
                raise ValueError(kind)

    # --- reading ------------------------------------------------------------------------------

    def _read(self, conversation: str) -> None:
        before = self._readers.get(conversation)
        if before is not None and before is not asyncio.current_task():
            before.cancel()
        reading = self._watched(self._read_on(conversation))
        self._readers[conversation] = asyncio.create_task(reading)

    async def _read_on(self, conversation: str) -> None:
        while True:
            try:
                await self._read_one(conversation)
            except (*AWAY, TimeoutError):
                self._open.discard(conversation)
                await asyncio.sleep(PAUSE)

    async def _read_one(self, conversation: str) -> None:
        path = f"/conversations/{conversation}/events"
        after = {"Last-Event-ID": self._last_ids[conversation]}
        async with self._asked("GET", path, None, **after) as answer:
            if answer.status != 200:
                raise EOFError(await _refusal(answer))
            await self._take(conversation, answer.events())

    async def _take(self, conversation: str, events: AsyncIterator[Event]) -> None:
        async for event in events:
            kind = json.loads(event.frame)["type"]
            if kind in {"following", "accepted"}:
                self._open.add(conversation)
            if event.id:
                self._last_ids[conversation] = event.id
            self._frames.put_nowait(event.frame)

    # --- calling ------------------------------------------------------------------------------

    def _call(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        if name in self._calls:
            work.close()
            return
        task = asyncio.create_task(self._watched(work))
        self._calls[name] = task
        task.add_done_callback(lambda _: self._calls.pop(name, None))

    async def _begin(self, command: dict[str, Any]) -> None:
        path, body = _address(command)
        key = {"Idempotency-Key": command["key"]}
        async with self._asked("POST", path, body, **key) as answer:
            if answer.status != 200:
                return self._tell(await _refusal(answer), ref=command["ref"])
            events = answer.events()
            accepted = await anext(events, None)
            if accepted is None:
                raise EOFError  # the server ended before it had committed anything
            self._frames.put_nowait(accepted.frame)
            told = json.loads(accepted.frame)
            if told["type"] != "accepted":
                raise AssertionError(f"{told} before accepted")
            conversation = told["conversation"]
            if conversation in self._readers:
                return None  # where the rest comes, in order with all else
            self._last_ids[conversation] = accepted.id
            self._open.add(conversation)
            self._readers[conversation] = asyncio.current_task()  # type: ignore[assignment]
            try:
                await self._take(conversation, events)
            except (*AWAY, TimeoutError):
                self._open.discard(conversation)
        self._read(conversation)
        return None

    async def _stop(self, command: dict[str, Any]) -> None:
        async with self._asked("POST", f"/messages/{command['message']}/stop", {}) as answer:
            if answer.status != 200:
                return self._tell(await _refusal(answer), ref=command["ref"])
            told = await answer.json()
        if told["finished"] is not None:
            self._told(told["finished"])
        return self._tell({"type": "stopping"}, ref=command["ref"])

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, body: dict[str, Any] | None, **headers: str
    ) -> AsyncIterator[Answer]:
        async with asyncio.timeout(OPENING):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            data = b"" if body is None else json.dumps(body).encode()
            accept = "application/json" if path.endswith("/stop") else EVENTS
            said = {**self._headers, "Accept": accept, "Content-Length": str(len(data)), **headers}
            machine = h11.Connection(h11.CLIENT)
            request = h11.Request(method=method, target=f"/api/v1{path}", headers=[*said.items()])
            for part in (request, h11.Data(data), h11.EndOfMessage()):
                writer.write(machine.send(part) or b"")
            answer = Answer(machine, reader)
            await answer.head()
            yield answer
        finally:
            writer.close()

    # --- both ---------------------------------------------------------------------------------

    def _tell(self, update: dict[str, Any], **more: str) -> None:
        self._frames.put_nowait(json.dumps({**update, **more}))

    async def _watched(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (*AWAY, TimeoutError):
            pass  # a command without an answer is sent again by whoever gave it
        except Exception as error:  # noqa: BLE001  (a broken tab is told as one)
            self._frames.put_nowait(error)


def _address(command: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The path of a command's call, and its body: what path and headers do not say."""
    kind = command["type"]
    left_out = {"type", "key", "ref", "conversation", "message"}
    body = {name: value for name, value in command.items() if name not in left_out}
    if kind != "send":
        return f"/messages/{command['message']}/{kind}", body
    if "conversation" in command:
        return f"/conversations/{command['conversation']}/messages", body
    return "/messages", body


async def _refusal(answer: Answer) -> dict[str, Any]:
    """As the socket would say it; what the server under the product says by itself is no JSON."""
    try:
        error = (await answer.json())["error"]
    except ValueError:
        error = {"code": "internal", "detail": str(answer.status)}
    return {"type": "refused", "code": error["code"], "detail": error["detail"]}
