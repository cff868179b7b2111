"""A summary of what the model is no longer sent, written by the model in the background.

Only where a conversation's options ask for one. The next request after it was written has it; what
falls out meanwhile is in the summary after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from conversations.branches import Tree
from conversations.models import BedrockModel, Generation, Message
from conversations.models.conversation import SUMMARY_LENGTH
from conversations.writing import rest
from streaming.bedrock.asking import complete
from streaming.bedrock.errors import BedrockError
from streaming.bedrock.request import Request
from streaming.catalogued import model_of, way_of
from streaming.context.estimate import tokens
from streaming.guarding import INTERVENED
from streaming.history import blocked_in, guard

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

log = structlog.get_logger(__name__)

SUMMARY_TOKENS = 700
READ_AT_ONCE = 0.4  # of the window, by estimate, which can be too low
LONGEST_READ = 100_000  # tokens
CHARACTERS_READ = 2  # of a single message that is too long, for each token there is room for
INSTRUCTION = (
    "Below is the earlier part of a conversation between a user and an assistant. Summarise it for "
    "the assistant, who goes on with the conversation and no longer sees this part: what was "
    "asked, what was answered and decided, and every fact, name and figure that may be needed "
    "again. At most 300 words, in the language of the conversation. Answer with the summary only."
)


def wanted(generation: Generation) -> bool:
    """Whether something was left out of an ended generation's request that a summary may cover."""
    conversation, context = generation.conversation, generation.context
    if conversation is None or not context or not context.get("left_out"):
        return False
    return bool(conversation.options.get("summarize"))


def renew(generation_id: UUID, client: BedrockRuntimeClient) -> None:
    """Summarise what an answer was written without, with the summary that there was before."""
    try:
        rows = Generation.objects.select_related("conversation", "message")
        generation = rows.filter(pk=generation_id).first()
        if generation is not None and wanted(generation):
            _renew(generation, client)
    except BedrockError as error:
        # Without a summary the conversation goes on as it did; the next answer tries again.
        log.warning("summary_failed", generation=str(generation_id), code=error.code)
    finally:
        rest()


def _renew(generation: Generation, client: BedrockRuntimeClient) -> None:
    conversation, answer = generation.conversation, generation.message
    if conversation is None or answer is None or generation.context is None:
        return
    path = Tree(Message.objects.filter(conversation=conversation)).ancestors(answer)
    gone = _left_out(path, generation.context)
    before, covered = conversation.summary, conversation.summary_until
    if gone and covered == gone[-1].id:
        return
    # What a person wrote before there was any counts for every branch; that of another does not.
    summary = before if covered is None or any(row.id == covered for row in path) else ""
    fresh = [row for row in gone if not summary or covered is None or row.id > covered]
    model, guardrail = model_of(generation.model), guard(conversation)
    rest()  # the model takes its time
    for part in _parts(fresh, model):
        request = replace(_request(generation.model, summary, part), guardrail=guardrail)
        completion = complete(client, request, way_of(model))
        if completion.stop_reason == INTERVENED:
            return  # its words are no summary
        summary = completion.text.strip()[:SUMMARY_LENGTH] or summary
    if fresh and summary:
        conversation.keep_summary(summary, until=gone[-1].id, instead_of=before)


def _left_out(path: list[Message], context: dict[str, Any]) -> list[Message]:
    ids = [str(row.uuid) for row in path]
    start = ids.index(context["from"]) if context["from"] in ids else len(path)
    kept = context["kept"]
    blocked = blocked_in(path[:start])
    # What was refused would be refused within every later summary, too.
    refused = blocked | {row.parent_id for row in path[:start] if row.id in blocked}
    return [
        row
        for row in path[:start]
        if str(row.uuid) not in kept and row.id not in refused and row.text.strip()
    ]


def _parts(rows: Sequence[Message], model: BedrockModel | None) -> list[str]:
    """The text of the messages, in pieces that the model can read at once."""
    window = model.context_window if model else 8_192
    room = min(int(window * READ_AT_ONCE) - SUMMARY_TOKENS, LONGEST_READ)
    parts: list[str] = []
    used = room
    for row in rows:
        said = "User" if row.role == Message.Role.USER else "Assistant"
        # Longer than all that can be read: its beginning says what it is about.
        text = f"{said}: {row.text[: max(room, 200) * CHARACTERS_READ]}"
        size = tokens(text)
        if used + size > room or not parts:
            parts.append(text)
            used = size
        else:
            parts[-1] += f"\n\n{text}"
            used += size
    return parts


def _request(model: str, before: str, text: str) -> Request:
    earlier = f"\n\nSummary of what came before:\n{before}" if before else ""
    # One user message and no system prompt: every model takes that.
    words = f"{INSTRUCTION}{earlier}\n\n{text}"
    return Request(
        model_id=model,
        messages=[{"role": "user", "content": [{"text": words}]}],
        max_tokens=SUMMARY_TOKENS,
    )
