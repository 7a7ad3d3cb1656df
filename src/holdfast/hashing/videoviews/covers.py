"""What covers a part of the picture, left out: a figure cut out in front, stickers, a large logo.

A code is of the whole picture, so whatever stands in front moves all of its bits. But a picture is the sum of
its parts, and so are its coefficients. Given listed codes of several moments, the parts are weighted so that
the sums have the signs that the codes tell: least squares with weights of zero and more, over all moments
together. What is not of the film gets little.

Strangers can be weighted a little towards anything too. So the moments that decide are not those that the
weights come from: each quarter of the stretch is seen with the weights of the other three. And most of what
is not flat has to be left.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from holdfast.hashing.views.deep import centred_coefficients
from holdfast.hashing.views.faces import cosine_matrix
from holdfast.hashing.views.refine import code_signs

__all__ = ["LEAST_MOMENTS", "MOST_MOMENTS", "uncovered"]

CELLS = 8  # of the picture, across and down
LEAST_MOMENTS, MOST_MOMENTS = 4, 48  # of a stretch: with fewer nothing is done, more of them say no more
PARTS = 4  # of the stretch, each with weights of the others
RIDGE = 0.05  # of the usual curvature: what holds weights near their mean where the codes say little
STEPS = 200  # of projected gradient
MOST_WEIGHT = 2.0
LEAST_LEFT = 0.58  # of what is not flat; of strangers of the tuning part up to 0.53, of copies from there on
FLAT_LEVELS = 1.5  # of deviation within a cell, in levels of grey
CELL_SIZE = np.float32(3.0)  # of the usual coefficient of a picture, in units of the usual one of its cells
_USUAL, _SIGN = 0.3, 0.8  # size, in units of the median, that any coefficient has; what a sign is taken for

Float32Array = npt.NDArray[np.float32]


def uncovered(
    blocks: Float32Array, rows: npt.NDArray[np.int64], codes: npt.NDArray[np.uint8]
) -> Float32Array | None:
    """Blocks float32 (f, 64, 64) with what agrees with listed codes, and little of what does not.

    Block ``rows[i]``, rising, is of the moment of ``codes[i]`` uint8 (k, 32). None where there are fewer than
    `LEAST_MOMENTS`, or where too little of the picture agrees.
    """
    if len(rows) < LEAST_MOMENTS:
        return None
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_MOMENTS)).round().astype(np.int64))
    rows, signs = rows[chosen], code_signs(codes[chosen])
    part = np.arange(len(rows)) * PARTS // len(rows)
    sums = [_sums(blocks[rows[part == one]], signs[part == one]) for one in range(PARTS)]
    others = [[sums[other] for other in range(PARTS) if other != one] for one in range(PARTS)]
    squares = [np.sum([square for square, _ in parts], axis=0) for parts in others]
    shared = [np.sum([one for _, one in parts], axis=0) for parts in others]
    weights = [_weights(*both) for both in zip(squares, shared, strict=True)]
    textured = _textured(blocks[rows])
    if np.mean([_left(one[textured]) for one in weights]) < LEAST_LEFT:
        return None
    nearest = np.abs(np.arange(len(blocks))[:, np.newaxis] - rows).argmin(axis=1)
    out = np.empty_like(blocks)
    for one in range(PARTS):
        shown = part[nearest] == one
        out[shown] = _weighted(blocks[shown], weights[one])
    return out


def _sums(
    blocks: Float32Array, signs: Float32Array
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(c, c) and (c,): the normal equations of the weights of c cells, for blocks (k, 64, 64) of one part."""
    cells = _cell_coefficients(blocks)
    whole = centred_coefficients(blocks)
    # Of regular pictures nearly all coefficients are nothing: those of their cells would outweigh all others.
    least = CELL_SIZE * np.sqrt((cells**2).mean(axis=(1, 2)))[:, np.newaxis]
    scale = np.maximum(np.median(np.abs(whole), axis=1, keepdims=True), least) + np.float32(1e-6)
    usual = np.abs(whole / scale).mean(axis=0) + np.float32(_USUAL)
    terms = (cells / (scale * usual)[:, np.newaxis]).transpose(0, 2, 1).reshape(-1, CELLS * CELLS)
    terms = terms.astype(np.float64)
    return terms.T @ terms, terms.T @ (signs.reshape(-1) * _SIGN)


def _cell_coefficients(blocks: Float32Array) -> Float32Array:
    """(k, c, 256): the coefficients of each cell of blocks without their means, by rows."""
    cosines = cosine_matrix().astype(np.float32)
    windowed = (cosines[np.newaxis] * _windows()[:, np.newaxis]).reshape(CELLS * 16, 64)
    level = blocks - blocks.mean(axis=(1, 2), keepdims=True)
    both = windowed @ level @ windowed.T
    fields = both.reshape(-1, CELLS, 16, CELLS, 16).transpose(0, 1, 3, 2, 4)
    return np.ascontiguousarray(fields).reshape(len(blocks), CELLS * CELLS, 256)


@functools.cache
def _windows() -> Float32Array:
    """(cells, 64): how much of each row, or column, is of each cell; in all one."""
    places = (np.arange(64) + 0.5) / 64 * CELLS - 0.5
    near = np.clip(1 - np.abs(places - np.arange(CELLS)[:, np.newaxis]), 0, 1)
    return np.asarray(near / near.sum(axis=0), np.float32)


def _weights(square: npt.NDArray[np.float64], shared: npt.NDArray[np.float64]) -> Float32Array:
    """The weights (c,) that solve normal equations, in units of the usual one."""
    weights = _solved(square, shared)
    usual = float(np.percentile(weights, 75)) + 1e-9
    return np.asarray(np.minimum(weights / usual, MOST_WEIGHT), np.float32)


def _solved(square: npt.NDArray[np.float64], shared: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weights (c,) of zero and more that solve normal equations, near their mean where these say little."""
    mean = max(float(shared.sum() / (square.sum() + 1e-9)), 1e-3)
    ridge = RIDGE * float(np.trace(square)) / len(square) + 1e-9
    square = square + ridge * np.eye(len(square))
    shared = shared + ridge * mean
    step = 1 / float(np.linalg.eigvalsh(square)[-1])
    weights = np.full(len(square), mean)
    for _ in range(STEPS):
        weights = np.maximum(weights - step * (square @ weights - shared), 0.0)
    return weights


def _textured(blocks: Float32Array) -> npt.NDArray[np.bool_]:
    """Which cells (c,) are not flat: these say nothing of whether they agree."""
    windows = _windows()
    size = np.outer(windows.sum(axis=1), windows.sum(axis=1))
    mean, square = (windows @ values @ windows.T / size for values in (blocks, blocks**2))
    deviation = np.sqrt(np.maximum(square - mean**2, 0)).mean(axis=0)
    return np.asarray(deviation > FLAT_LEVELS).ravel()


def _left(weights: Float32Array) -> float:
    """The share of some cells that their weights amount to: 1 where all are the same, 0 without any."""
    return float(weights.sum() ** 2 / (len(weights) * (weights**2).sum() + 1e-9))


def _weighted(blocks: Float32Array, weights: Float32Array) -> Float32Array:
    """Blocks as their cells are weighted, around the mean of what is left."""
    windows = _windows()
    field = windows.T @ weights.reshape(CELLS, CELLS) @ windows
    mean = (blocks * field).sum(axis=(1, 2), keepdims=True) / (field.sum() + np.float32(1e-6))
    return np.asarray((blocks - mean) * field, np.float32)
