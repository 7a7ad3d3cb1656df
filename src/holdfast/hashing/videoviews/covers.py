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

import numpy as np
import numpy.typing as npt

from holdfast.hashing.videoviews.cells import CELLS, RIDGE, normal_equations, textured, windows
from holdfast.hashing.views.refine import code_signs

__all__ = ["LEAST_MOMENTS", "MOST_MOMENTS", "uncovered"]

LEAST_MOMENTS, MOST_MOMENTS = 4, 48  # of a stretch: with fewer nothing is done, more of them say no more
PARTS = 4  # of the stretch, each with weights of the others
STEPS = 200  # of projected gradient
MOST_WEIGHT = 2.0
LEAST_LEFT = 0.58  # of what is not flat; of strangers of the tuning part up to 0.53, of copies from there on

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
    sums = [normal_equations(blocks[rows[part == one]], signs[part == one]) for one in range(PARTS)]
    others = [[sums[other] for other in range(PARTS) if other != one] for one in range(PARTS)]
    squares = [np.sum([square for square, _ in parts], axis=0) for parts in others]
    shared = [np.sum([one for _, one in parts], axis=0) for parts in others]
    weights = [_weights(*both) for both in zip(squares, shared, strict=True)]
    is_textured = textured(blocks[rows])
    if np.mean([_left(one[is_textured]) for one in weights]) < LEAST_LEFT:
        return None
    nearest = np.abs(np.arange(len(blocks))[:, np.newaxis] - rows).argmin(axis=1)
    out = np.empty_like(blocks)
    for one in range(PARTS):
        shown = part[nearest] == one
        out[shown] = _weighted(blocks[shown], weights[one])
    return out


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


def _left(weights: Float32Array) -> float:
    """The share of some cells that their weights amount to: 1 where all are the same, 0 without any."""
    return float(weights.sum() ** 2 / (len(weights) * (weights**2).sum() + 1e-9))


def _weighted(blocks: Float32Array, weights: Float32Array) -> Float32Array:
    """Blocks as their cells are weighted, around the mean of what is left."""
    window = windows()
    field = window.T @ weights.reshape(CELLS, CELLS) @ window
    mean = (blocks * field).sum(axis=(1, 2), keepdims=True) / (field.sum() + np.float32(1e-6))
    return np.asarray((blocks - mean) * field, np.float32)
