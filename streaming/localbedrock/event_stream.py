"""A streamed answer: the steps of a reply as frames of a chunked body."""

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence

from . import frames
from .pacer import SLOT, Player
from .performing import Performance, is_delta
from .refusals import ServiceError, code_of
from .steps import Event, HalfDocument, Open, Paced, Raw, Stamped, Step, StreamError, StreamFault

# "At once" means so many frames in one write, so that a client that does not read holds up the
# rest.
_BATCH = 64
# How soon to look again whether a clogged client reads on.
_CLOGGED = 4 * SLOT


class EventStream(Performance):
    """What ConverseStream and InvokeModelWithResponseStream have in common."""

    @abstractmethod
    def frames_of(self, event: Event) -> bytes:
        """The frames for one event, b"" where it has none."""

    def stamped(self, text: str) -> bytes:
        """A text delta, for measuring."""
        delta = {"contentBlockIndex": 0, "delta": {"text": text}}
        return self.frames_of(Event("contentBlockDelta", delta))

    def rest(self) -> bytes:
        """What was held back of the answer so far."""
        return b""

    def headers(self) -> list[tuple[str, str]]:
        return [
            ("content-type", frames.CONTENT_TYPE),
            ("x-amzn-requestid", self.call.request_id),
        ]

    async def play(self, step: Step) -> bool:
        match step:
            case Open():
                self._open()
            case Event():
                self._write([step])
                await self.exchange.drain()
            case Paced(events, pace):
                await self._play_events(events, self.pace if pace is None else pace)
            case Stamped():
                await self.pacer.play(self._stamping(step))
            case Raw():
                self._open()
                self.exchange.write(self.raw(step))
            case HalfDocument():
                self._open()
                whole = frames.event("contentBlockStop", {"contentBlockIndex": 0})
                self.exchange.write(whole[: len(whole) // 2])
                self.exchange.finish()
                return True
        return False

    def raw(self, step: Raw) -> bytes:
        return step.data

    def refuse(self, error: ServiceError) -> None:
        if not self.exchange.started:
            raise error
        self.fail(StreamFault(error.code[:1].lower() + error.code[1:], error.message))

    def fail(self, step: StreamFault | StreamError) -> None:
        self._open()
        self.settle()
        if isinstance(step, StreamError):
            self.exchange.write(frames.error(step.code, step.message))
        else:
            message = step.message or ServiceError(code_of(step.kind)).message
            self.exchange.write(frames.exception(step.kind, {"message": message} | step.members))
        self.exchange.finish()

    def end(self) -> None:
        self._open()
        self.settle()
        self.exchange.finish()

    def settle(self) -> None:
        if self.exchange.started:
            self.exchange.write(self.rest())

    def _open(self) -> None:
        if not self.exchange.started:
            self.exchange.start(self.headers())

    def _write(self, events: Sequence[Event]) -> None:
        self._open()
        self.exchange.write(b"".join(self.frames_of(event) for event in events))
        self.call.deltas += sum(is_delta(e.kind) for e in events)

    async def _play_events(self, events: Sequence[Event], pace: float) -> None:
        if pace > 0:
            await self.pacer.play(self._pacing(events, pace))
            return
        for start in range(0, len(events), _BATCH):
            self._write(events[start : start + _BATCH])
            await self.exchange.drain()

    def _pacing(self, events: Sequence[Event], pace: float) -> Player:
        """One delta at a time, with what comes before it; the rest goes along at the end."""
        groups = _groups_by_delta(events)

        def send(number: int) -> bool:
            if number < len(groups):
                self._write(groups[number])
            return number + 1 < len(groups)

        return self._evenly(pace, send)

    def _stamping(self, step: Stamped) -> Player:
        self._open()

        def send(number: int) -> bool:
            text = f"{time.monotonic_ns() // 1000} ".ljust(step.size, ".")
            self.exchange.write(self.stamped(text))
            self.call.deltas += 1
            return number + 1 < step.deltas

        return self._evenly(step.pace, send)

    def _evenly(self, pace: float, send: Callable[[int], bool]) -> Player:
        """Calls `send` with 0, 1, 2 … at the pace, without drifting, while the client reads."""
        first: float | None = None
        number = 0

        def play(now: float) -> float | None:
            nonlocal first, number
            if self.exchange.clogged:
                return now + _CLOGGED
            if first is None:
                first = now
            if not send(number):
                return None
            number += 1
            return first + number / pace

        return play


def _groups_by_delta(events: Sequence[Event]) -> list[list[Event]]:
    groups: list[list[Event]] = [[]]
    for event in events:
        groups[-1].append(event)
        if is_delta(event.kind):
            groups.append([])
    return [group for group in groups if group]
