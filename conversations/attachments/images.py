"""What an image really is, and the smaller copies of it. Pillow reads it; nobody's word is taken.

Whoever uploads a file chooses its bytes: only four formats are tried, the size is looked at before
anything is unpacked, and few images are unpacked at a time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from io import BytesIO

import structlog
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from conversations.languages import number
from conversations.refusals import Refused

# Pillow's name, ours (which is Converse's), and the media type.
FORMATS = {
    "PNG": ("png", "image/png"),
    "JPEG": ("jpeg", "image/jpeg"),
    "GIF": ("gif", "image/gif"),
    "WEBP": ("webp", "image/webp"),
    # What many phones write: a JPEG with others behind it, which no reader of JPEGs looks at.
    "MPO": ("jpeg", "image/jpeg"),
}
TRIED = ("PNG", "JPEG", "GIF", "WEBP")
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")

MAX_PIXELS = 50_000_000  # unpacked 200 MB at most, and 150 for its pixels alone
# What Converse takes; above it a smaller copy is sent.
SENT_BYTES = 3_750_000
SENT_SIDE = 8_000
# Tried in turn until a copy is small enough, in pixels of the longer side.
SIDES = (SENT_SIDE, 4_000, 2_500, 1_500, 800)
THUMBNAIL_SIDE = 640
THUMBNAIL_TYPE = "image/webp"

# Each takes the memory of a whole image while it is at work.
log = structlog.get_logger(__name__)

_unpacking = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Picture:
    """Sizes in pixels, the right way up. ``copy``: a JPEG to send in place of it, if need be."""

    format: str
    media_type: str
    width: int
    height: int
    thumbnail: bytes
    copy: bytes | None


def is_image(data: bytes) -> bool:
    """Whether it begins like one of the formats; whether it is one, ``inspect`` finds out."""
    return data.startswith(SIGNATURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def inspect(data: bytes) -> Picture:
    """Unpack an image; raises ``Refused`` where it is none, is damaged or is too large."""
    with _unpacking:
        try:
            return _inspect(data)
        except (Refused, MemoryError):
            raise
        # Whatever a decoder makes of hostile bytes: its errors are of a dozen kinds. Logged, since
        # one of our own making would look the same to whoever uploads.
        except Exception as error:  # noqa: BLE001
            log.info("image_damaged", why=type(error).__name__)
            raise Refused("unsupported_attachment", _("This image is damaged.")) from None


def _inspect(data: bytes) -> Picture:
    with Image.open(BytesIO(data), formats=TRIED) as image:
        name, media_type = FORMATS[str(image.format)]
        pixels = image.width * image.height
        if pixels > MAX_PIXELS:
            raise Refused(
                "too_large",
                _("The image has %(count)s million pixels; %(most)s million are allowed.")
                % {"count": number(pixels / 1e6), "most": number(MAX_PIXELS // 1_000_000)},
            )
        turned = image.getexif().get(0x0112, 1) != 1  # what a camera held sideways notes
        image.load()
        if turned:
            ImageOps.exif_transpose(image, in_place=True)
        sides = (image.width, image.height)
        plain = _plain(image)
    del image  # a fourth of a gigabyte, perhaps
    as_it_is = not turned and len(data) <= SENT_BYTES and max(sides) <= SENT_SIDE
    copy = None if as_it_is else _to_send(plain)
    plain.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return Picture(
        format=name,
        media_type=media_type,
        width=sides[0],
        height=sides[1],
        thumbnail=_encoded(plain, "WEBP", quality=80),
        copy=copy,
    )


def _plain(image: Image.Image) -> Image.Image:
    """The pixels alone, on white: no metadata, no palette, nothing to see through."""
    plain = Image.new("RGB", image.size, "white")
    if image.has_transparency_data:
        over = image if image.mode == "RGBA" else image.convert("RGBA")
        plain.paste(over, mask=over)
    else:
        plain.paste(image if image.mode == "RGB" else image.convert("RGB"))
    return plain


def _to_send(image: Image.Image) -> bytes:
    """A JPEG that is small enough; the image itself becomes as small."""
    for side in SIDES:
        image.thumbnail((side, side))
        data = _encoded(image, "JPEG", quality=88)
        if len(data) <= SENT_BYTES:
            return data
    raise Refused("too_large", _("The image cannot be made small enough."))


def _encoded(image: Image.Image, format_: str, **options: int) -> bytes:
    into = BytesIO()
    image.save(into, format_, **options)
    return into.getvalue()
