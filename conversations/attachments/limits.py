"""What a model takes of attachments, by the catalogue; the numbers are Converse's.

``max_images`` and ``max_documents`` among a model's capabilities make them smaller for that model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations.languages import number
from conversations.models import Attachment
from conversations.refusals import Refused, not_found

if TYPE_CHECKING:
    from conversations.models import BedrockModel, User

MAX_IMAGES = 20
MAX_DOCUMENTS = 5
# A request has 25 MB at most, and bytes become a third more on their way.
MAX_BYTES = 18_000_000
_NATIVE_IMAGES = ("anthropic.claude-", "amazon.nova-")
_NATIVE_DOCUMENTS = "anthropic.claude-"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one request; 0 of what the model does not read. ``size`` in bytes."""

    images: int
    documents: int
    size: int = MAX_BYTES

    @classmethod
    def of(cls, model: BedrockModel | None) -> Limits:
        """A model that the catalogue does not know takes none."""
        if model is None:
            return cls(0, 0)
        images = _most(model.capabilities, "images", MAX_IMAGES)
        documents = _most(model.capabilities, "documents", MAX_DOCUMENTS)
        if model.dialect == model.Dialect.NATIVE:
            # What the providers' own formats have room for.
            images = images if any(name in model.foundation for name in _NATIVE_IMAGES) else 0
            documents = documents if _NATIVE_DOCUMENTS in model.foundation else 0
        return cls(images, documents)

    def takes(self, kind: str) -> int:
        return self.images if kind == Attachment.Kind.IMAGE else self.documents

    def hold(self, attachments: Sequence[Attachment]) -> bool:
        """Whether one request may have all of these."""
        images = sum(1 for each in attachments if each.is_image)
        size = sum(each.sent_size for each in attachments)
        documents = len(attachments) - images
        return images <= self.images and documents <= self.documents and size <= self.size


def _most(can: dict[str, object], kind: str, limit: int) -> int:
    if not can.get(kind):
        return 0
    own = can.get(f"max_{kind}")
    # True is a number to Python.
    return min(own, limit) if isinstance(own, int) and not isinstance(own, bool) else limit


def own(user: User, ids: Sequence[UUID]) -> list[Attachment]:
    """A person's attachments in the order named; refused where one of them is not theirs."""
    if not ids:
        return []
    found = {row.pk: row for row in Attachment.objects.owned_by(user).filter(pk__in=ids)}
    if len(found) != len(set(ids)):
        raise not_found("attachment")
    return [found[each] for each in dict.fromkeys(ids)]


# For each kind: that the model reads none, that it reads fewer. As static/js/reading.js says it.
_SENTENCES = {
    "image": (
        gettext_lazy("%(name)s cannot read images. Choose another model, or remove them."),
        gettext_lazy("%(name)s reads %(most)s images at a time; there are %(count)s."),
    ),
    "document": (
        gettext_lazy("%(name)s cannot read documents. Choose another model, or remove them."),
        gettext_lazy("%(name)s reads %(most)s documents at a time; there are %(count)s."),
    ),
}


def check(attachments: Sequence[Attachment], model: BedrockModel | None) -> None:
    """Refuse a message whose attachments its model cannot read, or not all at once."""
    if attachments and model is None:
        raise Refused(
            "unsupported_attachment",
            _(
                "Nobody has said yet which files this model reads. An administrator can, in the "
                "list of models."
            ),
        )
    limits = Limits.of(model)
    name = model.name if model else ""
    for kind, (none, fewer) in _SENTENCES.items():
        count = sum(1 for each in attachments if each.kind == kind)
        most = limits.takes(kind)
        if count and not most:
            raise Refused(
                "unsupported_attachment",
                none % {"name": name},
            )
        if count > most:
            raise Refused(
                "unsupported_attachment",
                fewer % {"name": name, "most": most, "count": count},
            )
    size = sum(each.sent_size for each in attachments)
    if size > limits.size:
        raise Refused(
            "too_large",
            _("The files have %(size)s MB together; %(most)s MB can be sent at once.")
            % {"size": number(size / 1e6, 1), "most": number(limits.size / 1e6)},
        )
