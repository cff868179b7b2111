"""The messages of a branch, and what of each of them a request may hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from conversations.text import clean
from streaming.context.estimate import MESSAGE_TOKENS
from streaming.context.sizes import block_tokens

Block: TypeAlias = dict[str, Any]
Role: TypeAlias = Literal["user", "assistant"]

# Of the blocks that Converse knows, those that each side may send.
_OF_USER = frozenset({"text", "image", "document", "toolResult"})
_OF_ASSISTANT = frozenset({"text", "reasoningContent", "toolUse", "toolResult"})
_TOOLS = frozenset({"toolUse", "toolResult"})
# The service refuses a document without any words beside it.
_WORDLESS = "Attached."


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of the branch.

    `blocked` is an answer that a guardrail or content filter refused: its question would be
    refused again within every later request, so neither is sent.

    `blocks` are Converse content blocks, bytes as bytes. Of a person's message they come before
    its text: attachments, results of tools. Of an answer they are all of it, in order, and are
    sent in place of its text: reasoning with its signature, text, use of tools. What a request
    must not hold is left out of them. `blocks_tokens` is what they take, by a better estimate than
    the one that is made of the blocks. `counted` is what the whole message takes, where the model
    that is asked has counted it. `pinned`: sent as long as there is room for it at all.
    """

    role: Role
    text: str
    blocked: bool = False
    blocks: tuple[Block, ...] = ()
    blocks_tokens: int | None = None
    counted: int | None = None
    pinned: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether nothing was said: an answer of reasoning alone is none."""
        return not self.text.strip() and (self.role == "assistant" or not self.blocks)


@dataclass(frozen=True, slots=True)
class Sendable:
    """A message as it may be sent: that of the index `at` among the turns.

    `size` is in tokens by estimate, uncorrected; `counted` as the model counted it, if it did.
    `opens`: a request may begin with it: it is the person's and answers no tool.
    """

    at: int
    role: Role
    content: tuple[Block, ...]
    size: int
    counted: int | None = None
    pinned: bool = False

    def tokens(self, ratio: float) -> float:
        return self.size * ratio if self.counted is None else self.counted

    @property
    def opens(self) -> bool:
        return self.role == "user" and not any("toolResult" in block for block in self.content)


def sendable(turns: Sequence[Turn], *, tools: bool) -> list[Sendable]:
    """The messages that a request may hold, beginning with the user's.

    An answer that was stopped or broke off is sent as far as it came: it is what the person saw.
    Use of a tool goes with its result or not at all, and not at all where the request defines no
    tools; without it the reasoning before it does not go either (R71).
    """
    kept: list[Sendable] = []
    answered = _answered(turns) if tools else [frozenset[str]()] * len(turns)
    for at, (turn, pairs) in enumerate(zip(turns, answered, strict=True)):
        if turn.blocked:
            _forget_question(kept)
            continue
        content = _of_user(turn, pairs) if turn.role == "user" else _of_assistant(turn, pairs)
        if not content:
            continue
        size = _size(turn, content)
        message = Sendable(at, turn.role, content, size, turn.counted, turn.pinned)
        if kept or message.opens:
            kept.append(message)
    return kept


def _answered(turns: Sequence[Turn]) -> list[frozenset[str]]:
    """For each turn the ids of tools whose use and result both are where they belong.

    What the service ran by itself has both in one answer; the others have the result in the
    message that follows.
    """
    pairs: list[frozenset[str]] = []
    open_ids: frozenset[str] = frozenset()
    for at, turn in enumerate(turns):
        results = _ids(turn, "toolResult")
        if turn.role == "user":
            pairs.append(results & open_ids)
            open_ids = frozenset()
            continue
        after = turns[at + 1] if at + 1 < len(turns) else None
        there = _ids(after, "toolResult") if after and after.role == "user" else frozenset()
        uses = frozenset() if turn.blocked else _ids(turn, "toolUse")
        open_ids = (uses - results) & there
        pairs.append(open_ids | (uses & results))
    return pairs


def _ids(turn: Turn, kind: str) -> frozenset[str]:
    """Of the tools whose use, or result, this turn has; not of a use whose input cannot be read."""
    blocks = [block[kind] for block in turn.blocks if kind in block]
    return frozenset(block["toolUseId"] for block in blocks if "rawInput" not in block)


def _forget_question(kept: list[Sendable]) -> None:
    """The question of a blocked answer, with all that was asked of tools meanwhile."""
    while kept and kept[-1].role == "user":
        if kept.pop().opens:
            return
        kept.pop()


def _of_user(turn: Turn, answered: frozenset[str]) -> tuple[Block, ...]:
    content = [block for block in _known(turn.blocks, _OF_USER) if _is_whole(block, answered)]
    # Results first: the service wants them right behind what asked for them.
    content.sort(key=lambda block: "toolResult" not in block)
    if turn.text.strip():
        content.append({"text": clean(turn.text)})
    elif any("document" in block for block in content):
        content.append({"text": _WORDLESS})
    return tuple(content)


def _of_assistant(turn: Turn, answered: frozenset[str]) -> tuple[Block, ...]:
    if not turn.blocks:
        return ({"text": clean(turn.text)},) if turn.text.strip() else ()
    known = _known(turn.blocks, _OF_ASSISTANT)
    content = [block for block in known if _is_whole(block, answered)]
    if len(content) < len(known):
        # Reasoning is signed for what follows it: without that it would be refused.
        content = [block for block in content if "reasoningContent" not in block]
    while content and "reasoningContent" in content[-1]:
        content.pop()  # reasoning alone is no answer
    return tuple(content)


def _known(blocks: Iterable[Block], kinds: frozenset[str]) -> list[Block]:
    """Those of the kinds given, without blank text and without a tool's second use or result."""
    known: list[Block] = []
    seen: set[tuple[str, str]] = set()
    for block in map(_plain, blocks):
        kind = next(iter(block), "")
        if kind not in kinds or (kind == "text" and not block["text"].strip()):
            continue
        if kind in _TOOLS:
            once = (kind, block[kind]["toolUseId"])
            if once in seen:
                continue
            seen.add(once)
        known.append(block)
    return known


def _plain(block: Block) -> Block:
    """Cited text as plain text: its sources are not part of this request."""
    if "citationsContent" in block:
        said = block["citationsContent"].get("content", ())
        block = {"text": "".join(part.get("text", "") for part in said)}
    return {"text": clean(block["text"])} if "text" in block else block


def _is_whole(block: Block, answered: frozenset[str]) -> bool:
    kind = next(iter(block))
    return kind not in _TOOLS or block[kind]["toolUseId"] in answered


def _size(turn: Turn, content: Sequence[Block]) -> int:
    sizes = [block_tokens(block) for block in content]
    if turn.blocks_tokens is not None and turn.blocks:
        own = sizes[-1] if turn.role == "user" and "text" in content[-1] else 0
        return MESSAGE_TOKENS + turn.blocks_tokens + own
    return MESSAGE_TOKENS + sum(sizes)
