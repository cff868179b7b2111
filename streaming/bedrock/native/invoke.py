"""InvokeModel and InvokeModelWithResponseStream: a body in a provider's dialect, and its answer."""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from streaming.bedrock.call import Call, StreamCall, started
from streaming.bedrock.events import Event, Unknown
from streaming.bedrock.frames import Frame
from streaming.bedrock.loose import Json
from streaming.bedrock.native.dialect import Dialect
from streaming.bedrock.native.metrics import Additions
from streaming.bedrock.request import Request
from streaming.bedrock.wire import other_message

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


class InvokeStream(StreamCall):
    """The answer as it is written. Raises BedrockError for what the dialect cannot say."""

    member = "body"

    def __init__(self, client: "BedrockRuntimeClient", request: Request, dialect: Dialect) -> None:
        super().__init__(client)
        self._arguments = _arguments(request, dialect.when_streaming, dialect)
        self._dialect = dialect
        self._additions = Additions()

    def _send(self) -> Any:
        arguments = self._arguments
        del self._arguments  # with files it can be 25 MB, and answers take minutes
        return self._client.invoke_model_with_response_stream(**arguments)

    def _understand(self, frame: Frame) -> Iterable[Event]:
        if frame.headers.get(":message-type") != "event":
            return (other_message(frame),)
        envelope = _object(frame.payload)
        encoded = envelope.get("bytes")
        kind = frame.headers.get(":event-type", "")
        if kind != "chunk" or not isinstance(encoded, str):
            envelope.pop("p", None)
            return (Unknown(kind, envelope),)
        chunk = _object(b64decode(encoded))
        self._additions.take(chunk)
        # A chunk with nothing else in it is Bedrock's own.
        return self._additions.completed(self._dialect.events(chunk) if chunk else ())


class Invoke(Call):
    """The answer in one piece. Raises BedrockError for what the dialect cannot say."""

    def __init__(self, client: "BedrockRuntimeClient", request: Request, dialect: Dialect) -> None:
        super().__init__(client)
        self._arguments = _arguments(request, {}, dialect)
        self._dialect = dialect

    def _send(self) -> Any:
        arguments = self._arguments
        del self._arguments
        return self._client.invoke_model(**arguments)

    def _read(self, response: Any) -> Iterator[Event]:
        stream = response["body"]
        with closing(stream), self._line.connected(stream._raw_stream.shutdown):
            yield started(response)
            body = _object(stream.read())
        additions = Additions()
        additions.take_headers(response["ResponseMetadata"].get("HTTPHeaders", {}))
        additions.take(body)
        yield from additions.completed(self._dialect.whole(body))


def _arguments(request: Request, besides: Json, dialect: Dialect) -> dict[str, Any]:
    body = dialect.request(request) | dialect.additional(request) | besides
    arguments: dict[str, Any] = {
        "modelId": request.model_id,
        "body": json.dumps(body).encode(),
        "contentType": "application/json",
        "accept": "application/json",
    }
    if request.guardrail is not None:
        arguments |= request.guardrail.as_invoke()
    return arguments


def _object(document: bytes) -> Json:
    parsed = json.loads(document.decode())
    return parsed if type(parsed) is dict else {"value": parsed}
