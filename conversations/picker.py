"""Which models the page offers to a person, and what those are called that it shows besides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings

from conversations.models import BedrockModel
from conversations.reasoning import style_of

if TYPE_CHECKING:
    from conversations.models import Conversation, User
    from conversations.transcript import Item


@dataclass(frozen=True, slots=True)
class Picker:
    """``offered``: what a person may choose. ``closed``: what the conversation names besides.

    ``picked``: the id that the next question goes to unless another one is chosen; perhaps closed.
    """

    offered: list[BedrockModel]
    closed: list[BedrockModel]
    picked: str

    @property
    def lost(self) -> BedrockModel | None:
        """The model of the conversation, where its owner may not use it any more."""
        return next((model for model in self.closed if model.pk == self.picked), None)

    @property
    def is_choice(self) -> bool:
        return len(self.offered) > 1 or bool(self.offered and self.lost)

    def names(self) -> list[dict[str, Any]]:
        """And whether it thinks on request, so that the page offers to ask for it, and how many
        tokens it writes at most (null: nobody knows).
        """
        return [
            {
                "id": model.pk,
                "name": model.name,
                "thinks": bool(style_of(model)),
                "most": model.max_output_tokens,
            }
            for model in [*self.offered, *self.closed]
        ]


def picker(user: User, conversation: Conversation | None, thread: list[Item]) -> Picker:
    offered = _offered(user)
    ids = {model.pk for model in offered}
    named = {item["generation"]["model"] for item in thread if item["generation"]}
    if conversation:
        named.add(conversation.model)
        picked = conversation.model
    else:
        default = settings.BEDROCK_MODEL_ID
        picked = default if default in ids or not offered else offered[0].pk
    closed = named - ids
    known = BedrockModel.objects.in_bulk(closed) if closed else {}
    return Picker(offered, [known.get(pk) or _unlisted(pk) for pk in sorted(closed)], picked)


def _offered(user: User) -> list[BedrockModel]:
    models = list(BedrockModel.objects.open_to(user))
    default = settings.BEDROCK_MODEL_ID
    known = {model.pk for model in models}
    if default not in known and BedrockModel.objects.is_unlisted_default(default):
        models.append(_unlisted(default))
    return models


def _unlisted(model_id: str) -> BedrockModel:
    return BedrockModel(id=model_id, name=model_id)
