"""What Bedrock itself adds to the providers' documents: counts, latency, guardrail."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from streaming.bedrock.events import Event, MessageStop, Metadata, Usage
from streaming.bedrock.loose import Json, count, mapping

_METRICS = "amazon-bedrock-invocationMetrics"
_ACTION = "amazon-bedrock-guardrailAction"
_TRACE = "amazon-bedrock-trace"
_HEADERS = "x-amzn-bedrock-"


class Additions:
    """All of it that one answer had so far, in whichever of its documents it came."""

    def __init__(self) -> None:
        self._usage: Usage | None = None
        self._latency_ms: int | None = None
        self._trace: Json | None = None
        self._intervened = False
        self._stopped = False
        self._told: Metadata | None = None
        self._news = False

    def take(self, document: Json) -> None:
        """Bedrock's own members, which are taken out of the provider's document."""
        if _METRICS in document:
            metrics = mapping(document.pop(_METRICS))
            self._learn(
                _usage(
                    metrics.get("inputTokenCount"),
                    metrics.get("outputTokenCount"),
                    metrics.get("cacheReadInputTokenCount"),
                    metrics.get("cacheWriteInputTokenCount"),
                ),
                count(metrics.get("invocationLatency")),
            )
        if trace := mapping(document.pop(_TRACE, None)):
            self._trace, self._news = trace, True
        self._intervened |= document.pop(_ACTION, None) == "INTERVENED"

    def take_headers(self, headers: Mapping[str, str]) -> None:
        """The counts of an answer in one piece."""

        def number(name: str) -> int | None:
            value = headers.get(_HEADERS + name, "")
            return int(value) if value.isascii() and value.isdigit() else None

        self._learn(
            _usage(
                number("input-token-count"),
                number("output-token-count"),
                number("cache-read-input-token-count"),
                number("cache-write-input-token-count"),
            ),
            number("invocation-latency"),
        )

    def completed(self, events: Iterable[Event]) -> Iterator[Event]:
        """The provider's events, completed; what it has no event for is told after its end.

        Where both have counted, the provider's count is taken: Bedrock's was seen to lack tools.
        """
        for event in events:
            if type(event) is Metadata:
                self._told, self._news = event, False
                yield self._with_own(event)
                continue
            if type(event) is MessageStop:
                self._stopped = True
                if self._intervened:
                    event = replace(event, stop_reason="guardrail_intervened")
            yield event
        if self._stopped and self._news:
            self._news = False
            yield self._with_own(self._told or Metadata(Usage(), None, None))

    def _learn(self, usage: Usage | None, latency_ms: int | None) -> None:
        self._usage = self._usage if usage is None else usage
        self._latency_ms = self._latency_ms if latency_ms is None else latency_ms
        self._news |= usage is not None

    def _with_own(self, told: Metadata) -> Metadata:
        return Metadata(
            usage=self._usage or told.usage if told.usage == Usage() else told.usage,
            latency_ms=self._latency_ms if told.latency_ms is None else told.latency_ms,
            trace=told.trace or self._trace,
        )


def _usage(asked: object, written: object, read: object, cached: object) -> Usage | None:
    if count(asked) is None and count(written) is None:
        return None
    return Usage(count(asked) or 0, count(written) or 0, count(read) or 0, count(cached) or 0)
