"""What people attached, as the blocks that a request has of it.

A request may have so many images, documents and bytes: of a long conversation the newest ones are
sent, and where others were, words say so. Files get neutral names: what a person called one would
be text that the model reads without anybody having written it to it (R76).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from conversations.attachments import files
from conversations.attachments.limits import Limits
from conversations.models import Attachment, BedrockModel, Generation, Message
from streaming.context import Block
from streaming.context.estimate import tokens
from streaming.context.sizes import BLOCK_TOKENS, PAGE_TOKENS

log = structlog.get_logger(__name__)

# Leaving some out changes the beginning of the request: it goes far enough to last (R112).
TRIM_TO = 0.6
# Models scale an image down to what they can look at: Claude to about a million pixels.
PIXELS_PER_TOKEN = 750
MOST_IMAGE_TOKENS = 1_600
MOST_IMAGE_TOKENS_ELSEWHERE = 3_200
TOKENS_PER_CHARACTER = 0.3
# A question that ended so, with files that no answer was ever given about: they would be refused
# again within every later request (R19).
REFUSED = ("unsupported_attachment", "model_error")


@dataclass(frozen=True, slots=True)
class Enclosed:
    """The blocks of one message, before its text, and about how many tokens they take."""

    blocks: tuple[Block, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Enclosures:
    """By the id of the message. ``unread``: how many the model cannot read, as it is told."""

    by_message: dict[int, Enclosed]
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """An attachment where it stands: ``name`` is what the model knows it by."""

    message: int
    row: Attachment | None
    kind: str
    name: str


NOTHING = Enclosures({})


def enclosures(path: Sequence[Message], model: BedrockModel | None) -> Enclosures:
    """Of the messages above an answer; reads the files that are sent."""
    items = _items(path)
    return arranged(items, _refused(path), model) if items else NOTHING


def arranged(
    items: Sequence[Item],
    refused: set[int],
    model: BedrockModel | None,
    read: Callable[[Attachment], bytes | None] | None = None,
) -> Enclosures:
    """What is sent of each item, in their order; of messages that were ``refused`` words only.

    ``read`` gives the bytes that are sent of a row, or None where they are gone.
    """
    limits = Limits.of(model)
    readable = [
        item
        for item in items
        if item.row and limits.takes(item.kind) and item.message not in refused
    ]
    sent = _sent(readable, limits)
    blocks: dict[int, list[Block]] = {}
    sizes: dict[int, int] = {}
    for item in items:
        if item.message in refused:
            block = _note(item, "the model could not read it")
        elif not limits.takes(item.kind):
            block = _note(item, f"you cannot read {item.kind}s")
        elif item.row is not None and item not in sent:
            block = _note(item, "it is no longer sent to you")
        else:
            block = _block(item, read or _stored)
        blocks.setdefault(item.message, []).append(block)
        words = block.get("text")
        size = estimate(item.row, model) if words is None else tokens(words)
        sizes[item.message] = sizes.get(item.message, 0) + BLOCK_TOKENS + size
    unread = sum(1 for item in items if not limits.takes(item.kind))
    enclosed = {key: Enclosed(tuple(each), sizes[key]) for key, each in blocks.items()}
    return Enclosures(enclosed, unread)


def announced(attachments: Sequence[Attachment], model: BedrockModel | None) -> Enclosed:
    """What a message that is not stored yet will take; no file is read for that."""
    size = sum(BLOCK_TOKENS + estimate(each, model) for each in attachments)
    return Enclosed(({"text": "…"},) if attachments else (), size)


def estimate(row: Attachment | None, model: BedrockModel | None) -> int:
    """About how many tokens it is to this model."""
    if row is None:
        return 0
    if row.is_image:
        most = MOST_IMAGE_TOKENS
        if model is not None and "anthropic" not in model.foundation:
            most = MOST_IMAGE_TOKENS_ELSEWHERE
        return min(most, math.ceil((row.width or 0) * (row.height or 0) / PIXELS_PER_TOKEN) + 1)
    return row.pages * PAGE_TOKENS + math.ceil(row.characters * TOKENS_PER_CHARACTER)


def _items(path: Iterable[Message]) -> list[Item]:
    """All that people attached, numbered as the model knows them, in their order."""
    named = [
        (message.id, told)
        for message in path
        if message.role == Message.Role.USER
        for told in message.attached or []
    ]
    if not named:
        return []
    ids = {UUID(told["id"]) for _, told in named}
    rows = {row.pk: row for row in Attachment.objects.kept().filter(pk__in=ids)}
    counts: dict[str, int] = {}
    items = []
    for message, told in named:
        kind = told["kind"]
        counts[kind] = counts.get(kind, 0) + 1
        name = f"{kind.capitalize()} {counts[kind]}"
        items.append(Item(message, rows.get(UUID(told["id"])), kind, name))
    return items


def _sent(items: Sequence[Item], limits: Limits) -> set[Item]:
    """The newest, as many as one request may have; replayed from the beginning as history is."""
    lower = Limits(
        math.ceil(limits.images * TRIM_TO),
        math.ceil(limits.documents * TRIM_TO),
        math.ceil(limits.size * TRIM_TO),
    )
    held: list[Item] = []
    for at, item in enumerate(items):
        held.append(item)
        last = at + 1 == len(items) or items[at + 1].message != item.message
        if last and not _hold(limits, held):
            while held and held[0].message != item.message and not _hold(lower, held):
                held.pop(0)
            while not _hold(limits, held):
                held.pop(0)  # this model takes fewer than the one that was asked with them
    return set(held)


def _hold(limits: Limits, items: Iterable[Item]) -> bool:
    return limits.hold([item.row for item in items if item.row])


def _refused(path: Sequence[Message]) -> set[int]:
    """Messages whose attachments made every answer to them fail; not the one that is asked now."""
    earlier = [message.id for message in path[:-1] if message.attached]
    if not earlier:
        return set()
    ended = Generation.objects.filter(message__parent__in=earlier).values_list(
        "message__parent", "status", "error_code"
    )
    failed: set[int] = set()
    answered: set[int] = set()
    for message, status, code in ended:
        if message is None:
            continue
        refused = status == Generation.Status.FAILED and code in REFUSED
        (failed if refused else answered).add(message)
    return failed - answered


def _block(item: Item, read: Callable[[Attachment], bytes | None]) -> Block:
    row = item.row
    data = read(row) if row else None
    if row is None or data is None:
        return _note(item, "its file is gone")
    source: dict[str, Any] = {"bytes": data}
    if row.is_image:
        return {"image": {"format": "jpeg" if row.copy_size else row.format, "source": source}}
    return {"document": {"format": row.format, "name": item.name, "source": source}}


def _stored(row: Attachment) -> bytes | None:
    try:
        return files.read(row, files.COPY if row.copy_size else files.ORIGINAL)
    except FileNotFoundError:
        log.warning("attachment_gone", attachment=str(row.pk))
        return None


def _note(item: Item, why: str) -> Block:
    return {"text": f"[{item.name} was attached here; {why}.]\n"}
