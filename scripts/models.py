"""The table of docs/models.md, of what the product knows: `python -m scripts.models` writes it."""

from __future__ import annotations

import sys
from pathlib import Path

from streaming.bedrock.catalogue import CAPABILITIES, Description, families

PAGE = Path(__file__).resolve().parent.parent / "docs" / "models.md"
BEGIN, END = "<!-- table: python -m scripts.models -->\n", "<!-- end of the table -->\n"

HEADINGS = {
    "streaming": "streams",
    "system_prompt": "system prompt",
    "images": "images",
    "documents": "documents",
    "tools": "tools",
    "reasoning": "reasoning",
    "caching": "caching",
    "prefill": "prefill",
    "count_tokens": "counting",
}


def table() -> str:
    """One row a family, by the beginning of its ids."""
    columns = ["ids that begin with", "model", *(HEADINGS[name] for name in CAPABILITIES)]
    columns += ["asked by", "window", "answer", "$ in", "$ out", "$ cache read", "$ cache write"]
    rows = [_row(prefix, facts) for prefix, facts in sorted(families().items())]
    return "".join(
        f"| {' | '.join(cells)} |\n" for cells in [columns, ["---"] * len(columns), *rows]
    )


def _row(prefix: str, facts: Description) -> list[str]:
    prices = [facts.prices.get(name) for name in ("input", "output", "cache_read", "cache_write")]
    return [
        f"`{prefix}`",
        facts.name,
        *("yes" if name in facts.capabilities else "–" for name in CAPABILITIES),
        "Converse" if facts.dialect == "converse" else "InvokeModel",
        f"{facts.context_window:,}",
        f"{facts.max_output_tokens:,}",
        *("–" if price is None else f"{price:g}" for price in prices),
    ]


def with_table(page: str) -> str:
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} has {len(families())} families.\n")
