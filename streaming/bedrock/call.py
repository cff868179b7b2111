"""One call to a model: sent once, read once, ended from any thread.

What stopping, failing and ending mean is the same for all of Bedrock's operations and is said
here; what is sent and how an answer is read is said by the classes of each.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from streaming.bedrock.connection import Line
from streaming.bedrock.errors import FAILURES, Aborted, BedrockError, map_error
from streaming.bedrock.events import Event, MessageStop, Started
from streaming.bedrock.frames import Frame, read_frames

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

log = logging.getLogger(__name__)

# The usage follows the messageStop within milliseconds, or not at all; people wait for `finished`.
METADATA_WAIT: Final = 5.0


class Call(ABC):
    """One answer of a model, read once by iterating over its events.

    The request is sent when the iteration begins, once, whatever comes of it. Iterating ends
    after MessageStop (and Metadata, where it comes soon), or raises BedrockError, or Aborted
    after `abort()`. The connection is closed (or, read to its end, kept for the next call) in each
    case, and when the iterator itself is closed.
    """

    def __init__(self, client: "BedrockRuntimeClient") -> None:
        self._client = client
        self._line = Line()

    def abort(self) -> None:
        """Ends the iteration, from any thread, in milliseconds, and with it the call.

        Also while the call waits for its response; only while it connects does it end when the
        connection is there (or its timeout over), before anything is sent.
        """
        self._line.abort()

    def __iter__(self) -> Generator[Event, None, None]:
        whole = False
        try:
            for event in self._events():
                whole = whole or type(event) is MessageStop
                yield event
        except FAILURES as error:
            if self._line.aborted:
                raise Aborted from None
            failure = map_error(error)
            if not whole:
                raise failure from None
            # The text is complete; only the usage is missing.
            log.warning("stream broke after messageStop: %s", failure.code)
        if self._line.aborted:
            raise Aborted
        if not whole:
            # A body can end properly, or be cut between two frames, without any exception.
            raise BedrockError(
                "model_stream_error", retryable=True, cause="the stream ended without messageStop"
            )

    def _events(self) -> Iterator[Event]:
        if self._line.aborted:
            raise Aborted
        with self._line.dialling():
            response = self._send()
        yield from self._read(response)

    @abstractmethod
    def _send(self) -> Any:
        """Asks with the client's method, and returns its response."""

    @abstractmethod
    def _read(self, response: Any) -> Iterator[Event]:
        """The events of the response, beginning with Started. Raises any of FAILURES."""


class StreamCall(Call):
    """A call whose answer comes as an event stream."""

    # The member of the response that holds the stream.
    member: str

    def _read(self, response: Any) -> Iterator[Event]:
        # boto3 offers no other way to the connection, nor to events that it does not know.
        body = response[self.member]._raw_stream
        with closing(body), self._line.connected(body.shutdown):
            yield started(response)
            for frame in read_frames(body.stream()):
                if self._line.aborted:
                    raise Aborted
                for event in self._understand(frame):
                    if type(event) is MessageStop:
                        _wait_at_most(body, METADATA_WAIT)
                    yield event

    @abstractmethod
    def _understand(self, frame: Frame) -> Iterable[Event]:
        """What one frame says. Raises BedrockError, and ValueError where it is no JSON."""


def started(response: Any) -> Started:
    return Started(response["ResponseMetadata"].get("RequestId", ""))


def _wait_at_most(body: Any, seconds: float) -> None:
    """Shortens the read timeout of this response; the connection's next call sets its own."""
    if body.connection is not None and body.connection.sock is not None:
        body.connection.sock.settimeout(seconds)
