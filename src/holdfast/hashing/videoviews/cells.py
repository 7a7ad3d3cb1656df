"""The parts of a picture, and what each adds to its coefficients.

A code is of the whole picture. But a picture is the sum of its cells, and so are its coefficients: those of
each cell are known of the query, and of a listed picture the signs of their sums. What weights of the cells
bring the sums nearest to given signs is a question of least squares, over several moments together.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from holdfast.hashing.views.deep import centred_coefficients
from holdfast.hashing.views.faces import cosine_matrix

__all__ = ["CELLS", "RIDGE", "cell_coefficients", "normal_equations", "terms", "textured", "windows"]

CELLS = 8  # of the picture, across and down
RIDGE = 0.05  # of the usual curvature: what holds weights near their mean where the codes say little
FLAT_LEVELS = 1.5  # of deviation within a cell, in levels of grey
CELL_SIZE = np.float32(3.0)  # of the usual coefficient of a picture, in units of the usual one of its cells
_USUAL, _SIGN = 0.3, 0.8  # size, in units of the median, that any coefficient has; what a sign is taken for

Float32Array = npt.NDArray[np.float32]


def normal_equations(
    blocks: Float32Array, signs: Float32Array
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(c, c) and (c,): the normal equations of the weights of c cells, for blocks (k, 64, 64) of one part."""
    parts = terms(blocks)
    return parts.T @ parts, parts.T @ (signs.reshape(-1) * _SIGN)


def terms(blocks: Float32Array) -> npt.NDArray[np.float64]:
    """float64 (k * 256, c): what each of c cells adds to each coefficient of blocks (k, 64, 64).

    In units of the usual size of a coefficient, so that each says as much as any other.
    """
    cells = cell_coefficients(blocks)
    whole = centred_coefficients(blocks)
    # Of regular pictures nearly all coefficients are nothing: those of their cells would outweigh all others.
    least = CELL_SIZE * np.sqrt((cells**2).mean(axis=(1, 2)))[:, np.newaxis]
    scale = np.maximum(np.median(np.abs(whole), axis=1, keepdims=True), least) + np.float32(1e-6)
    usual = np.abs(whole / scale).mean(axis=0) + np.float32(_USUAL)
    parts = (cells / (scale * usual)[:, np.newaxis]).transpose(0, 2, 1).reshape(-1, CELLS * CELLS)
    return np.asarray(parts, np.float64)


def cell_coefficients(blocks: Float32Array) -> Float32Array:
    """(k, c, 256): the coefficients of each cell of blocks without their means, by rows."""
    cosines = cosine_matrix().astype(np.float32)
    windowed = (cosines[np.newaxis] * windows()[:, np.newaxis]).reshape(CELLS * 16, 64)
    level = blocks - blocks.mean(axis=(1, 2), keepdims=True)
    both = windowed @ level @ windowed.T
    fields = both.reshape(-1, CELLS, 16, CELLS, 16).transpose(0, 1, 3, 2, 4)
    return np.ascontiguousarray(fields).reshape(len(blocks), CELLS * CELLS, 256)


@functools.cache
def windows() -> Float32Array:
    """(cells, 64): how much of each row, or column, is of each cell; in all one."""
    places = (np.arange(64) + 0.5) / 64 * CELLS - 0.5
    near = np.clip(1 - np.abs(places - np.arange(CELLS)[:, np.newaxis]), 0, 1)
    return np.asarray(near / near.sum(axis=0), np.float32)


def textured(blocks: Float32Array) -> npt.NDArray[np.bool_]:
    """Which cells (c,) are not flat: these say nothing of whether they agree."""
    window = windows()
    size = np.outer(window.sum(axis=1), window.sum(axis=1))
    mean, square = (window @ values @ window.T / size for values in (blocks, blocks**2))
    deviation = np.sqrt(np.maximum(square - mean**2, 0)).mean(axis=0)
    return np.asarray(deviation > FLAT_LEVELS).ravel()
