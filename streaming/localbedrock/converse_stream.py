"""ConverseStream: each event is a frame."""

from . import frames
from .event_stream import EventStream
from .steps import Event


class ConverseStream(EventStream):
    def frames_of(self, event: Event) -> bytes:
        return frames.event(event.kind, event.payload)

    def stamped(self, text: str) -> bytes:
        return frames.text_delta(0, text)
