"""The sampling matrices of PDQ: which pixels feed which of the 64 samples along one axis.

PDQ blurs the luma with a box filter, twice along each axis, and keeps 64 rows and 64 columns of the
result. Both are linear and the axes are independent, so the 64 x 64 block is

    X = A_h . luma . A_w^T

with one matrix A_n (64 x n) for each image side n. A sample sees about n / 64 pixels, so A_n is a
narrow band, and only the band is kept.

Source: the PDQ paper (Facebook, 2019, "The TMK+PDQF Video-Hashing Algorithm and the PDQ
Image-Hashing Algorithm") and its reference implementation, whose edge rules these are.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.hashing import kernels

__all__ = ["BLOCK_SIDE", "NEAREST_SIDE", "Band", "band"]

BLOCK_SIDE = 64
NEAREST_SIDE = 512  # side to which the C++ reference program shrinks before it hashes
_SIMD_WIDTH = 16  # float32 values in the widest vector register in use


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """One sampling matrix A (64 x pixels), times ``1 / norm``, in the two forms the kernel reads.

    As lists of taps: ``index`` int32 and ``weight`` float32, both (64, taps), of which the first
    ``count[k]`` are used. As a dense band: ``start`` int32 (64,) and ``dense`` float32 (64, length),
    zero-padded to whole vector registers. Weights are whole numbers except at the edge of the
    picture, so that sums of 8-bit pixels stay exact in float32; ``norm`` brings them back to means.
    """

    pixels: int
    index: npt.NDArray[np.int32]
    weight: npt.NDArray[np.float32]
    count: npt.NDArray[np.int32]
    start: npt.NDArray[np.int32]
    dense: npt.NDArray[np.float32]
    norm: float

    def matrix(self) -> npt.NDArray[np.float64]:
        """The matrix A itself: float64 (64, pixels), each row adding up to 1."""
        full = np.zeros((BLOCK_SIDE, self.pixels + self.dense.shape[1]))
        for row, first, weights in zip(full, self.start, self.dense, strict=True):
            row[first : first + len(weights)] = weights
        return full[:, : self.pixels] * self.norm


@functools.lru_cache(maxsize=256)
def band(side: int, scale: int = 1, nearest: bool = False) -> Band:
    """Sampling matrix for a picture side of ``side`` original pixels.

    ``scale`` folds in that the luma at hand has one pixel for ``scale`` original ones (JPEG decoded
    at a reduced size): it then has ceil(side / scale) pixels. ``nearest`` first picks 512 original
    pixels by nearest neighbour, as the C++ reference program does.
    """
    filtered = NEAREST_SIDE if nearest else side
    window = -(-filtered // (2 * BLOCK_SIDE))
    reach = 2 * window - 1
    pixels_reached = reach * (-(-side // filtered)) // scale + 2
    dense = np.zeros((BLOCK_SIDE, -(-pixels_reached // _SIMD_WIDTH) * _SIMD_WIDTH), np.float32)
    index = np.zeros((BLOCK_SIDE, reach), np.int32)
    weight = np.zeros((BLOCK_SIDE, reach), np.float32)
    count, start = np.zeros(BLOCK_SIDE, np.int32), np.zeros(BLOCK_SIDE, np.int32)
    kernels.band_into(side, filtered, scale, window, index, weight, count, start, dense)
    return Band(-(-side // scale), index, weight, count, start, dense, 1.0 / (window * window))
