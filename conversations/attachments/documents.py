"""What a document really is, by its content; the name only tells kinds of plain text apart.

Nothing is unpacked or parsed here beyond what tells the formats apart: models read documents, and
people who download them open them with programs of their own.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from conversations.languages import number
from conversations.refusals import Refused

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}
MAX_BYTES = 4_500_000  # what Converse takes

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Names in the directory of an OLE file (UTF-16), and what they make of it.
_STREAMS = (("WordDocument", "doc"), ("Workbook", "xls"), ("Book", "xls"))
_MEMBERS = (("word/document.xml", "docx"), ("xl/workbook.xml", "xlsx"))
_TEXT_NAMES = {".csv": "csv", ".md": "md", ".markdown": "md", ".html": "html", ".htm": "html"}
_PAGE = re.compile(rb"/Type\s*/Page(?![s\w])")
# Controls that no text has: what is left of the C0 set without tab, line ends, form feed, escape.
_CONTROLS = re.compile(r"[\0-\x07\x0e-\x1a\x1c-\x1f]")
_BYTES_PER_PAGE = 50_000  # where a PDF packs away how many pages it has
_MARKUP = 4  # characters of XML for one of text, about
# What a document says of its own size is no fact; more than this fits no model, nor the column.
_MOST_CHARACTERS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Document:
    """``pages`` and ``characters`` are estimates of how much there is to read; one of them is 0."""

    format: str
    media_type: str
    pages: int = 0
    characters: int = 0


def inspect(data: bytes, name: str) -> Document:
    """Tell what a document is; raises ``Refused`` where it is none that a model could read."""
    if len(data) > MAX_BYTES:
        raise Refused(
            "too_large",
            _("The document has %(size)s MB; %(most)s MB are allowed.")
            % {"size": number(len(data) / 1e6, 1), "most": number(MAX_BYTES / 1e6, 1)},
        )
    if b"%PDF-" in data[:1024]:
        return _pdf(data)
    if data.startswith(b"PK"):
        return _office(data)
    if data.startswith(_OLE):
        return _old_office(data)
    return _text(data, name)


def _document(format_: str, *, pages: int = 0, characters: int = 0) -> Document:
    return Document(format_, MEDIA_TYPES[format_], pages, min(characters, _MOST_CHARACTERS))


def _pdf(data: bytes) -> Document:
    if b"%%EOF" not in data[-4096:]:
        raise Refused("unsupported_attachment", _("This PDF is damaged: its end is missing."))
    if b"/Encrypt" in data:
        raise Refused(
            "unsupported_attachment", _("This PDF is protected; save a copy without a password.")
        )
    pages = len(_PAGE.findall(data)) or max(1, len(data) // _BYTES_PER_PAGE)
    return _document("pdf", pages=pages)


def _office(data: bytes) -> Document:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    except MemoryError:
        raise
    # Whatever a reader makes of hostile bytes: zipfile's errors are of many kinds.
    except Exception:  # noqa: BLE001
        raise Refused("unsupported_attachment", _("This file is damaged.")) from None
    if "[Content_Types].xml" in sizes:
        for member, format_ in _MEMBERS:
            if member in sizes:
                folder = member.split("/")[0]
                xml = sum(size for path, size in sizes.items() if _is_text_of(path, folder))
                return _document(format_, characters=max(1, xml // _MARKUP))
    raise _unknown()


def _is_text_of(path: str, folder: str) -> bool:
    text = ("document", "sharedStrings", "sheet", "footnotes", "endnotes", "comments")
    file = PurePosixPath(path)
    return path.startswith(f"{folder}/") and file.suffix == ".xml" and file.name.startswith(text)


def _old_office(data: bytes) -> Document:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refused(
            "unsupported_attachment",
            _("This document is protected; save a copy without a password."),
        )
    for stream, format_ in _STREAMS:
        # With what ends a name, so that "Book" is not found within a longer one.
        if f"{stream}\0".encode("utf-16-le") in data:
            return _document(format_, characters=max(1, len(data) // _MARKUP))
    raise _unknown()


def _text(data: bytes, name: str) -> Document:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unknown() from None
    if _CONTROLS.search(text):
        raise _unknown()
    if not text.strip():
        raise Refused("unsupported_attachment", _("There is nothing in this file."))
    format_ = _TEXT_NAMES.get(PurePosixPath(name.lower()).suffix, "txt")
    if re.match(r"\s*<(!doctype html|html)\b", text, re.IGNORECASE):
        format_ = "html"
    return _document(format_, characters=len(text))


def _unknown() -> Refused:
    return Refused(
        "unsupported_attachment",
        _(
            "Only images (PNG, JPEG, GIF, WebP), PDF, Word, Excel and text in UTF-8 can be "
            "attached."
        ),
    )
