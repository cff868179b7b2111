"""The messages of a request as Converse takes them, with marks where its prefix may be cached."""

from collections.abc import Sequence
from typing import Any, Final

from streaming.bedrock.request import CACHE_POINT, ConverseMessage
from streaming.context.turns import Sendable

# Between texts that have no other mark between them.
_PARAGRAPH: Final = "\n\n"


def merged(
    sent: Sequence[Sendable], *, folded: str = "", prefill: str = "", cached: int | None = None
) -> list[ConverseMessage]:
    """Alternating messages: neighbours of one role, where an answer is missing, become one.

    Each text stays a block of its own, so the newest is sent as it was written; a blank line ends
    the one before it, because models join blocks without any mark between them. `folded` is a
    system prompt for a model that takes none, `prefill` the beginning of the answer, and behind
    the message of the index `cached` the prefix ends that is worth caching.
    """
    messages: list[ConverseMessage] = []
    for at, message in enumerate(sent):
        content: list[dict[str, Any]] = [dict(block) for block in message.content]
        if messages and messages[-1]["role"] == message.role:
            before = messages[-1]["content"]
            if "text" in before[-1]:
                before[-1]["text"] += _PARAGRAPH
            before.extend(content)
        else:
            messages.append({"role": message.role, "content": content})
        if at == cached:
            messages[-1]["content"].append(CACHE_POINT)
    if folded:
        messages[0]["content"].insert(0, {"text": folded + _PARAGRAPH})
    if prefill.strip():
        messages.append({"role": "assistant", "content": [{"text": prefill}]})
    return messages


def last_stable(sent: Sequence[Sendable]) -> int | None:
    """The index of the last message that the next request will begin with too, if there is one.

    It is the answer before the newest question. A question before it is no such message: without
    an answer of its own it becomes part of the newest.
    """
    newest = max(at for at, message in enumerate(sent) if message.opens)
    return newest - 1 if newest and sent[newest - 1].role == "assistant" else None
