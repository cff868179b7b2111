"""Token counts that are plausible: about four characters each, as English text has."""

from typing import Any

# What an image or a document costs, whatever is in it.
_ATTACHMENT = 1_500
# The marks around each message.
_MESSAGE = 3


def output_tokens(text: str) -> int:
    return -(-len(text) // 4)


def input_tokens(body: dict[str, Any]) -> int:
    """The estimated size of a Converse request: system prompt, messages and tools.

    Marks for the cache weigh nothing.
    """
    messages = body.get("messages") or []
    blocks = [block for message in messages for block in message.get("content") or []]
    total = sum(block_tokens(block) for block in [*(body.get("system") or []), *blocks])
    tools = body.get("toolConfig")
    return total + _MESSAGE * len(messages) + (output_tokens(str(tools)) if tools else 0)


def block_tokens(block: dict[str, Any]) -> int:
    """The estimated size of one block of a message or of the system prompt."""
    if "cachePoint" in block:
        return 0
    if isinstance(block.get("text"), str):
        return output_tokens(block["text"])
    if {"image", "document", "video", "audio"} & block.keys():
        return _ATTACHMENT
    return output_tokens(str(block))
