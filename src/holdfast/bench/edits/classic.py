"""The edits of the demo: each is a function from photo to file bytes.

Deterministic: the same photo gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

__all__ = ["EDITS", "Edit", "photograph"]

Picture = Image.Image


@dataclass(frozen=True, slots=True)
class Edit:
    """``apply`` takes an RGB photo and gives the altered file's bytes, in the format of ``suffix``."""

    name: str
    words: str
    suffix: str
    apply: Callable[[Picture], bytes]


def photograph(data: bytes, max_side: int = 1600) -> Picture:
    """A photo from file bytes as upright RGB, at most ``max_side`` pixels long."""
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    picture.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return picture


def _encode(picture: Picture, image_format: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    if image_format == "JPEG":
        options = {"quality": 85, **options}
    picture.save(buffer, image_format, **options)
    return buffer.getvalue()


def _resized(picture: Picture, factor: float) -> Picture:
    width, height = picture.size
    return picture.resize((round(width * factor), round(height * factor)), Image.Resampling.LANCZOS)


def _cropped(picture: Picture, share: float) -> Picture:
    """Without ``share`` of the width and of the height, half of it on each side."""
    width, height = picture.size
    x, y = round(width * share / 2), round(height * share / 2)
    return picture.crop((x, y, width - x, height - y))


def _bordered(picture: Picture, share: float = 0.08, colour: str = "black") -> Picture:
    return ImageOps.expand(picture, round(max(picture.size) * share), colour)


def _font(height: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=max(10, height))


def _captioned(picture: Picture) -> Picture:
    """A white bar with a line of text above the picture, as in a meme."""
    width, height = picture.size
    bar = max(40, height // 7)
    page = Image.new("RGB", (width, height + bar), "white")
    page.paste(picture, (0, bar))
    ImageDraw.Draw(page).text(
        (width // 2, bar // 2), "when you see it", "black", _font(bar // 2), anchor="mm"
    )
    return page


def _screenshot(picture: Picture) -> Picture:
    """The picture in a messenger on a phone: status bar, text above and below."""
    page = Image.new("RGB", (1080, 2200), (250, 250, 250))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 1080, 90), fill=(32, 90, 160))
    draw.text((40, 20), "12:41   Holiday group", "white", _font(44))
    shown = picture.resize((1000, round(1000 * picture.height / picture.width)), Image.Resampling.LANCZOS)
    shown = shown.crop((0, 0, 1000, min(shown.height, 1500)))
    page.paste(shown, (40, 220))
    draw.text((40, 140), "look what I found", "black", _font(40))
    for line in range(4):
        draw.text((40, 260 + shown.height + 60 * line), "and so on and so on", (60, 60, 60), _font(36))
    return page


def _with_exif_rotation(picture: Picture) -> bytes:
    """Stored on its side; a tag tells viewers to turn it upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return _encode(picture.transpose(Image.Transpose.ROTATE_90), exif=exif)


def _logo(picture: Picture) -> Picture:
    marked = picture.copy()
    side = max(picture.size) // 8
    draw = ImageDraw.Draw(marked)
    draw.ellipse((8, 8, 8 + side, 8 + side), fill=(220, 30, 60), outline="white", width=4)
    draw.text((8 + side // 2, 8 + side // 2), "TV", "white", _font(side // 2), anchor="mm")
    return marked


def _filtered(picture: Picture) -> Picture:
    return ImageEnhance.Color(ImageEnhance.Contrast(picture).enhance(1.4)).enhance(1.6)


EDITS: tuple[Edit, ...] = (
    Edit("copy", "saved again as JPEG, quality 92", ".jpg", lambda p: _encode(p, quality=92)),
    Edit("recompressed", "saved again as JPEG, quality 30", ".jpg", lambda p: _encode(p, quality=30)),
    Edit("resized", "a third of the size", ".jpg", lambda p: _encode(_resized(p, 0.33))),
    Edit("greyscale", "black and white", ".jpg", lambda p: _encode(p.convert("L"))),
    Edit("filtered", "stronger colours and contrast", ".jpg", lambda p: _encode(_filtered(p))),
    Edit("blurred", "blurred", ".jpg", lambda p: _encode(p.filter(ImageFilter.GaussianBlur(2.5)))),
    Edit("logo", "with a logo in a corner", ".jpg", lambda p: _encode(_logo(p))),
    Edit("gif", "as a GIF with 256 colours", ".gif", lambda p: _encode(p.quantize(256), "GIF")),
    Edit("png", "as a palette PNG", ".png", lambda p: _encode(p.quantize(128), "PNG")),
    Edit("webp", "as WebP", ".webp", lambda p: _encode(p, "WEBP", quality=70)),
    Edit("cmyk", "as a CMYK JPEG", ".jpg", lambda p: _encode(p.convert("CMYK"))),
    Edit("mirrored", "mirrored", ".jpg", lambda p: _encode(ImageOps.mirror(p))),
    Edit(
        "rotated", "rotated by 90 degrees", ".jpg", lambda p: _encode(p.transpose(Image.Transpose.ROTATE_270))
    ),
    Edit("exif", "rotated by a tag in the file", ".jpg", _with_exif_rotation),
    Edit("bordered", "in a black frame", ".jpg", lambda p: _encode(_bordered(p))),
    Edit("cropped", "cropped by 2 %", ".jpg", lambda p: _encode(_cropped(p, 0.02))),
    Edit("captioned", "with a caption bar", ".jpg", lambda p: _encode(_captioned(p))),
    Edit("screenshot", "inside a phone screenshot", ".jpg", lambda p: _encode(_screenshot(p))),
)
