"""About how many tokens a Converse content block will be, before any correction."""

import json
import math
import re
from typing import Any

from streaming.context.estimate import tokens

# Models scale an image down to about a million pixels; none counts less of a large one.
IMAGE_TOKENS = 1_600
# A page is read as text and, by most models, as an image too.
PAGE_TOKENS = 2_500
BLOCK_TOKENS = 8  # the marks around a block that is not text

_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
_TEXT_FORMATS = frozenset({"csv", "html", "md", "txt"})
# What an office file packs: most of a large one is pictures, which models do not read.
_PACKED_BYTES_PER_TOKEN = 6
_MOST_PACKED = 60_000
# Pages can hide in compressed parts of a file; so many bytes are a page of it at least.
_BYTES_PER_PAGE = 100_000


def block_tokens(block: dict[str, Any]) -> int:
    match block:
        case {"text": str(text)}:
            return tokens(text)
        case {"reasoningContent": {"reasoningText": thought}}:
            return BLOCK_TOKENS + tokens(thought["text"])
        case {"reasoningContent": {"redactedContent": data}}:
            return BLOCK_TOKENS + math.ceil(len(data) / 3)
        case {"image": _}:
            return IMAGE_TOKENS
        case {"document": document}:
            return BLOCK_TOKENS + tokens(document["name"]) + _document(document)
        case {"toolUse": use}:
            return BLOCK_TOKENS + tokens(use["name"] + use["toolUseId"] + _json(use.get("input")))
        case {"toolResult": result}:
            inside = sum(block_tokens(part) for part in result.get("content", ()))
            return BLOCK_TOKENS + tokens(result["toolUseId"]) + inside
        case {"json": value}:
            return tokens(_json(value))
        case _:
            return BLOCK_TOKENS


def _document(document: dict[str, Any]) -> int:
    data: bytes = document.get("source", {}).get("bytes", b"")
    kind = document.get("format", "txt")
    if kind in _TEXT_FORMATS:
        return tokens(data.decode("utf-8", "replace"))
    if kind == "pdf":
        return PAGE_TOKENS * max(len(_PAGE.findall(data)), math.ceil(len(data) / _BYTES_PER_PAGE))
    return min(math.ceil(len(data) / _PACKED_BYTES_PER_TOKEN), _MOST_PACKED)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
