"""Uniform borders: where the picture inside a frame, letterbox or pillarbox begins.

A border shifts every PDQ sample, so a framed copy is as far from the original as a stranger. The hash
of the picture inside finds it again. This is deliberately careful: each side must be one colour up
to the noise of JPEG and end in a straight, clear edge, which skies and studio backgrounds do not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from holdfast.hashing import kernels

__all__ = ["Box", "inner_box"]

MIN_INNER_SIDE = 64  # luma pixels: fewer than PDQ's samples along an axis tell too little
MIN_INNER_SHARE = 0.08  # of the area: 35 % off each of the four sides leaves 9 %
MIN_BORDER_SHARE = 0.01  # of the picture's side; thinner ones move PDQ by little
MIN_BORDER = 3  # luma pixels

_SAMPLES = 256  # points looked at along each row or column


class Box(NamedTuple):
    """A part of a luma: rows top..bottom and columns left..right, the ends not included."""

    top: int
    bottom: int
    left: int
    right: int

    def of(self, luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """This part of the luma, uint8 (bottom - top, right - left); a view."""
        return luma[self.top : self.bottom, self.left : self.right]


def inner_box(luma: npt.NDArray[np.uint8]) -> Box | None:
    """The picture inside a uniform border; None where there is no border, or too little inside it.

    ``luma`` is uint8 (h, w). Any of the four sides may have a border, each of its own colour.
    """
    height, width = luma.shape
    rows = luma[:, _every(width)]
    top, bottom = _depth(rows), _depth(rows[::-1])
    if height - top - bottom < MIN_INNER_SIDE:
        return None
    columns = luma[top : height - bottom].T
    columns = columns[:, _every(columns.shape[1])]
    left, right = _depth(columns), _depth(columns[::-1])
    if width - left - right < MIN_INNER_SIDE or not (top or bottom or left or right):
        return None
    box = Box(top, height - bottom, left, width - right)
    share = (box.bottom - box.top) * (box.right - box.left) / (height * width)
    return box if share >= MIN_INNER_SHARE else None


def _every(length: int) -> slice:
    """Evenly spread points, centred, so that both ends are treated alike."""
    step = max(1, length // _SAMPLES)
    return slice((length - 1) % step // 2, None, step)


def _depth(lines: npt.NDArray[np.uint8]) -> int:
    """Lines of border at the start of ``lines``, uint8 (lines, points); 0 where there is none."""
    depth = int(kernels.border_depth(lines))
    return depth if depth >= max(MIN_BORDER, MIN_BORDER_SHARE * len(lines)) else 0
