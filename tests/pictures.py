"""Files that people attach, made as small as their kind allows."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from conversations.attachments.storing import receive
from conversations.models import Attachment, User

TEXT = "Only mine to read.\n"


def image(
    format_: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: Any
) -> bytes:
    into = io.BytesIO()
    Image.new(mode, size, "red" if mode != "L" else 128).save(into, format_, **options)
    return into.getvalue()


def noise(size: tuple[int, int]) -> bytes:
    """A PNG that nothing makes smaller."""
    into = io.BytesIO()
    Image.effect_noise(size, 100).convert("RGB").save(into, "PNG", compress_level=0)
    return into.getvalue()


def sideways() -> bytes:
    """A photograph, taller than wide, by a camera that was held on its side; with a place in it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "at home"
    return image("JPEG", (60, 20), exif=exif.tobytes())


def pdf(pages: int = 1, more: bytes = b"") -> bytes:
    body = b"".join(b"<< /Type /Page /Parent 1 0 R >>\n" for _ in range(pages))
    return b"%PDF-1.4\n<< /Type /Pages >>\n" + body + more + b"trailer\n%%EOF\n"


def office(*members: str) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for member in ("[Content_Types].xml", *members):
            archive.writestr(member, "<xml/>" * 100)
    return into.getvalue()


def old_office(stream: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + f"{stream}\0".encode("utf-16-le")


def uploaded(user: User, data: bytes | None = None, name: str = "notes.txt") -> Attachment:
    """Uploaded, not sent."""
    return receive(user, SimpleUploadedFile(name, TEXT.encode() if data is None else data))
