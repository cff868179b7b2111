"""The prompt cache: what it has of a request's beginning, and what it keeps."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from time import monotonic
from typing import Any

from . import frames
from .estimate import block_tokens, input_tokens, output_tokens
from .history import Call
from .models import find

Json = dict[str, Any]

# Shorter beginnings are not kept.
SMALLEST = 1_024
_SECONDS = {"5m": 300.0, "1h": 3_600.0}
_KEPT = 10_000


class PromptCache:
    """Beginnings that a cachePoint asked to keep, by what they are and not by who sent them."""

    def __init__(self) -> None:
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def look(self, call: Call) -> dict[str, int]:
        """What of this call was there and what is now kept, as members of `usage`.

        Empty where the call has no cachePoint. The longest beginning that is there counts, also
        where this call marks only a longer one.
        """
        marks = list(_beginnings(call))
        if not any(ttl for _, _, ttl in marks):
            return {}
        now = monotonic()
        read = max((size for key, size, _ in marks if self._has(key, now)), default=0)
        kept = read
        for key, size, ttl in marks:
            if ttl and size >= SMALLEST:
                self._keep(key, now + _SECONDS[ttl])
                kept = max(kept, size)
        return {"cacheReadInputTokens": read, "cacheWriteInputTokens": kept - read}

    def clear(self) -> None:
        self._until.clear()

    def _has(self, key: bytes, now: float) -> bool:
        return self._until.get(key, 0.0) > now

    def _keep(self, key: bytes, until: float) -> None:
        self._until[key] = max(until, self._until.pop(key, 0.0))
        while len(self._until) > _KEPT:
            self._until.popitem(last=False)


def input_usage(call: Call) -> dict[str, int]:
    """The members of `usage` for what was read: the cached part is not among inputTokens."""
    return {"inputTokens": input_tokens(call.body) - sum(call.cached.values()), **call.cached}


def _beginnings(call: Call) -> Iterator[tuple[bytes, int, str]]:
    """After each block: what the request is up to there, its tokens, and the TTL of a mark.

    Only models that cache have any; without a mark the TTL is "".
    """
    if not find(call.model_id).can("caching"):
        return
    digest, size = hashlib.sha256(call.model_id.encode()), 0
    for part, tokens in _parts(call.body):
        point = part.get("cachePoint")
        if point is None:
            digest.update(frames.dump(part))
            size += tokens
        yield digest.digest(), size, "" if point is None else point.get("ttl", "5m")


def _parts(body: Json) -> Iterator[tuple[Json, int]]:
    """Tools, system prompt and messages, in the order in which a model reads them."""
    for tool in (body.get("toolConfig") or {}).get("tools") or []:
        yield tool, output_tokens(str(tool))
    for block in body.get("system") or []:
        yield block, block_tokens(block)
    for message in body.get("messages") or []:
        yield {"role": message["role"]}, 0
        for block in message["content"]:
            yield block, block_tokens(block)
