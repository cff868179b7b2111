"""InvokeModelWithResponseStream: each event is a chunk with the provider's own JSON, or several."""

from . import frames
from .event_stream import EventStream
from .history import Call
from .http import Exchange
from .native import dialect_of
from .pacer import Pacer
from .performing import JSON
from .steps import Event, Raw


class InvokeModelWithResponseStream(EventStream):
    def __init__(self, exchange: Exchange, call: Call, pacer: Pacer, pace: float) -> None:
        super().__init__(exchange, call, pacer, pace)
        self._writer = dialect_of(call).writer(call)

    def frames_of(self, event: Event) -> bytes:
        return b"".join(frames.chunk(frames.dump(c)) for c in self._writer.chunks(event))

    def rest(self) -> bytes:
        return b"".join(frames.chunk(frames.dump(c)) for c in self._writer.rest())

    def headers(self) -> list[tuple[str, str]]:
        return [*super().headers(), ("x-amzn-bedrock-content-type", JSON)]

    def raw(self, step: Raw) -> bytes:
        return step.data if step.chunk is None else step.chunk
