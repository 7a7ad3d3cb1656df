"""How much of a picture agrees with listed codes: all of it, or a part.

Where two films share what lies over them (the lower half, bars of an equaliser, a frame), only that part of
the picture is what the other list shows. So each cell of a query's pictures is asked what weight listed codes
give it, in units of the weight that the query's own codes give: one where it is the listed picture, and
nothing where another one is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holdfast.hashing.videoviews.cells import CELLS, RIDGE, terms, textured
from holdfast.hashing.views.deep import centred_coefficients
from holdfast.hashing.views.refine import code_signs

__all__ = ["agreeing_share"]

LEAST_TEXTURED = 4  # cells that are not flat: with fewer nothing can be told
LEAST_WEIGHT = 0.35  # from which on a cell agrees
_OWN = 0.5  # of a cell's weight; the rest is the mean of it and those around it

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]


def agreeing_share(blocks: Float32Array, codes: npt.NDArray[np.uint8]) -> float:
    """The share of the picture that agrees, 0..1: of cells that are not flat, over all moments together.

    Blocks float32 (k, 64, 64) are of the moments of the listed ``codes`` uint8 (k, 32). 1 where nearly all of
    the picture is flat.
    """
    is_textured = textured(blocks)
    if is_textured.sum() < LEAST_TEXTURED:
        return 1.0
    parts = terms(blocks)
    square, shared = parts.T @ parts, parts.T @ code_signs(codes).reshape(-1)
    own = parts.T @ np.sign(centred_coefficients(blocks)).reshape(-1)
    ridge = RIDGE * float(np.trace(square)) / len(square) + 1e-9
    mean = float(own.sum() / (square.sum() + 1e-9))
    square = square + ridge * np.eye(len(square))
    usual = float(np.median(np.linalg.solve(square, own + ridge * mean)[is_textured]))
    weights = np.asarray(np.linalg.solve(square, shared), np.float64) / max(usual, 1e-9)
    return float((_smoothed(weights)[is_textured] >= LEAST_WEIGHT).mean())


def _smoothed(weights: Float64Array) -> Float64Array:
    """Weights (c,), each half its own and half the mean of it and the eight around it."""
    field = weights.reshape(CELLS, CELLS)
    edged = np.pad(field, 1, mode="edge")
    around = np.mean([edged[y : y + CELLS, x : x + CELLS] for y in range(3) for x in range(3)], axis=0)
    return np.asarray(_OWN * field + (1 - _OWN) * around).ravel()
