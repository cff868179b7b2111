"""Asking through InvokeModel and reading the provider's own JSON."""

import json
from contextlib import closing
from typing import Any

import pytest

Json = dict[str, Any]


def stream(client: Any, model: str, body: Json, **more: Any) -> Any:
    return client.invoke_model_with_response_stream(modelId=model, body=json.dumps(body), **more)


def read_chunks(response: Any) -> list[Json]:
    """The JSON of all chunks."""
    with closing(response["body"]) as events:
        return [json.loads(event["chunk"]["bytes"]) for event in events]


def chunks(client: Any, model: str, body: Json, **more: Any) -> list[Json]:
    return read_chunks(stream(client, model, body, **more))


def whole(client: Any, model: str, body: Json, **more: Any) -> Json:
    response = client.invoke_model(modelId=model, body=json.dumps(body), **more)
    document: Json = json.loads(response["body"].read())
    return document


def refusal(client: Any, model: str, body: Json) -> str:
    """The words in which the body is refused, streamed or not."""
    words = set()
    for call in (stream, whole):
        with pytest.raises(client.exceptions.ValidationException) as caught:
            call(client, model, body)
        words.add(caught.value.response["Error"]["Message"])
    assert len(words) == 1
    return str(words.pop())
