"""The import contracts of pyproject.toml, and what import-linter cannot say: no async in models."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent


def asynchronous(folder: Path) -> list[str]:
    """Places below `folder` that define or await something asynchronous."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


def main() -> int:
    places = asynchronous(ROOT / "conversations")
    for place in places:
        print(f"{place}: conversations/ is plain synchronous Django; async belongs in streaming/")
    broken = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    return broken or int(bool(places))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    raise SystemExit(main())
