"""Boxes of a picture, ready to be looked at through matrices."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from holdfast.hashing.border import Box
from holdfast.hashing.pdq import block64
from holdfast.hashing.views import warp_kernels
from holdfast.hashing.views.plan import Matrix
from holdfast.hashing.views.small import SmallLuma
from holdfast.hashing.views.small_kernels import average_into

__all__ = ["Faces", "cosine_matrix"]

FACE_SIDE = 128  # two for each sample of PDQ: reading between them acts as its own blur does
_BLUR_SHARE = 24  # of the side, for the detail that is dropped beyond the edges; four times

Float32Array = npt.NDArray[np.float32]
UInt8Array = npt.NDArray[np.uint8]


class Faces:
    """Some boxes of a small luma, each squeezed to a square when it is first looked at through a matrix.

    A face's canvas is float32 (256, 256): the box in the middle 128 x 128, a guess of what lies around it.
    """

    def __init__(self, small: SmallLuma, boxes: tuple[Box, ...]) -> None:
        self._small, self._boxes = small, boxes
        self._canvases: dict[int, Float32Array] = {}

    def aspect(self, number: int) -> float:
        """The real width over height of box number ``number``."""
        return self._small.aspect(self._boxes[number])

    def exact_block(self, number: int) -> Float32Array:
        """The block of a box as PDQ defines it, float32 (64, 64)."""
        block = block64(np.ascontiguousarray(self._boxes[number].of(self._small.pixels)))
        return np.zeros((64, 64), np.float32) if block is None else block

    def blocks(self, number: int, matrices: Matrix) -> Float32Array:
        """Blocks float32 (n, 64, 64) of a box seen through matrices (n, 3, 3)."""
        if number not in self._canvases:
            self._canvases[number] = _canvas(self._small.pixels, self._boxes[number])
        blocks = np.empty((len(matrices), 64, 64), np.float32)
        narrow = np.ascontiguousarray(matrices, np.float32)
        warp_kernels.warp_into(self._canvases[number], narrow, blocks)
        return blocks


def _canvas(pixels: UInt8Array, box: Box) -> Float32Array:
    square = np.empty((FACE_SIDE, FACE_SIDE), np.float32)
    top, left = float(box.top), float(box.left)
    average_into(pixels, top, left, float(box.bottom) - top, float(box.right) - left, square)
    soft = square
    for _ in range(4):
        turned = np.empty_like(square)
        warp_kernels.blur_into(soft, FACE_SIDE // _BLUR_SHARE, turned)
        soft = turned
    canvas = np.empty((2 * FACE_SIDE, 2 * FACE_SIDE), np.float32)
    warp_kernels.canvas_into(square, soft, np.float32(square.mean()), canvas)
    return canvas


@functools.cache
def cosine_matrix() -> Float32Array:
    """Rows 1..16 of the 64-point cosine transform: float32 (16, 64)."""
    frequency, place = np.arange(1, 17)[:, np.newaxis], 2 * np.arange(64) + 1
    return np.asarray(np.sqrt(2 / 64) * np.cos(np.pi / 128 * frequency * place), np.float32)
