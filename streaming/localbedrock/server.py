"""The endpoint itself: a server on an event loop of its own."""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar, cast

from .demonstration import Demonstration, is_background
from .history import Call, History
from .http import Connection
from .models import LOCAL_MODEL
from .operations import Operations
from .pacer import Pacer
from .prompt_cache import PromptCache
from .queue import Enqueued
from .steps import Refusal, Reply, Script, Step
from .upstream import Upstream

Enqueueable = TypeVar("Enqueueable", bound=Reply | Step)


class LocalBedrock:
    """A local endpoint that speaks Bedrock's wire protocol.

    As a context manager it serves in a thread: give `url` to boto3 as `endpoint_url` (of
    "bedrock-runtime" and "bedrock"). `port` 0 takes a free one. `pace` is the demonstration's, in
    deltas per second (0: all at once), `first_after` its seconds to the first event. `history` are
    the calls that run a model, `counts` those of CountTokens; `keep` limits how many of each are
    remembered. At `model_url` a server that speaks as OpenAI's does has a real model (of this
    `model_name`, or the first that it lists): it answers for `local.model-v1:0`. Raises ValueError
    where that is no address, and OSError where the address cannot be bound.
    """

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        pace: float = 0.0,
        first_after: float = 0.0,
        keep: int | None = None,
        model_url: str = "",
        model_name: str = "",
    ) -> None:
        self.host = host
        self.port = port
        self.pace = pace
        self.history = History(keep)
        self.counts = History(keep)
        self._enqueued = Enqueued()
        self._cache = PromptCache()
        self._upstream = Upstream(model_url, model_name) if model_url else None
        self._demonstration = Demonstration(first_after)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: OSError | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def enqueue(
        self,
        reply: Enqueueable,
        *,
        model: str | None = None,
        match: str | None = None,
        operation: str | None = None,
        times: int = 1,
    ) -> Enqueueable:
        """Answer the next call, or the next `times`, with this reply or single step; gives it back.

        Only a call of this `model` (exact id), with `match` in its newest user text and of this
        `operation` ("Converse", "ConverseStream") takes it. A request for a title takes only what
        has an `operation` or a `match`, and one for a summary likewise, so that what a chat does in
        the background does not take what is meant for the next answer.
        """
        entry = cast(Reply, reply) if hasattr(reply, "steps") else Script(cast(Step, reply))
        self._enqueued.put(entry, model=model, match=match, operation=operation, times=times)
        return reply

    def reset(self) -> None:
        """Forget the calls, the replies that nobody has asked for and the prompt cache; from any
        thread.
        """
        self.history.clear()
        self.counts.clear()
        self._enqueued.clear()
        self._cache.clear()

    @property
    def pending(self) -> int:
        """How many enqueued replies no call has taken."""
        return len(self._enqueued)

    def __enter__(self) -> "LocalBedrock":
        self._thread = threading.Thread(target=self._run, name="local-bedrock", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """End serving; from any thread. Connections that are open are broken."""
        if self._loop is not None and self._over is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._over.set)

    async def serve(self, listening: Callable[[], None] = lambda: None) -> None:
        """Serve on the running loop until close(); `listening` is called when the port is open."""
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        pacer = Pacer(self._loop)
        operations = Operations(
            self._choose, self._record, self._local_model, self._cache, pacer, self.pace
        )
        connections: set[Connection] = set()
        server = await self._loop.create_server(
            lambda: Connection(operations.handle, connections), self.host, self.port, backlog=1024
        )
        self.port = server.sockets[0].getsockname()[1]
        listening()
        try:
            await self._over.wait()
        finally:
            server.close()
            for connection in list(connections):
                connection.close()

    def _run(self) -> None:
        try:
            asyncio.run(self.serve(self._ready.set))
        except OSError as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _local_model(self) -> str | None:
        return None if self._upstream is None else await self._upstream.name()

    def _record(self, call: Call) -> None:
        (self.counts if call.operation == "CountTokens" else self.history).add(call)

    def _choose(self, call: Call) -> Reply:
        if call.operation == "CountTokens":
            return self._enqueued.take_for_operation(call) or Script()
        prepared = self._enqueued.take(call, only_bound=is_background(call))
        if prepared is None and call.model_id == LOCAL_MODEL.id:
            return self._upstream or Script(Refusal("ResourceNotFoundException"))
        return prepared or self._demonstration.reply(call)
