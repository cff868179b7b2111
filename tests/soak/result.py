"""What a part of the soak found: a line for the terminal, a row and a record for the files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Result:
    """``figures``: what was measured, by its name, in the order in which it is told."""

    part: str
    seed: int
    seconds: float = 0.0
    figures: dict[str, str | int | float] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        count = len(self.violations)
        return f"{count} violation{'s' if count > 1 else ''}" if count else "ok"

    @property
    def told(self) -> str:
        return ", ".join(f"{name} {_figure(value)}" for name, value in self.figures.items())

    def __str__(self) -> str:
        return f"{self.part:8} SEED={self.seed} {self.verdict} ({self.seconds:.0f} s): {self.told}"


def write(results: list[Result], folder: Path) -> None:
    """result.json for programs and result.md for docs/reliability.md."""
    folder.mkdir(parents=True, exist_ok=True)
    records = [asdict(result) for result in results]
    (folder / "result.json").write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")
    rows = [
        f"| `{each.part}` | {each.seed} | {each.seconds:.0f} s | {each.verdict} | {each.told} |"
        for each in results
    ]
    lines = ["| part | seed | took | verdict | measured |", "|---|---|---|---|---|", *rows]
    (folder / "result.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _figure(value: str | float) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
