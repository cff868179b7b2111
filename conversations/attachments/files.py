"""The files of attachments, wherever the settings keep them: written, read and removed by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

if TYPE_CHECKING:
    from django.core.files.base import File

    from conversations.models import Attachment

ORIGINAL, THUMBNAIL, COPY = "original", "thumbnail", "copy"


def write(row: Attachment, files: dict[str, bytes]) -> None:
    for part, data in files.items():
        default_storage.save(_name(row, part), ContentFile(data))


def opened(row: Attachment, part: str) -> File[bytes]:
    """Raises FileNotFoundError where there is none."""
    return default_storage.open(_name(row, part), "rb")


def read(row: Attachment, part: str) -> bytes:
    """Raises FileNotFoundError where there is none."""
    with opened(row, part) as file:
        data: bytes = file.read()
        return data


def remove(row: Attachment) -> None:
    """All that there are; what is gone already is no error."""
    for part in (ORIGINAL, THUMBNAIL, COPY):
        default_storage.delete(_name(row, part))


def _name(row: Attachment, part: str) -> str:
    name = row.stored_as.hex
    # Folders of some thousand files each at most, however many there are.
    return f"{name[:2]}/{name[2:4]}/{name}.{part}"
