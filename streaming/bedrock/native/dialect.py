"""The shape that all dialects have, and what most of them share."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from streaming.bedrock.errors import BedrockError
from streaming.bedrock.events import (
    BlockStop,
    Event,
    MessageStop,
    Metadata,
    TextDelta,
    Unknown,
    Usage,
)
from streaming.bedrock.loose import Json, string
from streaming.bedrock.request import Request


class Dialect(ABC):
    """One provider's way to be asked and to answer. An object of it reads one answer.

    What a document lacks or has too much raises nothing: it is left out, or is Unknown. An answer
    without MessageStop was cut off, as with Converse.
    """

    streams: ClassVar[bool] = True
    # Whether a model goes on with the beginning of an answer; None: not all of its models do.
    goes_on: ClassVar[bool | None] = None
    # What a body has besides where the answer is to be streamed.
    when_streaming: ClassVar[Json] = {}

    @abstractmethod
    def request(self, request: Request) -> Json:
        """The body that asks this. Raises BedrockError for what the dialect cannot say."""

    def additional(self, request: Request) -> Json:
        """What only this model understands, as its body has it: mostly as Converse passes it on."""
        return request.additional

    @abstractmethod
    def events(self, chunk: Json) -> Iterator[Event]:
        """What a piece of the stream says. Raises BedrockError where it says that it failed."""

    @abstractmethod
    def whole(self, body: Json) -> Iterator[Event]:
        """The same of an answer in one piece."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one document of a dialect of plain text says. `stop` is the provider's own word."""

    text: str | None = None
    stop: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class TextDialect(Dialect):
    """A dialect that knows one text and nothing else: no blocks, no tools, no thoughts.

    `stop_reasons` translates its words into Bedrock's; a word that is not there stays as it is.
    `failures` are those that mean that the model failed.
    """

    stop_reasons: ClassVar[Mapping[str, str]] = {}
    failures: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self._input: int | None = None
        self._output: int | None = None
        self._stopped = False

    @abstractmethod
    def read(self, document: Json) -> Said | None:
        """What a chunk (or a whole body) says; None where it says nothing that is known."""

    def read_whole(self, body: Json) -> Said | None:
        """Most dialects answer in one piece as they would in one chunk."""
        return self.read(body)

    def events(self, chunk: Json) -> Iterator[Event]:
        return self._told(self.read(chunk), chunk)

    def whole(self, body: Json) -> Iterator[Event]:
        return self._told(self.read_whole(body), body)

    def _told(self, said: Said | None, document: Json) -> Iterator[Event]:
        if said is None:
            yield unknown(document)
            return
        if said.text is not None:
            yield TextDelta(said.text, 0)
        if said.stop in self.failures:
            raise BedrockError("model_error", retryable=True, cause=f"it ended with {said.stop}")
        if said.stop is not None:
            self._stopped = True
            yield BlockStop(0)
            yield MessageStop(self.stop_reasons.get(said.stop, said.stop), None)
        yield from self._counted(said)

    def _counted(self, said: Said) -> Iterator[Event]:
        """Each count may come in a chunk of its own, before the end, with it or after it."""
        known = self._input, self._output
        self._input = self._input if said.input_tokens is None else said.input_tokens
        self._output = self._output if said.output_tokens is None else said.output_tokens
        if not self._stopped or self._input is None or self._output is None:
            return
        if said.stop is not None or known != (self._input, self._output):
            yield Metadata(Usage(self._input, self._output), None, None)


def sampling(request: Request, *, temperature: str = "temperature", top_p: str = "top_p") -> Json:
    """The sampling options that somebody chose, by the names that they have in the dialect."""
    chosen = {temperature: request.temperature, top_p: request.top_p}
    return {name: value for name, value in chosen.items() if value is not None}


def unknown(document: Json, prefix: str = "") -> Unknown:
    """A document of a kind that is not known, named by its type or by what is in it."""
    kind = string(document.get("type")) or string(document.get("event_type"))
    return Unknown(prefix + (kind or ".".join(sorted(document)) or "chunk"), document)


def cannot_say(what: str, code: str = "unsupported_model") -> BedrockError:
    """Never left out in silence: the person would believe that the model has seen it."""
    return BedrockError(code, cause=f"the model's own dialect has no {what}")
