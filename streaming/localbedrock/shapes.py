"""The types of a request's members, as far as the endpoint looks at them."""

from typing import Any

from .refusals import ServiceError

_FILE = {"format": str, "source": {}}
_CONTENT = {
    "text": str,
    "image": _FILE,
    "document": _FILE | {"name": str},
    "toolUse": {"toolUseId": str, "name": str},
    "toolResult": {"toolUseId": str, "content": [{"text": str}]},
    "cachePoint": {"type": str, "ttl": str},
    "reasoningContent": {"reasoningText": {"text": str, "signature": str}},
    "citationsContent": {"content": [{"text": str}], "citations": [{}]},
}

CONVERSE: dict[str, Any] = {
    "messages": [{"role": str, "content": [_CONTENT]}],
    "system": [{"text": str, "cachePoint": {"type": str, "ttl": str}}],
    "inferenceConfig": {
        "maxTokens": int,
        "temperature": float,
        "topP": float,
        "stopSequences": [str],
    },
    "toolConfig": {"tools": [{"toolSpec": {"name": str}}]},
    "additionalModelRequestFields": {
        name: {} for name in ("thinking", "reasoning_config", "reasoningConfig", "output_config")
    },
    "guardrailConfig": {"guardrailIdentifier": str, "guardrailVersion": str},
    "requestMetadata": {},
}

_NAMES = {dict: "structure", list: "list", str: "string", int: "integer", float: "number"}


def check_types(value: Any, shape: Any) -> None:
    """Raises ServiceError (SerializationException) for a wrong type; absence and null are fine."""
    if value is None:
        return
    expected = shape if isinstance(shape, type) else type(shape)
    if not isinstance(value, (int, float) if expected is float else expected):
        raise ServiceError("SerializationException", f"Expected {_NAMES[expected]} or null")
    if isinstance(shape, dict):
        for name, member in shape.items():
            check_types(value.get(name), member)
    elif isinstance(shape, list):
        for element in value:
            if element is None:
                raise ServiceError("SerializationException", "Lists may not hold null")
            check_types(element, shape[0])
