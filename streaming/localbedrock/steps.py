"""What can happen to one response, one thing after the other.

A reply is a series of steps. The operations (ConverseStream, InvokeModel …) turn the same
steps into their own bytes, so every answer and every fault works for each of them.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .history import Call

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Open:
    """Send status 200 and the headers now. Without it they go out with the first event."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing happens for so many seconds; before `Open` the headers wait too."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Event:
    """One event of ConverseStream, by its name and members (without padding)."""

    kind: str
    payload: Json


@dataclass(frozen=True, slots=True)
class Paced:
    """Events at a pace: so many deltas a second (0: at once, None: the endpoint's own pace)."""

    events: Sequence[Event]
    pace: float | None = None


@dataclass(frozen=True, slots=True)
class Stamped:
    """For measuring: text deltas that begin with the time of sending (CLOCK_MONOTONIC, µs)."""

    deltas: int
    pace: float
    size: int = 24


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error before the stream begins: HTTP status, x-amzn-errortype and message."""

    code: str
    message: str = ""
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StreamFault:
    """An exception inside the stream, after HTTP 200; the body ends with it."""

    kind: str
    message: str = ""
    members: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamError:
    """An error inside the stream that the service's model does not name; the body ends with it."""

    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are, in the place of a frame.

    `chunk`: those of InvokeModelWithResponseStream, where they are others.
    """

    data: bytes
    chunk: bytes | None = None


@dataclass(frozen=True, slots=True)
class HalfDocument:
    """The body ends properly in the middle of a frame; of Converse, in the middle of the JSON."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks; with `reset` by RST instead of FIN."""

    reset: bool = False


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing more comes, and the connection stays open. Alone: no headers either."""


@dataclass(frozen=True, slots=True)
class End:
    """The body ends properly here, whether or not there was a messageStop."""


Step = (
    Open
    | Wait
    | Event
    | Paced
    | Stamped
    | Refusal
    | StreamFault
    | StreamError
    | Raw
    | HalfDocument
    | Cut
    | Stall
    | End
)


class Reply(Protocol):
    """Whatever can answer a call."""

    def steps(self, call: Call) -> AsyncGenerator[Step, None]:
        """The steps of the response to this call; called once per call, on the endpoint's loop."""


@dataclass(frozen=True)
class Script:
    """A reply of exactly these steps, for what no Answer can say."""

    parts: tuple[Step, ...]

    def __init__(self, *parts: Step) -> None:
        object.__setattr__(self, "parts", parts)

    async def steps(self, call: Call) -> AsyncGenerator[Step, None]:
        for part in self.parts:
            yield part
