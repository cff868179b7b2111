"""What an answer has beside its text and its reasoning, as page, review and HTTP API show it.

It is read from the stored content blocks (Converse's own, as JSON). Everything in it was written by
a model or by whoever wrote the documents that a model read: text to be shown, never markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SHOWN = 2_000  # characters of what a source says, or of what a tool was given or gave
NAME = 200  # characters of a title or a name

Block = dict[str, Any]
Item = dict[str, Any]


def parts_of(content: list[Block] | None) -> Item | None:
    """``citations``, ``tools``, ``redacted`` and ``lost``; None where there is none of them.

    A citation: ``number`` (from 1), ``title``, ``place``, ``url`` (or None), ``source``. A tool:
    ``name``, ``server`` (the service ran it by itself), ``input``, ``result`` (or None).
    ``redacted``: there is reasoning that only its provider can read. ``lost``: so many pictures
    could not be made or kept; those that were are the message's attachments.
    """
    if not content:
        return None
    sources, tools, redacted = Sources(content), _Tools(), False
    lost = sum("image" in block for block in content)
    for block in content:
        match block:
            case {"toolUse": dict(tool)}:
                tools.use(tool)
            case {"toolResult": dict(result)}:
                tools.answer(result)
            case {"reasoningContent": {"redactedContent": _}}:
                redacted = True
    if not (sources.items or tools.items or redacted or lost):
        return None
    found = {"citations": sources.items, "tools": tools.items}
    return {**found, "redacted": redacted, "lost": lost}


class Sources:
    """Numbered notes, first those of the blocks given: what is cited again keeps its number."""

    def __init__(self, content: list[Block] | None = None) -> None:
        self.items: list[Item] = []
        self._known: set[str] = set()
        for block in content or []:
            match block:
                case {"citationsContent": {"citations": list(citations)}}:
                    for citation in _dicts(citations):
                        self.add(citation)

    def add(self, citation: Block) -> Item | None:
        """The new note; None where there is one like it already."""
        place, url = _location(citation.get("location"))
        note = {
            "title": _words(citation.get("title"), NAME),
            "place": place,
            "url": url or _address(citation.get("source")),
            "source": _source(citation.get("sourceContent")),
        }
        key = json.dumps(note, sort_keys=True)
        if key in self._known:
            return None
        self._known.add(key)
        self.items.append({"number": len(self.items) + 1, **note})
        return self.items[-1]


class _Tools:
    def __init__(self) -> None:
        self.items: list[Item] = []
        self._by_id: dict[str, Item] = {}

    def use(self, tool: Block) -> None:
        item = tool_item(tool)
        self.items.append(item)
        self._by_id[str(tool.get("toolUseId"))] = item

    def answer(self, result: Block) -> None:
        item = self._by_id.get(str(result.get("toolUseId")))
        if item is None:
            item = {"name": "", "server": True, "input": "", "result": None}
            self.items.append(item)
        item["result"] = _result(result.get("content"))


def tool_item(tool: Mapping[str, Any]) -> Item:
    """A stored ``toolUse`` block as it is shown."""
    given = tool["rawInput"] if "rawInput" in tool else tool.get("input")
    return {
        "name": _words(tool.get("name"), NAME),
        "server": str(tool.get("type", "")).startswith("server_tool"),
        "input": _written(given) if given else "",
        "result": None,
    }


def _result(content: Any) -> str:
    said = [_written(item.get("text", item.get("json"))) for item in _dicts(content)]
    return "\n".join(said)[:SHOWN]


def _written(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:SHOWN]


def _source(content: Any) -> str:
    texts = (item.get("text") for item in _dicts(content))
    return "".join(text for text in texts if isinstance(text, str)).strip()[:SHOWN]


def _location(location: Any) -> tuple[str, str | None]:
    """Where it stands, in words, and its address if it is a page of the web."""
    match location:
        case {"web": dict(web)}:
            url = _address(web.get("url"))
            return _words(web.get("domain") or url or "", NAME), url
        case {"documentPage": dict(where)}:
            return _span("page", where, first=0), None
        case {"documentChar": dict(where)}:
            return _span("character", where), None
        case {"documentChunk": dict(where)}:
            return _span("part", where), None
        case {"searchResultLocation": dict(where)}:
            return _span("part", where), None
        case _:
            return "", None


def _span(unit: str, where: Block, *, first: int = 1) -> str:
    """Pages are counted from 1 by the service, all else from 0; the end is behind the last one."""
    start, end = where.get("start"), where.get("end")
    if not isinstance(start, int):
        return ""
    begin = start + first
    last = end - 1 + first if isinstance(end, int) else begin
    return f"{unit} {begin:,}" if last <= begin else f"{unit}s {begin:,}–{last:,}"


def _address(value: Any) -> str | None:
    """Only what a browser may open: nothing else becomes a link."""
    if isinstance(value, str) and value.startswith(("https://", "http://")):
        return value[:SHOWN]
    return None


def _words(value: Any, limit: int) -> str:
    return value[:limit] if isinstance(value, str) else ""


def _dicts(value: Any) -> list[Block]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
