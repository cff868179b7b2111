"""Answers in the providers' dialects, framed as the service does, for `recorded.replaying`."""

import base64
import json
from collections.abc import Iterable
from typing import Any

from tests.bedrock import framing

COUNTS = {
    "x-amzn-bedrock-input-token-count": "20",
    "x-amzn-bedrock-output-token-count": "6",
    "x-amzn-bedrock-invocation-latency": "70",
}


def chunk(document: Any) -> bytes:
    """One frame, padded as the service pads."""
    encoded = base64.b64encode(json.dumps(document).encode()).decode()
    return framing.event("chunk", {"bytes": encoded, "p": "abcdefgh"})


def stream(documents: Iterable[Any]) -> dict[str, Any]:
    return streamed(b"".join(chunk(document) for document in documents))


def streamed(body: bytes) -> dict[str, Any]:
    headers = {
        "content-type": "application/vnd.amazon.eventstream",
        "x-amzn-bedrock-content-type": "application/json",
        "x-amzn-requestid": "request-1",
    }
    return _answer("InvokeModelWithResponseStream", body, headers)


def whole(document: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
    return piece(json.dumps(document).encode(), headers)


def piece(body: bytes, headers: dict[str, str] | None = None) -> dict[str, Any]:
    plain = {"content-type": "application/json", "x-amzn-requestid": "request-1"}
    return _answer("InvokeModel", body, plain | (headers or {}))


def _answer(operation: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "operation": operation,
        "status": 200,
        "headers": headers,
        "body_base64": base64.b64encode(body).decode(),
    }
