"""What the installed botocore says of the runtime, boiled down to what can break us, as JSON.

The reviewed state is tests/samples/bedrock-runtime.json. After a review of what is new:
``python -m tests.bedrock.service_model`` writes it anew.
"""

import json
from pathlib import Path
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape

REVIEWED = Path(__file__).resolve().parents[1] / "samples" / "bedrock-runtime.json"
OPERATIONS = (
    "Converse",
    "ConverseStream",
    "CountTokens",
    "InvokeModel",
    "InvokeModelWithResponseStream",
)


def runtime() -> ServiceModel:
    return botocore.session.Session().get_service_model("bedrock-runtime")


def boiled_down(service: ServiceModel) -> dict[str, Any]:
    """Each shape that the operations reach: its members, which are required, its allowed values."""
    shapes: dict[str, Any] = {}
    for name in OPERATIONS:
        operation = service.operation_model(name)
        for shape in (operation.input_shape, operation.output_shape, *operation.error_shapes):
            if shape is not None:
                _collect(shape, shapes)
    return {name: shapes[name] for name in sorted(shapes)}


def _collect(shape: Any, shapes: dict[str, Any]) -> None:
    if shape.name in shapes:
        return
    shapes[shape.name] = told = _told(shape)
    for member in _inside(shape):
        _collect(member, shapes)
    if told is None:
        del shapes[shape.name]


def _told(shape: Any) -> dict[str, Any] | None:
    if shape.type_name == "structure":
        told = {"members": sorted(shape.members)}
        if shape.required_members:
            told["required"] = sorted(shape.required_members)
        return told
    return {"values": sorted(shape.enum)} if getattr(shape, "enum", None) else None


def _inside(shape: Any) -> list[Shape]:
    match shape.type_name:
        case "structure":
            return list(shape.members.values())
        case "list":
            return [shape.member]
        case "map":
            return [shape.key, shape.value]
        case _:
            return []


if __name__ == "__main__":
    REVIEWED.write_text(json.dumps(boiled_down(runtime()), indent=1) + "\n")
