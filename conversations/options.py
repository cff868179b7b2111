"""How the model of a conversation is to write: checked alike on the socket and over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

Share = Annotated[float, Field(strict=True, ge=0, le=1)]


class Sampling(BaseModel):
    """What is absent is the site's default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: Share | None = None
    top_p: Share | None = None
    max_tokens: Annotated[StrictInt, Field(ge=1)] | None = None
    # Whether the model sums up what it is no longer sent.
    summarize: StrictBool | None = None
    # For models that think on request: how much, as an effort or in tokens. Without either they
    # do not.
    reasoning_effort: Literal["low", "medium", "high"] | None = None
    reasoning_budget: Annotated[StrictInt, Field(ge=1_024)] | None = None


class Opening(Sampling):
    """What only a new conversation can be told besides."""

    preset: UUID | None = None
    temporary: StrictBool | None = None
