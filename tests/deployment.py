"""What docker-compose.yml, the Dockerfile and the Procfile say, read as Docker would read it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
# What docs/operations.md asks for in .env.
SECRETS = {
    "SECRET_KEY": "Xq3" + "k9Jw7TzR5vBn2Lc8Ms4Hd6Yf1Gp0" * 2,
    "POSTGRES_PASSWORD": "4f9d1c",
    "REDIS_PASSWORD": "77ab03",
}
_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:[-?])([^}]*))?\})")


def compose(path: Path = ROOT / "docker-compose.yml") -> dict[str, Any]:
    """The file with its anchors and merges resolved, variables as they are written."""
    described: dict[str, Any] = YAML(typ="safe").load(path)
    return described


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}


def filled_in(text: str, values: dict[str, str]) -> str:
    """A string of the compose file with its variables replaced; a required one must be there."""

    def replace(match: re.Match[str]) -> str:
        dollar, name, kind, default = match.groups()
        if dollar:
            return "$"
        if kind == ":?" and not values.get(name):
            raise KeyError(f"{name}: {default}")
        return values.get(name) or (default if kind == ":-" else "") or ""

    return _VARIABLE.sub(replace, text)


def environment(service: str, values: dict[str, str] | None = None) -> dict[str, str]:
    """What a container of this service gets; what only passes through is left out."""
    values = SECRETS | (values or {})
    described = compose()["services"][service].get("environment", {})
    return {
        name: filled_in(str(value), values)
        for name, value in described.items()
        if value is not None or name in values
    }


def stages() -> list[list[tuple[str, str]]]:
    """The Dockerfile's build stages, each a list of (instruction, what follows)."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found: list[list[tuple[str, str]]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            found.append([])
        found[-1].append((instruction, rest.strip()))
    return found


def copy_context(target: Path) -> None:
    """What `COPY . .` puts into the image: .dockerignore here names what is let in."""
    import shutil

    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    names = [rule[1:] for rule in rules if rule.startswith("!")]
    for name in names:
        source = ROOT / name
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", *_below(rules, name))
            shutil.copytree(source, target / name, ignore=ignored)
        else:
            shutil.copy(source, target / name)


def _below(rules: list[str], folder: str) -> list[str]:
    return [rule.removeprefix(f"{folder}/") for rule in rules if rule.startswith(f"{folder}/")]
