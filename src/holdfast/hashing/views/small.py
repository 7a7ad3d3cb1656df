"""The small luma of a picture: all that its views are made of, few enough bytes to keep for minutes."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.hashing.border import Box
from holdfast.hashing.views.small_kernels import shrink_into

__all__ = ["SMALL_PIXELS", "SmallLuma", "small_luma"]

SMALL_PIXELS = 300_000  # at most, so that many bytes: an upright phone screen keeps some 360 x 640
MIN_SIDE = 8  # pixels: below it there is nothing to look at from several sides

_HEADER = struct.Struct("<4sIIII")  # mark, rows, columns, original height and width
_MARK = b"HFL1"


@dataclass(frozen=True, slots=True, eq=False)
class SmallLuma:
    """A luma reduced by averaging: uint8 (h, w), 0..255; ``width`` and ``height`` are the original's."""

    pixels: npt.NDArray[np.uint8]
    width: int
    height: int

    @property
    def page(self) -> Box:
        """All of it."""
        return Box(0, self.pixels.shape[0], 0, self.pixels.shape[1])

    def aspect(self, box: Box) -> float:
        """Width over height of a box of it, in original pixels."""
        rows, columns = self.pixels.shape
        across, down = (
            (box.right - box.left) * self.width / columns,
            (box.bottom - box.top) * self.height / rows,
        )
        return float(across / down)

    def to_bytes(self) -> bytes:
        """For keeping, encrypted, until the deep check is done: 20 bytes and one a pixel."""
        rows, columns = self.pixels.shape
        return _HEADER.pack(_MARK, rows, columns, self.height, self.width) + self.pixels.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> SmallLuma:
        """The small luma that `to_bytes` wrote; raises ValueError for anything else."""
        if len(data) < _HEADER.size:
            raise ValueError("not a small luma: too short; nothing was read")
        mark, rows, columns, height, width = _HEADER.unpack_from(data)
        size = rows * columns
        if mark != _MARK or len(data) != _HEADER.size + size or not size or not height or not width:
            raise ValueError("not a small luma: its header and its length do not agree; nothing was read")
        pixels = np.frombuffer(data, np.uint8, offset=_HEADER.size).reshape(rows, columns)
        return cls(pixels, width, height)


def small_luma(
    luma: npt.NDArray[np.uint8], *, width: int | None = None, height: int | None = None
) -> SmallLuma | None:
    """A luma uint8 (h, w) shrunk by a whole number to at most `SMALL_PIXELS`; None under 8 pixels a side.

    ``width`` and ``height`` are those of the original where the luma was decoded at a reduced size. Up to
    factor - 1 pixels at the right and at the bottom are left out. A frame of a film does as well as a
    photograph.
    """
    rows, columns = luma.shape
    factor = math.ceil(math.sqrt(rows * columns / SMALL_PIXELS))
    small = np.empty((rows // factor, columns // factor), np.uint8) if factor else luma
    if min(small.shape) < MIN_SIDE:
        return None
    shrink_into(np.ascontiguousarray(luma), factor, small)
    return SmallLuma(small, width or columns, height or rows)
