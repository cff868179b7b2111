"""How a server process ends without losing anything: SIGTERM, then a few seconds of grace.

Not ready any more; nothing new begins here; sockets are closed with 4001, a few at a time, those
whose answer is written here last; what is still being written when the grace is over is saved and
let go, so that another process goes on with it. Only then does the server end in its own way.

Daphne has no lifespan events and closes nothing politely, uvicorn closes with a code of its own:
both install their handler of SIGTERM when they start, so this one is put before theirs with the
first call, which comes after that.
"""

from __future__ import annotations

import asyncio
import math
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

import structlog

from streaming import protocol

if TYPE_CHECKING:
    from streaming.engine import Engine
    from streaming.relay import Socket

log = structlog.get_logger(__name__)

STEP = 0.02  # seconds between two looks
GOODBYE_SECONDS = 6.0  # for the close frames to be answered, by slow clients too

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Draining:
    """The outermost ASGI application of a server process. ``grace``: seconds.

    ``on_asked`` is called when nothing new begins here any more.
    """

    def __init__(
        self,
        application: Application,
        engine: Engine,
        grace: float,
        on_asked: Callable[[], None] = lambda: None,
    ) -> None:
        self._application = application
        self._engine = engine
        self._grace = grace
        self._on_asked = on_asked
        self._calls = 0  # requests and sockets that are open
        self._loop: asyncio.AbstractEventLoop | None = None
        self._servers_own: Any = None
        self._asked = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._listen()
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._asked and scope["type"] == "http" and scope["path"] == "/readyz":
            await _answer_not_ready(send)
        else:
            # No path of ours is below another one. Daphne believes a header of the client's here.
            scope["root_path"] = ""
            self._calls += 1
            try:
                await self._application(scope, receive, send)
            finally:
                self._calls -= 1

    # --- being asked --------------------------------------------------------------------------

    def _listen(self) -> None:
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            self._servers_own = signal.signal(signal.SIGTERM, self._sigterm)

    def _sigterm(self, number: int, frame: Any) -> None:
        if self._asked or self._loop is None:
            self._leave()  # asked twice: whoever asks is in a hurry
            return
        self._asked = True
        self._loop.call_soon_threadsafe(self._spawn, self._drain_and_leave())

    def _leave(self) -> None:
        """Let the server end in its own way."""
        own = signal.SIG_DFL if self._servers_own is None else self._servers_own
        signal.signal(signal.SIGTERM, own)
        signal.raise_signal(signal.SIGTERM)

    async def _live(self, receive: Receive, send: Send) -> None:
        """The lifespan of servers that have one: they may end for other reasons than SIGTERM."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self._engine.stop)
        await send({"type": "lifespan.shutdown.complete"})

    # --- ending -------------------------------------------------------------------------------

    async def _drain_and_leave(self) -> None:
        try:
            await self._drain()
        finally:
            self._leave()

    async def _drain(self) -> None:
        engine = self._engine
        log.info("draining", sockets=len(engine.relay.sockets), generations=engine.pump.running)
        now = asyncio.get_running_loop().time
        deadline = now() + self._grace
        # In threads: they wait for other threads and for the database, and sockets are served on.
        await asyncio.to_thread(engine.close_door)
        await asyncio.to_thread(self._on_asked)
        await self._close_sockets(now(), deadline)
        await _until(lambda: not engine.busy and not self._calls, deadline)
        left = engine.pump.running
        await asyncio.to_thread(engine.stop)
        await _until(lambda: not self._calls, now() + GOODBYE_SECONDS)
        log.info("drained", handed_over=left, still_open=self._calls)

    async def _close_sockets(self, began: float, deadline: float) -> None:
        """Those that wait for nothing in the first half, all others by the end of the grace.

        A few at a time, so that not everybody comes back in the same moment.
        """
        now = asyncio.get_running_loop().time
        half, last = began + self._grace / 2, deadline - self._grace / 5
        written_here = self._engine.pump.generations
        while sockets := self._engine.relay.sockets:
            quiet = [each for each in sockets if not each.follower.attached & written_here]
            waiting, until = (quiet, half) if now() < last else (list(sockets), deadline)
            some = math.ceil(len(waiting) * STEP / max(until - now(), STEP))
            self._close(waiting[:some])
            await asyncio.sleep(STEP)

    def _close(self, sockets: Iterable[Socket]) -> None:
        for socket in sockets:
            # A client that does not read must not hold up the others' close.
            self._spawn(socket.end(protocol.RESTARTING))

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _until(done: Callable[[], bool], deadline: float) -> None:
    now = asyncio.get_running_loop().time
    while now() < deadline and not done():  # noqa: ASYNC110  (threads end without a word to loops)
        await asyncio.sleep(STEP)


async def _answer_not_ready(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b"not ready: stopping\n"})
