"""Asking and reading as a client does, in as few words as a test wants to have."""

from contextlib import closing
from typing import Any

import pytest

MODEL = "local.demonstration-v1:0"


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}]}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"text": text}]}


def ask(client: Any, text: str = "Hello", *, model: str = MODEL, **more: Any) -> Any:
    """A converse_stream call with one user message, unless `messages` are given."""
    return client.converse_stream(modelId=model, **{"messages": [user(text)]} | more)


def read(response: Any) -> list[dict[str, Any]]:
    """All events of a response."""
    with closing(response["stream"]) as stream:
        return list(stream)


def read_to_error(
    response: Any, expected: type[BaseException] | tuple[type[BaseException], ...]
) -> tuple[list[dict[str, Any]], Any]:
    """The events before the expected error, and the error."""
    events: list[dict[str, Any]] = []
    with closing(response["stream"]) as stream, pytest.raises(expected) as caught:
        events.extend(stream)
    return events, caught.value


def text_of(events: list[dict[str, Any]]) -> str:
    deltas = [e["contentBlockDelta"].get("delta", {}) for e in events if "contentBlockDelta" in e]
    return "".join(delta.get("text", "") for delta in deltas)


def stop_reason_of(events: list[dict[str, Any]]) -> str | None:
    return next((e["messageStop"]["stopReason"] for e in events if "messageStop" in e), None)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """The names of the events; several deltas in a row count once."""
    names = [next(iter(event)) for event in events]
    return [n for i, n in enumerate(names) if n != "contentBlockDelta" or names[i - 1] != n]
