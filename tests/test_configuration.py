"""Every variable that the product reads is documented, and nothing else is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.nodb

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
READERS = {"env", "number", "words", "flag", "listed", "required", "getenv"}


def reads_of(path: Path) -> set[str]:
    """First arguments, spelled like a variable, of calls to `env.…(…)`, its readers or `getenv`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        first, function = node.args[0], node.func
        of_env = (
            isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Name)
            and function.value.id in {"env", "os"}
        )
        reader = isinstance(function, ast.Name) and function.id in READERS
        if (of_env or reader) and isinstance(first, ast.Constant) and isinstance(first.value, str):
            found.add(first.value)
    return {name for name in found if NAME.fullmatch(name)}


def variables_read() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "chatsite").glob("*.py"):
        found |= reads_of(path)
    return found


def test_the_reader_of_this_test_finds_variables() -> None:
    """Guards the guard: both ways of reading are seen."""
    assert {"SECRET_KEY", "DATABASE_URL", "AWS_REGION"} <= variables_read()
    assert "DATABASE_POOL_SIZE" in variables_read()


@pytest.mark.parametrize("name", sorted(variables_read()))
def test_a_variable_is_explained_and_in_the_example(name: str) -> None:
    explained = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert f"`{name}`" in explained, f"explain {name} in docs/configuration.md"
    assert re.search(rf"^#?{name}=", example, re.MULTILINE), f"add {name} to .env.example"


def test_the_example_names_nothing_that_is_not_explained() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    explained = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    names = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)
    assert [name for name in names if f"`{name}`" not in explained] == []
