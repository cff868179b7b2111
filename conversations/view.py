"""Which messages of a branch the model was shown, as its last answer recorded it.

What is drawn is what was sent: nothing is estimated here. Mirror of static/js/view.js.
"""

from __future__ import annotations

from typing import Any


def mark(thread: list[dict[str, Any]]) -> None:
    """Give the items of a branch their ``view``.

    ``start``: where the view begins, with ``above`` saying how many messages are no longer sent;
    ``out``: no longer sent; ``kept``: sent because it is pinned; None: nothing to say.
    """
    shown = next((context for item in reversed(thread) if (context := _context(item))), None)
    ids = [item["uuid"] for item in thread]
    start = ids.index(shown["from"]) if shown and shown["from"] in ids else 0
    for at, item in enumerate(thread):
        kept = bool(shown) and item["uuid"] in (shown or {})["kept"]
        item["view"] = ("kept" if kept else "out") if at < start else None
    if shown and start and shown["left_out"]:
        thread[start] |= {"view": "start", "above": shown["left_out"]}


def _context(item: dict[str, Any]) -> dict[str, Any] | None:
    context: dict[str, Any] | None = (item["generation"] or {}).get("context")
    return context
