"""Converse: the steps of a reply folded into one JSON document."""

import asyncio

from . import frames
from .folding import Folded
from .history import Call
from .http import Exchange
from .pacer import Pacer
from .performing import JSON, Performance, is_delta
from .refusals import ServiceError, code_of
from .steps import Event, HalfDocument, Paced, Raw, Stamped, Step, StreamError, StreamFault


class Converse(Performance):
    """`folded` grows with the events; it is sent at the end."""

    def __init__(self, exchange: Exchange, call: Call, pacer: Pacer, pace: float) -> None:
        super().__init__(exchange, call, pacer, pace)
        self.folded = Folded()

    def body(self) -> bytes:
        return frames.dump(self.folded.document())

    def headers(self) -> list[tuple[str, str]]:
        return [("content-type", JSON), ("x-amzn-requestid", self.call.request_id)]

    async def play(self, step: Step) -> bool:
        match step:
            case Event():
                self._fold(step)
            case Paced(events, pace):
                for event in events:
                    self._fold(event)
                pace = self.pace if pace is None else pace
                if pace > 0:
                    await asyncio.sleep(sum(is_delta(e.kind) for e in events) / pace)
            case Stamped(deltas, _, size):
                text = {"text": "." * (deltas * size)}
                self._fold(Event("contentBlockDelta", {"contentBlockIndex": 0, "delta": text}))
            case Raw(data):
                self._respond(data)
                return True
            case HalfDocument():
                whole = self.body()
                self._respond(whole[: len(whole) // 2])
                return True
        return False

    def fail(self, step: StreamFault | StreamError) -> None:
        if isinstance(step, StreamError):
            raise ServiceError(step.code, step.message, 500)
        raise ServiceError(code_of(step.kind), step.message)

    def end(self) -> None:
        self._respond(self.body())

    def cut(self, *, reset: bool) -> None:
        if self.folded.empty or reset:
            self.exchange.cut(reset=reset)
        else:
            body = self.body()
            self.exchange.respond(200, self.headers(), body[: len(body) // 2], claimed=len(body))

    def _fold(self, event: Event) -> None:
        self.call.deltas += is_delta(event.kind)
        self.folded.add(event)

    def _respond(self, body: bytes) -> None:
        self.exchange.respond(200, self.headers(), body)
