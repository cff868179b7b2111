"""Which of Bedrock's four ways of asking a model is taken; nothing above knows the difference."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from streaming.bedrock.call import Call
from streaming.bedrock.converse import Converse, ConverseStream
from streaming.bedrock.errors import BedrockError
from streaming.bedrock.events import MessageStop, Metadata, TextDelta, Usage
from streaming.bedrock.native.families import dialect_of
from streaming.bedrock.native.invoke import Invoke, InvokeStream
from streaming.bedrock.request import Request

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


@dataclass(frozen=True, slots=True)
class Way:
    """How a model is asked: in Converse's form or in its provider's own, streaming or in one piece.

    `family` is the id that tells the dialect where the model's own id does not, as of an ARN.
    """

    native: bool = False
    streams: bool = True
    family: str = ""

    def goes_on(self, model_id: str, *, with_converse: bool) -> bool:
        """Whether the model goes on with the beginning of an answer, asked in this way.

        `with_converse`: whether it does with Converse. A prompt is gone on with in any case.
        """
        if not self.native:
            return with_converse
        with suppress(BedrockError):  # told when it is asked
            goes_on = dialect_of(self.family or model_id).goes_on
            return with_converse if goes_on is None else goes_on
        return False


CONVERSE_STREAM: Final = Way()


def ask(
    client: "BedrockRuntimeClient",
    request: Request,
    way: Way = CONVERSE_STREAM,
    *,
    whole: bool = False,
) -> Call:
    """The call that asks this; it is sent when it is iterated over.

    `whole`: in one piece though the model streams, where nobody watches. Raises BedrockError
    ("unsupported_…") where the dialect does not exist, or cannot say what the request holds.
    """
    whole = whole or not way.streams
    if not way.native:
        return Converse(client, request) if whole else ConverseStream(client, request)
    dialect = dialect_of(way.family or request.model_id)()
    if whole or not dialect.streams:
        return Invoke(client, request, dialect)
    return InvokeStream(client, request, dialect)


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer in one piece. `text` can be empty."""

    text: str
    stop_reason: str
    usage: Usage


def complete(
    client: "BedrockRuntimeClient", request: Request, way: Way = CONVERSE_STREAM
) -> Completion:
    """Asks once and waits for the whole answer. Raises BedrockError."""
    texts: list[str] = []
    stop_reason, usage = "", Usage()
    for event in ask(client, request, way, whole=True):
        match event:
            case TextDelta():
                texts.append(event.text)
            case MessageStop():
                stop_reason = event.stop_reason
            case Metadata():
                usage = event.usage
    return Completion("".join(texts), stop_reason, usage)
