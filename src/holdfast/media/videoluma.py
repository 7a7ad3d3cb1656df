"""One decoded video frame as luma: the Y plane as it is stored, without a detour through RGB.

PDQ's own luma (0.299 R + 0.587 G + 0.114 B of the RGB that a converter makes by BT.601) is that plane
again but for rounding and clipping, so nothing is gained by the detour and most of the time is lost.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideDataContainer

from holdfast.media.luma import orient, weigh
from holdfast.media.types import UInt8Array

__all__ = ["Picture", "picture_of"]

_MOST_PIXELS = 4_000_000  # of a reduced picture, however long and narrow the frame is
_STRIPE_PIXELS = 1_000_000  # converted at a time, which bounds the memory of it
_SMALL_SCALE = 16  # up to which sums of 8-bit pixels fit 16 bits
_side_data: Any = SideDataContainer  # whose type stubs know no arguments
_BY_QUARTERS = (1, 8, 3, 6)  # EXIF orientation by quarter turns against the clock
_FULL = 2  # AVCOL_RANGE_JPEG
_LIMITED = 1  # AVCOL_RANGE_MPEG
_HDR = {16: "PQ (SMPTE ST 2084)", 18: "HLG (ARIB STD-B67)"}  # AVCOL_TRC_...

# Formats whose first plane is nothing but luma, one value a pixel; those of more than 8 bits name the depth.
_LUMA_PLANE = re.compile(r"(?:yuv[j]?\d{3}p|yuva\d{3}p|nv(?:12|16|21|24|42)|gray)(?:(\d+)(?:le|be))?")
_LUMA_PLANE_HIGH = re.compile(r"p[024](?:10|12|16)(?:le|be)")  # the value is in the high bits


@dataclass(frozen=True, slots=True)
class Picture:
    """The luma of one frame and what goes with it, as in `holdfast.media.types.VideoFrame`; plus notes."""

    luma: UInt8Array
    width: int
    height: int
    scale: int
    full_range: bool
    notes: tuple[str, ...]


def picture_of(frame: av.VideoFrame, min_side: int) -> Picture:
    """The luma of ``frame`` turned for display, neither side reduced under ``min_side`` pixels.

    Raises what FFmpeg raises for a pixel format that it cannot convert.
    """
    scale = reduction(frame.width, frame.height, min_side)
    name = frame.format.name
    full_range = True
    if frame.planes[0].line_size < 0:  # stored upside down, which only the converter reads
        luma = _from_rgb(frame, scale)
    elif match := _LUMA_PLANE.fullmatch(name):
        luma = _reduced(_plane(frame), scale, 2.0 ** (int(match[1] or 8) - 8))
        full_range = _is_full_range(frame)
    elif _LUMA_PLANE_HIGH.fullmatch(name):
        luma = _reduced(_plane(frame), scale, 256.0)
        full_range = _is_full_range(frame)
    else:
        luma = _from_rgb(frame, scale)
    turn = _orientation(frame)
    width, height = (frame.height, frame.width) if turn >= 5 else (frame.width, frame.height)
    return Picture(orient(luma, turn), width, height, scale, full_range, tuple(_notes(frame)))


def reduction(width: int, height: int, min_side: int) -> int:
    """The whole number by which a picture is reduced along both axes."""
    scale = max(1, min(width, height) // min_side)
    return max(scale, math.ceil(math.sqrt(width * height / _MOST_PIXELS)))


def _plane(frame: av.VideoFrame) -> npt.NDArray[Any]:
    """The first plane, uint8 or uint16 (h, w): a view of the frame's own memory."""
    plane = frame.planes[0]
    deep = frame.format.components[0].bits > 8
    dtype = np.dtype((">u2" if frame.format.is_big_endian else "<u2") if deep else np.uint8)
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    values: npt.NDArray[Any] = lines[: frame.height, : frame.width * dtype.itemsize].view(dtype)
    return values


def _reduced(values: npt.NDArray[Any], scale: int, unit: float) -> UInt8Array:
    """``values`` (h, w) divided by ``unit``; each pixel the rounded mean of up to scale x scale of them."""
    if scale == 1 and unit == 1.0:
        return np.ascontiguousarray(values)
    height, width = values.shape
    rows, columns = -(-height // scale), -(-width // scale)
    dtype = np.uint16 if values.dtype == np.uint8 and scale <= _SMALL_SCALE else np.uint32
    lines = np.zeros((rows, width), dtype)  # whole lines are added up first: that is the fast direction
    for i in range(scale):
        part = values[i::scale]  # shorter at the edge, where a cell is not whole
        lines[: len(part)] += part
    sums = np.zeros((rows, columns), dtype)
    for j in range(scale):
        part = lines[:, j::scale]
        sums[:, : part.shape[1]] += part
    means = sums * np.float32(1 / (scale * scale * unit))
    means[-1] *= np.float32(scale / (height - scale * (rows - 1)))
    means[:, -1] *= np.float32(scale / (width - scale * (columns - 1)))
    np.rint(means, out=means)
    return np.minimum(means, np.float32(255), out=means).astype(np.uint8)


def _from_rgb(frame: av.VideoFrame, scale: int) -> UInt8Array:
    """Luma of a frame in any other format: RGB, palettes, packed YUV."""
    converted = frame.reformat(format="rgb24", threads=1)
    plane = converted.planes[0]
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    pixels = lines[: frame.height, : frame.width * 3].reshape(frame.height, frame.width, 3)
    step = max(1, _STRIPE_PIXELS // frame.width // scale) * scale
    stripes = (np.rint(weigh(pixels[top : top + step])) for top in range(0, frame.height, step))
    return np.concatenate([_reduced(stripe.astype(np.uint8), scale, 1.0) for stripe in stripes])


def _is_full_range(frame: av.VideoFrame) -> bool:
    if frame.format.name.startswith("yuvj") or frame.color_range == _FULL:
        return True
    return frame.format.name.startswith("gray") and frame.color_range != _LIMITED


def _orientation(frame: av.VideoFrame) -> int:
    """How the frame is to be turned, as an EXIF orientation (1..8), from its display matrix.

    The matrix takes a stored point (x, y) to (a x + c y, b x + d y). Source: ISO/IEC 14496-12, 6.2.2.
    """
    try:
        # Not frame.side_data: that is a cycle of references, which keeps frames until garbage is collected.
        matrix: Any = _side_data(frame).get("DISPLAYMATRIX")
    except ValueError:  # of data beside it that PyAV has no name for
        return _BY_QUARTERS[round(frame.rotation / 90) % 4]
    if matrix is None:
        return 1
    a, b, _, c, d = struct.unpack("=5i", bytes(memoryview(matrix))[:20])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return (1 if d >= 0 else 4) if a >= 0 else (2 if d >= 0 else 3)
    return (5 if c >= 0 else 6) if b >= 0 else (8 if c >= 0 else 7)


def _notes(frame: av.VideoFrame) -> list[str]:
    notes = []
    if frame.color_trc in _HDR:
        notes.append(
            f"high dynamic range, {_HDR[frame.color_trc]}: looked at as stored, without tone mapping; "
            "copies made for ordinary screens differ more than usual"
        )
    if frame.interlaced_frame:
        notes.append("interlaced: both fields of a frame were looked at together")
    if frame.format.name.startswith("yuva") or any(each.is_alpha for each in frame.format.components):
        notes.append("transparency in the video was not looked at")
    return notes
