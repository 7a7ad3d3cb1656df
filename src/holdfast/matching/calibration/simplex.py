"""Nelder and Mead's downhill simplex: the least of a smooth function of a few numbers, without its slopes.

Source: Nelder and Mead, "A simplex method for function minimization", The Computer Journal 7 (1965).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["least"]

FloatArray = npt.NDArray[np.float64]


def least(
    function: Callable[[FloatArray], float], start: FloatArray, steps: FloatArray, rounds: int = 400
) -> FloatArray:
    """Where ``function`` is least near ``start``, float64 (k,); ``steps`` (k,) are sensible first changes."""
    points = np.vstack([start, start + np.diag(steps)])
    values = np.array([function(point) for point in points])
    for _ in range(rounds):
        order = np.argsort(values, kind="stable")
        points, values = points[order], values[order]
        if values[-1] - values[0] < 1e-9 * (1 + abs(values[0])):
            break
        centre = points[:-1].mean(axis=0)
        _step(function, points, values, centre)
    return np.asarray(points[int(np.argmin(values))])


def _step(
    function: Callable[[FloatArray], float], points: FloatArray, values: FloatArray, centre: FloatArray
) -> None:
    """Replaces the worst point by a better one, or draws all points towards the best."""
    reflected = 2 * centre - points[-1]
    value = function(reflected)
    if value < values[0]:
        further = 3 * centre - 2 * points[-1]
        further_value = function(further)
        if further_value < value:
            reflected, value = further, further_value
    elif value >= values[-2]:
        inner = (centre + (reflected if value < values[-1] else points[-1])) / 2
        inner_value = function(inner)
        if inner_value >= min(value, values[-1]):
            points[1:] = (points[1:] + points[0]) / 2
            values[1:] = [function(point) for point in points[1:]]
            return
        reflected, value = inner, inner_value
    points[-1], values[-1] = reflected, value
