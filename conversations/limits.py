"""What a conversation may ask of its model: within what the site sends and the model does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from conversations.refusals import Refused

if TYPE_CHECKING:
    from conversations.models import BedrockModel


def check_prompt(system_prompt: str) -> None:
    """Raises ``Refused`` where it is longer than any model is sent."""
    limit = settings.MAX_MESSAGE_CHARACTERS
    if len(system_prompt) > limit:
        words = _("The system prompt has %(length)s characters; %(limit)s are allowed.")
        figures = {"length": f"{len(system_prompt):,}", "limit": f"{limit:,}"}
        raise Refused("too_large", words % figures)


def check_limits(options: dict[str, Any], model: BedrockModel | None) -> None:
    """Raises ``Refused`` where a model cannot do what is asked of it.

    A model that is chosen later writes as much of it as it can.
    """
    asked = options.get("max_tokens") or 0
    if model is not None and asked > model.max_output_tokens:
        words = _(
            "%(model)s writes at most %(limit)s tokens; a maximum length of %(asked)s is more."
        )
        limit = f"{model.max_output_tokens:,}"
        figures = {"model": model.name, "limit": limit, "asked": f"{asked:,}"}
        raise Refused("malformed", words % figures)
