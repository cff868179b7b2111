"""Values of a JSON document that comes from outside: each may be anything, or not there."""

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


def mapping(value: object) -> Json:
    """The value where it is an object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Json]:
    """The objects of a list; what is no object is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def count(value: object) -> int | None:
    """A number of tokens or milliseconds, where it is one."""
    return value if type(value) is int and value >= 0 else None


def string(value: object) -> str | None:
    return value if isinstance(value, str) else None
