"""An answer that a test writes step by step while the client reads it."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any

from .history import Call
from .steps import Cut, End, Event, HalfDocument, Open, Raw, Refusal, Step, StreamFault


class Controlled:
    """Enqueue it, then call its methods from the test, in any thread.

    `started` is set when the call has arrived (`call` is then known). Headers and messageStart go
    out at once, with `hold=True` only at `open()` or the first piece. What is emitted before the
    call arrives is sent when it does.
    """

    def __init__(self, *, hold: bool = False) -> None:
        self.started = threading.Event()
        self.call: Call | None = None
        self._hold = hold
        self._opened = False
        self._waiting: deque[Step] = deque()
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._more: asyncio.Event | None = None
        self._block = 0
        self._kind: str | None = None

    @property
    def disconnected(self) -> threading.Event:
        """Set when the client closed before the end; only after `started`."""
        return self._known_call().disconnected

    @property
    def ended(self) -> threading.Event:
        """Set when nothing more will be sent; only after `started`."""
        return self._known_call().ended

    def open(self) -> None:
        """Send the headers and messageStart."""
        with self._lock:
            if self._opened:
                return
            self._opened = True
            self._put(Open(), Event("messageStart", {"role": "assistant"}))

    def emit(self, text: str) -> None:
        """One text delta."""
        self._delta("text", {"text": text})

    def reason(self, text: str) -> None:
        """One delta of reasoning."""
        self._delta("reasoning", {"reasoningContent": {"text": text}})

    def next_block(self) -> None:
        """What comes next stands in a content block of its own."""
        self._close_block()

    def sign(self, signature: str) -> None:
        """The signature of the reasoning."""
        self._delta("reasoning", {"reasoningContent": {"signature": signature}})

    def stop(
        self,
        stop_reason: str = "end_turn",
        *,
        metadata: bool = True,
        fields: dict[str, Any] | None = None,
    ) -> None:
        """messageStop, and unless `metadata` is False also metadata() and with it the end."""
        self.open()
        self._close_block()
        payload: dict[str, Any] = {"stopReason": stop_reason}
        if fields is not None:
            payload["additionalModelResponseFields"] = fields
        self._put(Event("messageStop", payload))
        if metadata:
            self.metadata()

    def metadata(
        self,
        input_tokens: int = 10,
        output_tokens: int = 5,
        *,
        latency_ms: int = 300,
        trace: dict[str, Any] | None = None,
        **usage: int,
    ) -> None:
        """metadata with these figures (`cacheReadInputTokens=…` by keyword), and the end."""
        counted = {
            "inputTokens": input_tokens,
            "outputTokens": output_tokens,
            "totalTokens": input_tokens + output_tokens,
        }
        payload: dict[str, Any] = {"usage": counted | usage, "metrics": {"latencyMs": latency_ms}}
        if trace is not None:
            payload["trace"] = trace
        self._put(Event("metadata", payload), End())

    def event(self, kind: str, payload: dict[str, Any]) -> None:
        """Any event, known or not."""
        self.open()
        self._put(Event(kind, payload))

    def raw(self, data: bytes) -> None:
        """Bytes in the place of a frame."""
        self.open()
        self._put(Raw(data))

    def refuse(self, code: str = "ThrottlingException", message: str = "") -> None:
        """An HTTP error instead of a stream; needs `hold=True`."""
        self._put(Refusal(code, message))

    def fail(self, kind: str = "modelStreamErrorException", message: str = "") -> None:
        """An exception inside the stream."""
        self.open()
        self._put(StreamFault(kind, message))

    def cut(self, *, reset: bool = False, inside_frame: bool = False) -> None:
        """The connection breaks, in mid-frame if wanted; before the headers only if held."""
        if inside_frame or not self._hold:
            self.open()
        if inside_frame:
            self._put(Raw(b"\x00\x00\x00\xaa\x00\x00"))
        self._put(Cut(reset))

    def end(self, *, inside_frame: bool = False) -> None:
        """The body ends properly, without messageStop unless stop() was called."""
        self._put(HalfDocument() if inside_frame else End())

    async def steps(self, call: Call) -> AsyncGenerator[Step, None]:
        with self._lock:
            self._loop, self._more = asyncio.get_running_loop(), asyncio.Event()
        self.call = call
        if not self._hold:
            self.open()
        self.started.set()
        while True:
            self._more.clear()
            while self._waiting:
                yield self._waiting.popleft()
            await self._more.wait()

    def _delta(self, kind: str, delta: dict[str, Any]) -> None:
        self.open()
        if self._kind != kind:
            self._close_block()
            self._kind = kind
        self._put(Event("contentBlockDelta", {"contentBlockIndex": self._block, "delta": delta}))

    def _close_block(self) -> None:
        if self._kind is not None:
            self._put(Event("contentBlockStop", {"contentBlockIndex": self._block}))
            self._block += 1
            self._kind = None

    def _put(self, *steps: Step) -> None:
        with self._lock:
            self._waiting.extend(steps)
            if self._loop is not None and self._more is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._more.set)

    def _known_call(self) -> Call:
        if self.call is None:
            raise RuntimeError("The call has not arrived yet: wait for `started` first.")
        return self.call
