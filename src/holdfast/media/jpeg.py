"""JPEG straight to luma, without ever making the colours.

A JPEG stores luma apart from colour, so only a third of the work of decoding is needed, and large
pictures can be decoded at 1/2, 1/4 or 1/8 of their size by leaving out high frequencies (DCT
scaling). `LumaFrame.scale` says so; the hash folds it into its sampling matrix. Small pictures are
decoded to colours after all: they cost little, and rounding and clipping show in their hashes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import simplejpeg
from PIL import JpegImagePlugin

from holdfast.media.frames import Frames, orientation_of
from holdfast.media.luma import FINE_PIXELS, orient, weigh
from holdfast.media.types import Float32Array, LumaFrame, Reason, UInt8Array

__all__ = ["Allocate", "decode_jpeg", "new_luma", "scale_for"]

Allocate = Callable[[int, int], UInt8Array]  # (height, width) -> an uninitialised array

_SCALES = (8, 4, 2)
_GREY = 128  # what the decoder leaves where the data end early
_BLOCK = 8


def new_luma(height: int, width: int) -> UInt8Array:
    """An uninitialised array of shape (height, width)."""
    return np.empty((height, width), np.uint8)


def scale_for(width: int, height: int, min_side: int) -> int:
    """Largest of 8, 4, 2, 1 that leaves both sides at ``min_side`` pixels or more."""
    return next((r for r in _SCALES if min(width, height) >= r * min_side), 1)


def decode_jpeg(
    data: bytes | memoryview,
    header: JpegImagePlugin.JpegImageFile,
    min_side: int | None,
    allocate: Allocate = new_luma,
) -> Frames | None:
    """The picture of a JPEG as luma; None where only the general way can decode it (CMYK and rarities).

    ``header`` is the file opened by Pillow, not loaded. ``min_side`` as in `scale_for`, None for full
    size. The luma has ceil(n / scale) pixels for n, as the decoder makes it, in an array of ``allocate``.
    """
    width, height = header.size
    scale = 1 if min_side is None else scale_for(width, height, min_side)
    try:
        if header.mode not in ("L", "RGB") or simplejpeg.decode_jpeg_header(data)[2] == "CMYK":
            return None
        fine = None
        if header.mode == "RGB" and width * height <= FINE_PIXELS:
            fine, whole = _decode_colour(data)
            luma = np.rint(fine).astype(np.uint8)
        else:
            luma = allocate(-(-height // scale), -(-width // scale))
            whole = _decode_into(luma, data, scale)
    except ValueError:
        return None
    frames = Frames(seen=1, total=1)
    if not whole:
        _note_missing(frames, luma, scale, bool(header.info.get("progressive")))
    turned = orient(luma, orientation := orientation_of(header))
    if orientation >= 5:
        width, height = height, width
    frames.kept.append(
        LumaFrame(turned, width, height, scale, fine=None if fine is None else orient(fine, orientation))
    )
    return frames


def _decode_into(luma: UInt8Array, data: bytes | memoryview, scale: int) -> bool:
    """Fill ``luma``; False where the data end early. Raises ValueError where this decoder cannot."""
    height, width = luma.shape
    pixels, whole = _decode(
        data, "GRAY", min_height=height, min_width=width, min_factor=scale, buffer=luma.reshape(-1)
    )
    if pixels.shape[:2] != luma.shape:
        raise ValueError("the decoder chose another size")
    return whole


def _decode_colour(data: bytes | memoryview) -> tuple[Float32Array, bool]:
    """Luma of a small picture before rounding, by way of its colours; False where the data end early."""
    pixels, whole = _decode(data, "RGB")
    return weigh(pixels), whole


def _decode(data: bytes | memoryview, colours: str, **arguments: Any) -> tuple[UInt8Array, bool]:
    try:
        return simplejpeg.decode_jpeg(data, colours, **arguments), True
    except ValueError as error:
        if "premature end" not in str(error).lower():
            raise
    return simplejpeg.decode_jpeg(data, colours, strict=False, **arguments), False


def _note_missing(frames: Frames, luma: UInt8Array, scale: int, progressive: bool) -> None:
    """Say how much of a picture is there whose data end early. Only a missing end mark is no loss."""
    rows = len(luma) - _grey_rows(luma)
    if rows == 0:
        raise ValueError("nothing could be decoded")
    corner = luma[-max(_BLOCK // scale, 1) :, -max(_BLOCK // scale, 1) :]
    if progressive:
        frames.stop(
            Reason.TRUNCATED, "the file ends early: the later passes that sharpen the picture are missing"
        )
    elif np.all(corner == _GREY):
        frames.stop(
            Reason.TRUNCATED,
            f"the file ends early: about {100 * rows // len(luma)} % of the picture is there",
        )


def _grey_rows(luma: UInt8Array) -> int:
    """Rows at the bottom that the decoder left grey."""
    touched = np.flatnonzero((luma != _GREY).any(axis=1))
    return len(luma) - (int(touched[-1]) + 1 if len(touched) else 0)
