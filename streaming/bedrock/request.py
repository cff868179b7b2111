"""One request to a model, as Converse takes it."""

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

ConverseMessage: TypeAlias = dict[str, Any]

# A block that ends a prefix which the service keeps, so that the next request reads it for less.
CACHE_POINT: Final[dict[str, Any]] = {"cachePoint": {"type": "default"}}


@dataclass(frozen=True, slots=True)
class Guardrail:
    """What scans question and answer. `mode`: "sync" scans before anything is sent, "async" while
    it is sent, and can come too late."""

    identifier: str
    version: str
    mode: str = "sync"

    def as_converse(self) -> dict[str, str]:
        # The trace says what was done; without it a masked answer looks like a blocked one.
        return {
            "guardrailIdentifier": self.identifier,
            "guardrailVersion": self.version,
            "trace": "enabled",
        }

    def as_invoke(self) -> dict[str, str]:
        """The same for InvokeModel, which scans before anything is sent unless told otherwise."""
        return self.as_converse() | {"trace": "ENABLED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`messages` as Converse wants them: `{"role": …, "content": [{"text": …}, …]}`.

    `max_tokens` is never left out: unset, the service reserves the model's whole maximum of the
    account's quota for the call. Raises ValueError where it is below 1. `cache_system`: the system
    prompt is long enough to be cached, by a model that caches.
    """

    model_id: str
    messages: list[ConverseMessage]
    system: str = ""
    cache_system: bool = False
    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    guardrail: Guardrail | None = None
    # What only this model understands, in its own words.
    additional: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ValueError("max_tokens is at least 1")

    @property
    def shows_before_scan(self) -> bool:
        return self.guardrail is not None and self.guardrail.mode == "async"

    def as_converse_stream(self) -> dict[str, Any]:
        """The arguments of ConverseStream."""
        arguments = self.as_converse()
        if self.guardrail is not None:
            arguments["guardrailConfig"]["streamProcessingMode"] = self.guardrail.mode
        return arguments

    def as_converse(self) -> dict[str, Any]:
        """The arguments of Converse."""
        inference: dict[str, Any] = {"maxTokens": self.max_tokens}
        if self.temperature is not None:
            inference["temperature"] = self.temperature
        if self.top_p is not None:
            inference["topP"] = self.top_p
        arguments: dict[str, Any] = {
            "modelId": self.model_id,
            "messages": self.messages,
            "inferenceConfig": inference,
        }
        # The service refuses an empty system text.
        if self.system:
            point = [CACHE_POINT] if self.cache_system else []
            arguments["system"] = [{"text": self.system}, *point]
        if self.guardrail is not None:
            arguments["guardrailConfig"] = self.guardrail.as_converse()
        if self.additional:
            arguments["additionalModelRequestFields"] = self.additional
        return arguments
