"""What a provider's JSON may hold, and the service's words for what it may not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ..refusals import ServiceError

_NAMES = {dict: "JSONObject", list: "JSONArray", str: "String", int: "Integer", float: "Number"}


@dataclass(frozen=True, slots=True)
class Field:
    """A member: its type, whether it must be there, and the range of a number."""

    kind: type
    required: bool = False
    least: float | None = None
    most: float | None = None


def check(body: Mapping[str, Any], fields: Mapping[str, Field], where: str = "#") -> None:
    """Raises ServiceError (ValidationException) for a member too few, too many or wrong."""
    for name, field in fields.items():
        if field.required and name not in body:
            malformed(f"{where}: required key [{name}] not found")
    for name, value in body.items():
        if name.startswith("amazon-bedrock-"):
            continue
        if name not in fields:
            malformed(f"{where}: extraneous key [{name}] is not permitted")
        _check_value(value, fields[name], f"{where}/{name}")


def malformed(why: str) -> NoReturn:
    """Refuses a body as the service does for models that check nothing themselves."""
    raise ServiceError(
        "ValidationException",
        f"Malformed input request: {why}, please reformat your input and try again.",
    )


def _check_value(value: Any, field: Field, where: str) -> None:
    expected = (int, float) if field.kind is float else field.kind
    if not isinstance(value, expected) or (isinstance(value, bool) and field.kind is not bool):
        found = _NAMES.get(type(value), "Null" if value is None else "Boolean")
        malformed(f"{where}: expected type: {_NAMES.get(field.kind, 'Boolean')}, found: {found}")
    if field.least is not None and value < field.least:
        malformed(f"{where}: {value} is not greater or equal to {field.least}")
    if field.most is not None and value > field.most:
        malformed(f"{where}: {value} is not less or equal to {field.most}")
