"""Any Pillow picture as luma, the way a viewer would show it.

The reference for every mode is Pillow's own RGB, then 0.299 R + 0.587 G + 0.114 B, rounded to
8 bits. Transparency is composited on white and on black, because nobody knows on which colour the
picture was seen.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from holdfast.media.types import Float32Array, UInt8Array

__all__ = ["BACKDROPS", "FINE_PIXELS", "fine_luma", "orient", "planes", "weigh"]

FINE_PIXELS = 512 * 512  # up to here `LumaFrame.fine` is made: beyond, a hash averages rounding away

_Number = TypeVar("_Number", np.uint8, np.float32)

BACKDROPS = {"white": 255, "black": 0}
_DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
_FULL_SCALES = (255, 1023, 4095, 16383, 65535)
_BLOCK_ROWS = 256  # compositing in blocks keeps its working memory small


def planes(image: Image.Image) -> list[tuple[str | None, UInt8Array]]:
    """Luma planes of a loaded picture: [(None, luma)], or one for each backdrop if any pixel is transparent.

    Each luma is uint8 (h, w), C-contiguous, as stored (orientation is the caller's). Raises what
    Pillow raises.
    """
    if image.mode in _DEEP:
        return [(None, _deep_luma(np.asarray(image)))]
    opaque, alpha = _split(image)
    luma = np.asarray(_grey(opaque))
    if alpha is None or alpha.getextrema() == (255, 255):
        return [(None, luma)]
    cover = np.asarray(alpha)
    return [(name, _composite(luma, cover, value)) for name, value in BACKDROPS.items()]


def fine_luma(image: Image.Image) -> Float32Array | None:
    """Luma before rounding, float32 (h, w), of a small loaded colour picture; None for others."""
    if image.mode in (*_DEEP, "1", "L", "LA", "La", "LAB") or image.width * image.height > FINE_PIXELS:
        return None
    return weigh(np.asarray(image if image.mode == "RGB" else image.convert("RGB")))


def weigh(rgb: UInt8Array) -> Float32Array:
    """0.299 R + 0.587 G + 0.114 B: float32 (h, w) of uint8 (h, w, 3).

    Not a matrix product: how that rounds depends on the processor and on the number of threads.
    """
    luma: Float32Array = rgb[..., 0] * np.float32(0.299)
    luma += rgb[..., 1] * np.float32(0.587)
    luma += rgb[..., 2] * np.float32(0.114)
    np.minimum(luma, np.float32(255), out=luma)
    return luma


def orient(luma: npt.NDArray[_Number], orientation: int) -> npt.NDArray[_Number]:
    """``luma`` turned as EXIF ``orientation`` (1..8) asks; anything else leaves it. C-contiguous."""
    if orientation in (5, 6, 7, 8):
        luma = luma.T
    if orientation in (2, 3, 6, 7):
        luma = luma[:, ::-1]
    if orientation in (3, 4, 7, 8):
        luma = luma[::-1]
    return np.ascontiguousarray(luma)


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The picture without transparency, and its alpha band (mode L) if it has one."""
    if not image.has_transparency_data:
        return image, None
    target = {"RGBa": "RGBA", "La": "LA", "P": "RGBA", "PA": "RGBA", "L": "LA", "RGB": "RGBA", "1": "RGBA"}
    full = image if image.mode in ("RGBA", "LA") else image.convert(target.get(image.mode, "RGBA"))
    return full, full.getchannel("A")


def _grey(image: Image.Image) -> Image.Image:
    """Mode L, correctly rounded. Pillow's RGB to L uses 16-bit fixed point weights and rounds."""
    if image.mode in ("L", "LA"):
        return image if image.mode == "L" else image.getchannel("L")
    if image.mode == "LAB":
        image = _lab_to_rgb(image)
    elif image.mode not in ("RGB", "RGBA", "RGBX"):
        image = image.convert("RGB")  # palettes too: their direct way to L truncates
    return image.convert("L")


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    transform = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )
    converted = ImageCms.applyTransform(image, transform)
    if converted is None:
        raise ValueError("no colour transform from LAB")
    return converted


def _composite(luma: UInt8Array, cover: UInt8Array, backdrop: int) -> UInt8Array:
    """Luma over a grey ``backdrop``; luma is linear, so this equals the luma of the RGB composite."""
    result = np.empty_like(luma)
    for row in range(0, len(luma), _BLOCK_ROWS):
        block = slice(row, row + _BLOCK_ROWS)
        alpha = cover[block].astype(np.uint32)
        result[block] = (luma[block] * alpha + backdrop * (255 - alpha) + 127) // 255
    return result


def _deep_luma(values: npt.NDArray[Any]) -> UInt8Array:
    """More than 8 bits a pixel scaled to 8.

    Whole numbers are divided by the smallest full scale (8, 10, 12, 14 or 16 bits) that holds the
    brightest pixel. Anything else (negative, beyond 16 bits, floats outside 0..1) is stretched from
    its darkest to its brightest value: a perceptual hash does not see the difference.
    """
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind == "f":
        full = 1.0 if low >= 0 and high <= 1 else 255.0 if low >= 0 and high <= 255 else None
    else:
        full = next((float(scale) for scale in _FULL_SCALES if low >= 0 and high <= scale), None)
    base = 0.0 if full is not None else low
    factor = 255.0 / (full if full is not None else max(high - low, 1e-30))
    result = np.empty(values.shape, np.uint8)
    for row in range(0, len(values), _BLOCK_ROWS):
        block = slice(row, row + _BLOCK_ROWS)
        scaled = (values[block].astype(np.float64) - base) * factor
        result[block] = np.clip(np.rint(scaled), 0, 255)
    return result
