"""The shapes of the HTTP API, as docs/protocol.md names them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field, StrictBool, StrictStr

from conversations.models.conversation import SUMMARY_LENGTH
from conversations.models.preset import NAME_LENGTH
from conversations.options import Opening, Sampling

Status = Literal["pending", "streaming", "complete", "stopped", "failed", "interrupted"]


class Problem(Schema):
    code: str
    detail: str
    reference: str | None


class ErrorBody(Schema):
    """Every answer that is not a success."""

    error: Problem


class Me(Schema):
    id: UUID
    name: str
    email: str
    permissions: list[str]


class ModelItem(Schema):
    id: str
    name: str
    provider: str
    capabilities: dict[str, Any]
    context_window: int
    max_output_tokens: int
    prices: dict[str, Any]


class ModelList(Schema):
    items: list[ModelItem]


class ConversationItem(Schema):
    id: UUID
    title: str
    model: str
    system_prompt: str
    options: dict[str, Any]
    summary: str
    pinned: bool
    archived: bool
    running: bool
    unread: bool
    preset: UUID | None
    temporary: bool
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


class NewConversation(Schema):
    """All of it may be absent."""

    model_config = ConfigDict(extra="forbid")

    title: StrictStr | None = None
    model: Annotated[StrictStr, Field(min_length=1, max_length=256)] | None = None
    system_prompt: StrictStr | None = None
    options: Opening = Opening()


class ChangedConversation(Schema):
    """What is absent stays; ``options`` are all of them."""

    model_config = ConfigDict(extra="forbid")

    title: StrictStr = ""
    model: Annotated[StrictStr, Field(min_length=1, max_length=256)] = ""
    system_prompt: StrictStr = ""
    options: Sampling = Sampling()
    summary: Annotated[StrictStr, Field(max_length=SUMMARY_LENGTH)] = ""
    pinned: StrictBool = False
    archived: StrictBool = False
    unread: StrictBool = False


class Segment(Schema):
    """A piece of a text; ``hit``: it is what was looked for."""

    text: str
    hit: bool


class Hit(Schema):
    """A message that has what was looked for, and the surroundings of the place."""

    message: UUID
    role: Literal["user", "assistant"]
    created_at: datetime
    excerpt: list[Segment]


class Found(Schema):
    """The title, and up to three messages, the newest first."""

    title: list[Segment]
    hits: list[Hit]


class ListedConversation(ConversationItem):
    """``found``: null unless something was looked for."""

    found: Found | None = None


class ConversationPage(Schema):
    """``next`` is the ``cursor`` of the page behind this one, null on the last."""

    items: list[ListedConversation]
    next: str | None


class PresetItem(Schema):
    """``shared``: by the administrators, for you to choose and not to change. ``usable``: you may
    use its model. ``default``: the page begins new conversations with it.
    """

    id: UUID
    name: str
    model: str
    system_prompt: str
    options: dict[str, Any]
    shared: bool
    usable: bool
    default: bool


class PresetList(Schema):
    items: list[PresetItem]


class NewPreset(Schema):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[StrictStr, Field(min_length=1, max_length=NAME_LENGTH)]
    model: Annotated[StrictStr, Field(min_length=1, max_length=256)]
    system_prompt: StrictStr = ""
    options: Sampling = Sampling()


class ChangedPreset(Schema):
    """What is absent stays; ``options`` are all of them."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[StrictStr, Field(min_length=1, max_length=NAME_LENGTH)] = ""
    model: Annotated[StrictStr, Field(min_length=1, max_length=256)] = ""
    system_prompt: StrictStr = ""
    options: Sampling = Sampling()


class Failure(Schema):
    code: str
    detail: str
    retryable: bool
    reference: str | None


class Usage(Schema):
    """``estimated``: not all of it was reported by the model."""

    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int
    cache_write_tokens: int
    cost: float | None
    estimated: bool = False


class Timings(Schema):
    first_token_ms: int | None
    reasoning_ms: int | None
    total_ms: int | None


class Citation(Schema):
    """A source that the answer names; ``place`` says in words where in it."""

    number: int
    title: str
    place: str
    url: str | None
    source: str


class Tool(Schema):
    """``server``: the service ran it by itself. This site runs none."""

    name: str
    server: bool
    input: str
    result: str | None


class Parts(Schema):
    """What an answer has beside text and reasoning; ``redacted``: reasoning that stays hidden;
    ``lost``: pictures that could not be made or kept."""

    citations: list[Citation]
    tools: list[Tool]
    redacted: bool
    lost: int


class View(Schema):
    """What of the conversation the model was shown for an answer; figures in tokens.

    ``start``, as ``from``: the id of the message from which on everything was sent; ``kept``: those
    pinned before it that were sent too; ``left_out``: how many were not. ``counted``: the model
    counted ``tokens``, else they are an estimate; above ``budget`` the oldest messages go.
    """

    start: UUID = Field(alias="from")
    kept: list[UUID]
    left_out: int
    tokens: int
    counted: bool
    budget: int
    window: int
    summarised: bool


class GenerationItem(Schema):
    id: UUID
    model: str
    attempt: int
    seq: int
    status: Status
    stop_reason: str | None
    error: Failure | None
    usage: Usage | None
    timings: Timings
    actions: list[str]
    note: str | None
    parts: Parts | None
    context: View | None = None


class AttachmentItem(Schema):
    """``media_type`` is what its content says; ``width`` and ``height`` are pixels of an image."""

    id: UUID
    kind: Literal["image", "document"]
    name: str
    media_type: str
    size: int
    width: int | None
    height: int | None


class FeedbackItem(Schema):
    """What a person thinks of an answer; ``reasons`` are codes that fit the rating."""

    model_config = ConfigDict(extra="forbid")

    rating: Literal["up", "down"]
    reasons: Annotated[list[StrictStr], Field(max_length=20, default_factory=list)]
    comment: StrictStr = ""


class MessageItem(Schema):
    id: UUID
    parent: UUID | None
    role: Literal["user", "assistant"]
    text: str
    reasoning: str
    pinned: bool
    attachments: list[AttachmentItem]
    status: Status
    created_at: datetime
    generation: GenerationItem | None
    feedback: FeedbackItem | None = None


class Stopping(Schema):
    """``finished`` as in the socket's update, of an answer that had ended already."""

    type: Literal["stopping"]
    finished: dict[str, Any] | None


class ConversationWhole(ConversationItem):
    """With the messages of all branches, in the order in which they were written."""

    messages: list[MessageItem]
