"""The events of an answer folded into the one document that Converse gives."""

import json
from typing import Any

from .steps import Event

Json = dict[str, Any]


class Folded:
    """Grows with the events; `empty` until the first of them."""

    def __init__(self) -> None:
        self._members: Json = {}
        self._role: str | None = None
        self._content: dict[int, Json] = {}

    @property
    def empty(self) -> bool:
        return self._role is None and not self._members

    def add(self, event: Event) -> None:
        payload = event.payload
        match event.kind:
            case "messageStart":
                self._role = payload["role"]
            case "contentBlockStart":
                self._content[payload["contentBlockIndex"]] = {
                    kind: dict(members) for kind, members in payload["start"].items()
                }
            case "contentBlockDelta":
                block = self._content.setdefault(payload["contentBlockIndex"], {})
                _add_delta(block, payload["delta"])
            case "messageStop" | "metadata":
                self._members |= payload

    def document(self) -> Json:
        document = dict(self._members)
        if self._role is not None:
            blocks = [_finished(block) for _, block in sorted(self._content.items()) if block]
            document["output"] = {"message": {"role": self._role, "content": blocks}}
        return document


def _add_delta(block: Json, delta: Json) -> None:
    match delta:
        case {"text": text}:
            block["text"] = block.get("text", "") + text
        case {"toolUse": {"input": fragment}}:
            block["toolUse"]["input"] = block["toolUse"].get("input", "") + fragment
        case {"toolResult": results}:
            block["toolResult"].setdefault("content", []).extend(results)
        case {"image": members}:
            block["image"] |= members
        case {"reasoningContent": {"redactedContent": data}}:
            block["reasoningContent"] = {"redactedContent": data}
        case {"reasoningContent": members}:
            whole = block.setdefault("reasoningContent", {"reasoningText": {"text": ""}})
            for name, piece in members.items():
                said = whole["reasoningText"]
                said[name] = said.get(name, "") + piece
        case {"citation": citation}:
            block.setdefault("citations", []).append(citation)


def _finished(block: Json) -> Json:
    """A stream has the input of tools as JSON text, and citations beside their text."""
    if "toolUse" in block:
        tool = block["toolUse"]
        return {"toolUse": tool | {"input": json.loads(tool.get("input") or "{}")}}
    if "citations" in block:
        text = [{"text": block.get("text", "")}]
        return {"citationsContent": {"citations": block["citations"], "content": text}}
    return block
