"""What a file is, is found in its content; its name is only shown (R32, R76)."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from conversations.attachments import documents, images, names
from conversations.refusals import Refused
from tests import pictures

pytestmark = pytest.mark.nodb


# --- images ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "WEBP"])
def test_an_image_is_known_by_its_content(format_: str) -> None:
    """R76"""
    data = pictures.image(format_)
    assert images.is_image(data)
    found = images.inspect(data)
    assert (found.format, found.media_type) == (format_.lower(), f"image/{format_.lower()}")
    assert (found.width, found.height, found.copy) == (40, 30, None)
    assert Image.open(io.BytesIO(found.thumbnail)).format == "WEBP"


def test_a_photograph_with_others_behind_it_is_a_jpeg() -> None:
    """Many phones write such files, and call them JPEG."""
    data = io.BytesIO()
    first, second = (Image.new("RGB", (40, 30), colour) for colour in ("red", "blue"))
    first.save(data, "MPO", save_all=True, append_images=[second])
    found = images.inspect(data.getvalue())
    assert (found.format, found.media_type) == ("jpeg", "image/jpeg")
    assert (found.width, found.height) == (40, 30)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK", "F"])
def test_an_image_of_any_mode_gets_a_thumbnail(mode: str) -> None:
    format_ = {"CMYK": "JPEG", "F": "TIFF"}.get(mode, "PNG")
    data = io.BytesIO()
    Image.new(mode, (40, 30)).save(data, format_)
    if format_ == "TIFF":
        assert not images.is_image(data.getvalue())
        return
    small = Image.open(io.BytesIO(images.inspect(data.getvalue()).thumbnail))
    assert (small.size, small.mode) == ((40, 30), "RGB")


def test_what_is_made_of_a_photograph_is_the_right_way_up_and_tells_nothing_else() -> None:
    found = images.inspect(pictures.sideways())
    assert (found.width, found.height) == (20, 60)
    assert found.copy is not None
    for data in (found.thumbnail, found.copy):
        made = Image.open(io.BytesIO(data))
        assert made.size == (20, 60)
        assert not made.getexif()
        assert b"at home" not in data


def test_what_is_too_large_for_a_model_is_sent_smaller() -> None:
    """In bytes, and in pixels; the thumbnail is small in any case."""
    heavy = images.inspect(pictures.noise((1_300, 1_000)))
    long = images.inspect(pictures.image(size=(8_100, 10)))
    for found, longest in ((heavy, 1_300), (long, 8_000)):
        assert found.copy is not None
        assert len(found.copy) <= images.SENT_BYTES
        assert max(Image.open(io.BytesIO(found.copy)).size) == longest
        assert max(Image.open(io.BytesIO(found.thumbnail)).size) == images.THUMBNAIL_SIDE
    assert (long.width, long.height) == (8_100, 10), "what is shown is the original's size"


def test_an_image_that_would_fill_the_memory_is_not_unpacked() -> None:
    """R32"""
    bomb = pictures.image("PNG", (8_000, 7_000), mode="1")
    assert len(bomb) < 25_000
    with pytest.raises(Refused) as refused:
        images.inspect(bomb)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "WEBP"])
def test_half_an_image_is_refused(format_: str) -> None:
    data = pictures.noise((64, 64)) if format_ == "PNG" else pictures.image(format_, (640, 480))
    with pytest.raises(Refused) as refused:
        images.inspect(data[: len(data) // 2])
    assert refused.value.code == "unsupported_attachment"


# --- documents ------------------------------------------------------------------------------------

KNOWN: dict[str, tuple[bytes, str]] = {
    "pdf": (pictures.pdf(), "application/pdf"),
    "docx": (pictures.office("word/document.xml"), documents.MEDIA_TYPES["docx"]),
    "xlsx": (pictures.office("xl/workbook.xml"), documents.MEDIA_TYPES["xlsx"]),
    "doc": (pictures.old_office("WordDocument"), "application/msword"),
    "xls": (pictures.old_office("Workbook"), "application/vnd.ms-excel"),
    "html": (b"  <!DOCTYPE html><p>Hi", "text/html"),
    "txt": ("Grüße".encode(), "text/plain"),
}


@pytest.mark.parametrize("format_", KNOWN)
@pytest.mark.parametrize("name", ["a", "a.exe", "a.png", "../../etc/passwd"])
def test_a_document_is_known_by_its_content_whatever_its_name_says(format_: str, name: str) -> None:
    """R76"""
    data, media_type = KNOWN[format_]
    found = documents.inspect(data, name)
    assert (found.format, found.media_type) == (format_, media_type)
    assert found.pages or found.characters


@pytest.mark.parametrize(
    ("name", "format_"),
    [("a.csv", "csv"), ("A.MD", "md"), ("a.htm", "html"), ("a.py", "txt"), ("csv", "txt")],
)
def test_the_name_tells_kinds_of_plain_text_apart(name: str, format_: str) -> None:
    assert documents.inspect(b"a,b\n1,2\n", name).format == format_


def test_a_document_that_lies_about_its_size_fits_its_column() -> None:
    """4 GB in each member, as its directory says: PostgreSQL would refuse the row."""
    lying = bytearray(pictures.office("word/document.xml", "word/document2.xml",
                                      "word/footnotes.xml"))  # fmt: skip
    place = -1
    while (place := lying.find(b"PK\x01\x02", place + 1)) >= 0:
        lying[place + 24 : place + 28] = b"\xf0\xff\xff\xff"
    assert documents.inspect(bytes(lying), "a.docx").characters == 1_000_000_000


def test_how_much_there_is_to_read_is_estimated() -> None:
    assert documents.inspect(pictures.pdf(pages=7), "a").pages == 7
    assert documents.inspect(pictures.pdf(more=bytes(2_000_000)), "a").pages == 1
    packed = pictures.pdf(pages=0, more=bytes(2_000_000))
    assert documents.inspect(packed, "a").pages == 40
    assert documents.inspect("Grüße".encode(), "a").characters == 5
    two = documents.inspect(pictures.office("word/document.xml", "word/footnotes.xml"), "a")
    assert two.characters == 2 * 600 // 4


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n\t",
        b"\xef\xbb\xbf",
        b"\x00\x01\x02",
        b"MZ\x90\x00",
        "Grüße".encode("latin-1"),
        "Grüße".encode("utf-16"),
        b"%PDF-1.4 cut off",
        pictures.pdf(more=b"/Encrypt 5 0 R"),
        b"PK\x03\x04 nothing of the kind",
        pictures.office("something/else.xml"),
        pictures.old_office("EncryptedPackage"),
        pictures.old_office("Notebook"),
        b"II*\x00 a TIFF",
    ],
)
def test_anything_else_is_refused_with_words(data: bytes) -> None:
    """R76"""
    with pytest.raises(Refused) as refused:
        documents.inspect(data, "a.pdf")
    assert refused.value.code == "unsupported_attachment"
    assert refused.value.detail.endswith(".")


def test_a_document_over_the_limit_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        documents.inspect(b"a" * (documents.MAX_BYTES + 1), "a.txt")
    assert refused.value.code == "too_large"


# --- hostile bytes --------------------------------------------------------------------------------

SEEDS = [
    *(pictures.image(each) for each in ("PNG", "JPEG", "GIF", "WEBP")),
    *(data for data, _ in KNOWN.values()),
]


@st.composite
def damaged(draw: Any) -> bytes:
    """A real file with some bytes changed, cut out, or put in."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        new = draw(st.binary(max_size=8))
        data[at : at + draw(st.integers(0, 8))] = new
    return bytes(data)


@settings(max_examples=80)
@given(data=damaged() | st.binary(max_size=200), name=st.text(max_size=20))
def test_no_bytes_do_anything_but_be_understood_or_refused(data: bytes, name: str) -> None:
    """R32, R76: whatever is uploaded ends as a file of a known kind, or in a sentence."""
    with suppress(Refused):
        if images.is_image(data):
            assert images.inspect(data).format in {"png", "jpeg", "gif", "webp"}
        else:
            assert documents.inspect(data, name).format in documents.MEDIA_TYPES


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Grüße 2026.pdf", "Grüße 2026.pdf"),
        ("C:\\Users\\me\\a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: b.txt", "a Set-Cookie: b.txt"),
        ("photo\u202egpj.exe", "photo gpj.exe"),
        ("  .  ", "Document"),
        ("", "Document"),
        ("\ud800\0.txt", "\ufffd\ufffd.txt"),
    ],
)
def test_a_name_is_shown_without_what_could_deceive(name: str, shown: str) -> None:
    """R32"""
    assert names.shown(name, "Document") == shown


@given(st.text())
def test_any_name_can_be_shown_and_stored(name: str) -> None:
    shown = names.shown(name, "Document")
    assert 0 < len(shown) <= 150
    assert shown.isprintable()
    shown.encode()


def test_a_long_name_keeps_its_end() -> None:
    shown = names.shown("a" * 300 + ".pdf", "Document")
    assert shown.endswith("aaaa.pdf")
    assert len(shown) == 150


def test_a_server_short_of_memory_does_not_call_an_image_damaged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def short(data: bytes) -> images.Picture:
        raise MemoryError

    monkeypatch.setattr(images, "_inspect", short)
    with pytest.raises(MemoryError):
        images.inspect(b"")
