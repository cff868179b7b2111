"""Pictures that a model answers with: kept in our own storage, before the answer's end is told."""

from __future__ import annotations

import structlog

from conversations.attachments.storing import store_image
from conversations.models import Generation
from streaming.draft import Content, Written
from streaming.ending import patiently

log = structlog.get_logger(__name__)

# What stands in an answer for a picture that is not there.
LOST = {"image": {"error": "not kept"}}


def keep(generation: Generation, pictures: list[bytes], written: Written) -> Content:
    """The content of the answer, in which what could not be kept is told as lost."""
    lost = sum(not _kept(generation, data) for data in pictures)
    if not lost:
        return written.content
    before = written.content
    if before is None:
        before = [{"text": written.text}] if written.text else []
    return [*before, *[LOST] * lost]


def _kept(generation: Generation, data: bytes) -> bool:
    message = generation.message
    if message is None:
        return False
    try:
        patiently(lambda: store_image(message, data))
    # No image, or whatever the store raises that the settings name: the answer ends all the same.
    except Exception as error:  # noqa: BLE001
        log.warning("picture_not_kept", generation=str(generation.pk), why=type(error).__name__)
        return False
    return True
