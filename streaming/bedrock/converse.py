"""Converse and ConverseStream: one form of request and answer for all models that take it."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from streaming.bedrock.call import Call, StreamCall, started
from streaming.bedrock.events import Event
from streaming.bedrock.frames import Frame
from streaming.bedrock.request import Request
from streaming.bedrock.whole import read_whole
from streaming.bedrock.wire import read_event

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


class ConverseStream(StreamCall):
    """The answer as it is written."""

    member = "stream"

    def __init__(self, client: "BedrockRuntimeClient", request: Request) -> None:
        super().__init__(client)
        self._request = request

    def _send(self) -> Any:
        arguments = self._request.as_converse_stream()
        del self._request  # with its files it can be 18 MB, and answers take minutes
        return self._client.converse_stream(**arguments)

    def _understand(self, frame: Frame) -> Iterable[Event]:
        event = read_event(frame)
        return () if event is None else (event,)


class Converse(Call):
    """The answer in one piece, for models that do not stream and where nobody watches."""

    def __init__(self, client: "BedrockRuntimeClient", request: Request) -> None:
        super().__init__(client)
        self._request = request

    def _send(self) -> Any:
        arguments = self._request.as_converse()
        del self._request
        return self._client.converse(**arguments)

    def _read(self, response: Any) -> Iterator[Event]:
        yield started(response)
        yield from read_whole(response)
