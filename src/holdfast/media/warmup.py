"""Makes every decoder load, once, whatever it loads at its first use: a worker can open no file later."""

from __future__ import annotations

import contextlib
import encodings.ascii
import encodings.cp437
import encodings.latin_1
import encodings.utf_8
import encodings.utf_16  # noqa: F401  # texts inside files name their encoding
import io

from PIL import Image, ImageCms, MpoImagePlugin  # noqa: F401

from holdfast.errors import NotMatchableError
from holdfast.media.image import decode_image
from holdfast.media.types import ImageLimits

__all__ = ["warm_up"]

_WRITABLE = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000")
_FOREIGN_HEADS = (
    b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf",
    b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    b"\xff\x0a\x00\x00",
)


def warm_up() -> None:
    """Decode one tiny picture of every kind, and one damaged file of the kinds that are slow to write."""
    limits = ImageLimits()
    picture = Image.radial_gradient("L").resize((40, 24)).convert("RGB")
    exif = Image.Exif()
    exif[274] = 6
    for name in _WRITABLE:
        stream = io.BytesIO()
        picture.save(stream, name, exif=exif)
        _try(stream.getvalue(), limits)
        _try(stream.getvalue()[: len(stream.getvalue()) // 2], limits)
    for mode in ("LAB", "P", "CMYK", "I;16", "RGBA"):
        stream = io.BytesIO()
        other = (
            picture.convert("L").convert(mode)
            if mode == "I;16"
            else picture.convert("RGB" if mode == "LAB" else mode)
        )
        if mode == "LAB":
            transform = ImageCms.buildTransform(
                ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
            )
            ImageCms.applyTransform(other, transform)
        other.save(stream, "TIFF", compression="tiff_lzw", save_all=True, append_images=[other])
        _try(stream.getvalue(), limits)
    for head in _FOREIGN_HEADS:
        _try(head, limits)


def _try(data: bytes, limits: ImageLimits) -> None:
    with contextlib.suppress(NotMatchableError):
        decode_image(data, limits)
