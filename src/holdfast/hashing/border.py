"""Uniform borders: where the picture inside a frame, letterbox or pillarbox begins.

A border shifts every PDQ sample, so a framed copy is as far from the original as a stranger. The hash
of the picture inside finds it again. This is deliberately careful: each side must be one colour up
to the noise of JPEG and end in a straight, clear edge, which skies and studio backgrounds do not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from holdfast.hashing.border_kernels import border_depth

__all__ = ["Box", "inner_box"]

MIN_INNER_SIDE = 64  # luma pixels: fewer than PDQ's samples along an axis tell too little
MIN_INNER_SHARE = 0.08  # of the area: 35 % off each of the four sides leaves 9 %
MIN_BORDER_SHARE = 0.01  # of the picture's side; thinner ones move PDQ by little
MIN_BORDER = 3  # luma pixels

_SAMPLES = 256  # points looked at along a column; rows lie together in memory and are seen whole


class Box(NamedTuple):
    """A part of a luma: rows top..bottom and columns left..right, the ends not included."""

    top: int
    bottom: int
    left: int
    right: int

    def of(self, luma: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """This part of the luma, (bottom - top, right - left) of the same type; a view."""
        return luma[self.top : self.bottom, self.left : self.right]


def inner_box(luma: npt.NDArray[np.uint8]) -> Box | None:
    """The picture inside a uniform border; None where there is no border, or too little inside it.

    ``luma`` is uint8 (h, w). Any of the four sides may have a border, each of its own colour.
    """
    height, width = luma.shape
    if min(height, width) < MIN_INNER_SIDE:
        return None
    luma = np.ascontiguousarray(luma)
    top, bottom = _depths(luma, 0, 0, width)
    if height - top - bottom < MIN_INNER_SIDE:
        return None
    left, right = _depths(luma, 1, top, height - bottom)
    if width - left - right < MIN_INNER_SIDE or not (top or bottom or left or right):
        return None
    box = Box(top, height - bottom, left, width - right)
    share = (box.bottom - box.top) * (box.right - box.left) / (height * width)
    return box if share >= MIN_INNER_SHARE else None


def _depths(luma: npt.NDArray[np.uint8], axis: int, begin: int, end: int) -> tuple[int, int]:
    """Border lines at both ends of ``axis``, seen at points spread evenly over begin..end of the other."""
    lines = luma.shape[axis]
    step = max(1, (end - begin) // _SAMPLES) if axis else 1
    start = begin + (end - begin - 1) % step // 2  # centred, so that both ends are treated alike
    points = (end - start + step - 1) // step
    smallest = max(MIN_BORDER, MIN_BORDER_SHARE * lines)
    before = border_depth(luma, axis, 1, start, step, points)
    if before == lines:
        return before, 0
    after = border_depth(luma, axis, -1, start, step, points)
    return (before if before >= smallest else 0), (after if after >= smallest else 0)
