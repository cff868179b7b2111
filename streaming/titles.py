"""The title of a conversation, written by the model after the first answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from conversations.models import Generation, Message
from conversations.models.conversation import UNTITLED
from conversations.models.whole import whole
from conversations.writing import rest
from streaming.bedrock.asking import complete
from streaming.bedrock.errors import BedrockError
from streaming.bedrock.request import Request
from streaming.catalogued import model_of, way_of
from streaming.guarding import INTERVENED
from streaming.history import guard

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

log = structlog.get_logger(__name__)

EXCERPT = 1_500  # characters of each side: enough to know what it is about
TITLE_TOKENS = 60
INSTRUCTION = (
    "Write a title for the conversation below: three to six words in its language, no quotation "
    "marks, no full stop. Answer with the title only."
)


def wanted(generation: Generation) -> bool:
    """Whether the conversation of an ended generation may lack a title."""
    conversation = generation.conversation
    complete = generation.status == Generation.Status.COMPLETE
    if not complete or conversation is None or generation.stop_reason == INTERVENED:
        return False
    if conversation.temporary:
        return False
    return conversation.title == UNTITLED and not conversation.title_chosen


def suggest(generation: Generation, client: BedrockRuntimeClient) -> None:
    """Title the conversation of a finished generation if nobody and nothing has named it yet.

    ``generation`` is the row as whoever ran it has it: a name that was given meanwhile stays.
    """
    try:
        _suggest(generation, client)
    except BedrockError as error:
        # A conversation without a title is still a conversation; the next answer tries again.
        log.warning("title_failed", generation=str(generation.pk), code=error.code)
    finally:
        rest()


def suggest_later(generation_id: UUID, client: BedrockRuntimeClient) -> None:
    """The same by somebody who did not run it."""
    generation = whole(generation_id)
    rest()
    if generation is not None and wanted(generation):
        suggest(generation, client)


def _suggest(generation: Generation, client: BedrockRuntimeClient) -> None:
    conversation, answer = generation.conversation, generation.message
    if conversation is None or answer is None:
        return
    request = _request(generation.model, answer.parent, answer)
    way = way_of(model_of(generation.model))
    completion = complete(client, replace(request, guardrail=guard(conversation)), way)
    if completion.stop_reason == INTERVENED:
        return  # its words are no title
    title = completion.text.strip().strip("\"'“”*#").splitlines()
    if title:
        conversation.suggest_title(title[0])


def _request(model: str, question: Message | None, answer: Message) -> Request:
    asked = question.text[:EXCERPT] if question else ""
    # One user message and no system prompt: every model takes that.
    text = f"{INSTRUCTION}\n\nUser: {asked}\n\nAssistant: {answer.text[:EXCERPT]}"
    return Request(
        model_id=model,
        messages=[{"role": "user", "content": [{"text": text}]}],
        max_tokens=TITLE_TOKENS,
    )
