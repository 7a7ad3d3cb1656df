"""Files for the media tests: one generated picture in many forms, and how alike two lumas are."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
import pillow_jxl  # noqa: F401  # registers its encoder
from PIL import Image, ImageCms

from tests.pictures import encoded, picture

__all__ = ["FORMATS", "MODES", "gif_of_frames", "likeness", "mean_difference", "scene", "stored"]

pillow_heif.register_heif_opener()

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "JXL", "TIFF", "BMP", "JPEG2000")


@functools.cache
def scene(seed: int = 7, width: int = 300, height: int = 212) -> Image.Image:
    return picture(seed, width, height)


@functools.cache
def stored(name: str) -> bytes:
    """The scene in the format ``name``."""
    return encoded(scene(), name)


def luma_of(image: Image.Image) -> npt.NDArray[np.float64]:
    luma: npt.NDArray[np.float64] = np.asarray(image.convert("RGB"), np.float64) @ (0.299, 0.587, 0.114)
    return luma


def likeness(luma: npt.NDArray[np.uint8], image: Image.Image) -> float:
    """Correlation of two pictures of any size, shrunk to 32 x 32: 1 for the same, near 0 for others."""
    small = [
        np.asarray(Image.fromarray(plane.astype(np.float32)).resize((32, 32), Image.Resampling.BOX)).ravel()
        for plane in (luma, luma_of(image))
    ]
    return float(np.corrcoef(small[0], small[1])[0, 1])


def mean_difference(luma: npt.NDArray[np.uint8], image: Image.Image) -> float:
    """Mean absolute difference in grey levels; both must have the same size."""
    return float(np.abs(luma - luma_of(image)).mean())


def gif_of_frames(*frames: Image.Image, repeat: int) -> bytes:
    """``frames`` over and over in one GIF, assembled from Pillow's own single-frame files."""
    files = [encoded(frame.convert("L"), "GIF", optimize=False) for frame in frames]
    start = 13 + 3 * 2 ** ((files[0][10] & 7) + 1)
    return files[0][:start] + b"".join(file[start:-1] for file in files) * repeat + b";"


def _lab(image: Image.Image) -> Image.Image:
    transform = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    return converted


def _deep(kind: type[np.generic], factor: float) -> Callable[[Image.Image], Image.Image]:
    def convert(image: Image.Image) -> Image.Image:
        return Image.fromarray((np.rint(luma_of(image)) * factor).astype(kind))

    return convert


def _to(mode: str) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.convert(mode)


def _big_endian(image: Image.Image) -> Image.Image:
    pixels = (np.rint(luma_of(image)) * 257).astype(">u2")
    return Image.frombytes("I;16B", image.size, pixels.tobytes())


def _palette_with_alpha(image: Image.Image) -> Image.Image:
    return image.quantize(200).convert("PA")


# name: (how to make it from RGB, format, options, mean grey levels that it may be off)
MODES: dict[str, tuple[Callable[[Image.Image], Image.Image], str, dict[str, Any], float]] = {
    "PNG 1": (_to("1"), "PNG", {}, 128.0),
    "PNG L": (_to("L"), "PNG", {}, 0.5),
    "PNG LA": (_to("LA"), "PNG", {}, 0.5),
    "PNG P": (lambda image: image.quantize(200), "PNG", {}, 6.0),
    "PNG RGB": (_to("RGB"), "PNG", {}, 0.5),
    "PNG RGBA": (_to("RGBA"), "PNG", {}, 0.5),
    "PNG 16-bit": (_deep(np.uint16, 257), "PNG", {}, 0.5),
    "GIF P": (_to("RGB"), "GIF", {}, 8.0),
    "TIFF 1": (_to("1"), "TIFF", {"compression": "group4"}, 128.0),
    "TIFF PA": (_palette_with_alpha, "TIFF", {}, 6.0),
    "TIFF RGBX": (_to("RGBX"), "TIFF", {}, 0.5),
    "TIFF CMYK": (_to("CMYK"), "TIFF", {"compression": "tiff_lzw"}, 0.6),
    "TIFF YCbCr": (_to("YCbCr"), "TIFF", {}, 1.0),
    "TIFF LAB": (_lab, "TIFF", {}, 2.0),
    "TIFF I": (_deep(np.int32, 257), "TIFF", {}, 0.5),
    "TIFF 16-bit": (_deep(np.uint16, 257), "TIFF", {}, 0.5),
    "TIFF 16-bit big-endian": (
        _big_endian, "TIFF", {"big_endian": True}, 0.5,
    ),
    "TIFF 12-bit": (_deep(np.uint16, 16), "TIFF", {}, 1.0),
    "TIFF float": (_deep(np.float32, 1 / 255), "TIFF", {}, 0.5),
    "TIFF JPEG": (_to("RGB"), "TIFF", {"compression": "jpeg"}, 4.0),
    "JPEG L": (_to("L"), "JPEG", {"quality": 95}, 2.0),
    "JPEG RGB": (_to("RGB"), "JPEG", {"quality": 95, "keep_rgb": True}, 2.0),
    "JPEG 4:2:0": (_to("RGB"), "JPEG", {"quality": 95, "subsampling": 2}, 3.0),
    "JPEG 4:4:4": (_to("RGB"), "JPEG", {"quality": 95, "subsampling": 0}, 3.0),
    "JPEG progressive": (_to("RGB"), "JPEG", {"quality": 95, "progressive": True}, 3.0),
    "JPEG CMYK (Adobe, inverted)": (_to("CMYK"), "JPEG", {"quality": 95}, 3.0),
    "WEBP lossless": (_to("RGB"), "WEBP", {"lossless": True}, 0.5),
    "AVIF L": (_to("L"), "AVIF", {}, 4.0),
    "HEIF L": (_to("L"), "HEIF", {}, 4.0),
    "JXL L": (_to("L"), "JXL", {"lossless": True}, 0.5),
    "JXL RGBA": (_to("RGBA"), "JXL", {"lossless": True}, 0.5),
    "BMP P": (lambda image: image.quantize(200), "BMP", {}, 6.0),
    "JPEG2000 RGB": (_to("RGB"), "JPEG2000", {}, 0.6),
}  # fmt: skip


def in_mode(name: str) -> bytes:
    """The scene in one of `MODES`."""
    convert, image_format, options, _ = MODES[name]
    stream = io.BytesIO()
    convert(scene()).save(stream, image_format, **options)
    return stream.getvalue()
