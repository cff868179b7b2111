"""Reasoning on request: what it changes in a request, and what of it goes back to the model (R70).

Reasoning is signed by the model that wrote it, together with its text: it goes back byte for byte
and as a whole, to that model only, and only while it is asked to think. In any other case the
answer's text is all that is sent.
"""

from __future__ import annotations

from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from conversations.models import Generation, Message
from conversations.reasoning import Thinking
from streaming.bedrock.request import Request
from streaming.context import LEAST_ANSWER

Block = dict[str, Any]


def with_room(options: Mapping[str, Any], thinking: Thinking | None) -> dict[str, Any]:
    """The options of a request: what is thought comes on top of the length of the answer."""
    if thinking is None:
        return dict(options)
    without = () if thinking.leaves_sampling else ("temperature", "top_p")
    kept = {name: value for name, value in options.items() if name not in without}
    return {**kept, "max_tokens": options["max_tokens"] + thinking.budget}


def asking(request: Request, thinking: Thinking | None) -> Request:
    """The request, with what the model is told; it thinks less where there is less room."""
    if thinking is None:
        return request
    fields = thinking.fields(request.max_tokens - LEAST_ANSWER)
    return replace(request, additional=fields or {})


def remembered(path: Iterable[Message], model_id: str) -> dict[int, tuple[Block, ...]]:
    """By message, the blocks of answers whose reasoning this model takes back."""
    answers = [row for row in path if row.role == Message.Role.ASSISTANT]
    wrote: dict[int | None, list[str]] = defaultdict(list)
    runs = Generation.objects.filter(message__in=answers).values_list("message_id", "model")
    for message, model in runs:
        wrote[message].append(model)
    # An answer that was continued was thought about more than once: its parts fit no signature.
    own = {row.id for row in answers if wrote[row.id] == [model_id]}
    contents = Message.objects.filter(pk__in=own, content__isnull=False)
    found = ((pk, blocks_of(content)) for pk, content in contents.values_list("pk", "content"))
    return {pk: blocks for pk, blocks in found if blocks}


def blocks_of(content: list[Block] | None) -> tuple[Block, ...]:
    """Reasoning and text as the model takes them back; nothing where it thought nothing signed.

    Reasoning without a signature (a part of it is missing, or it had to be cleaned) takes all other
    reasoning with it.
    """
    reasoning = [block for block in content or [] if "reasoningContent" in block]
    if not reasoning or not all(_is_signed(block["reasoningContent"]) for block in reasoning):
        return ()
    return tuple(sent for block in content or [] if (sent := _sent(block)) is not None)


def _is_signed(thought: Block) -> bool:
    if "redactedContent" in thought:
        return True
    return bool(thought.get("reasoningText", {}).get("signature"))


def _sent(block: Block) -> Block | None:
    match block:
        case {"reasoningContent": {"redactedContent": str(data)}}:
            return {"reasoningContent": {"redactedContent": b64decode(data)}}
        case {"reasoningContent": _} | {"text": _} | {"citationsContent": _}:
            return block
        case _:
            return None  # tools were not answered, and pictures are not sent back
