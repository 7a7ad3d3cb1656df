"""The compiled loops over a stack of frames. Sums are of whole numbers: their order changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit

__all__ = ["detail_into", "flat_lines", "motion_into"]

_MOST_DETAIL = 24  # grey levels


@njit
def flat_lines(lines: Any, deviation: Any, grey: Any, near: Any) -> Any:
    """How many lines of uint8 (n, length), from the first on, have a standard deviation under this one.

    With ``grey`` 0 or more, only lines whose mean is within ``near`` grey levels of it.
    """
    count, length = lines.shape
    for i in range(count):
        total = squares = np.int64(0)
        for j in range(length):
            value = np.int64(lines[i, j])
            total += value
            squares += value * value
        if length * squares - total * total >= deviation * deviation * length * length:
            return i
        if grey >= 0 and abs(total - grey * length) > near * length:
            return i
    return count


@njit
def detail_into(stack: Any, detail: Any) -> None:
    """Fills ``detail`` int64 (h, w - 2): second differences along the rows of uint8 (k, h, w), 24 at most,
    added up over the frames."""
    frames, height, width = stack.shape
    detail[:] = 0
    for k in range(frames):
        for y in range(height):
            row, out = stack[k, y], detail[y]
            for x in range(width - 2):
                bend = abs(2 * np.int32(row[x + 1]) - np.int32(row[x]) - np.int32(row[x + 2]))
                out[x] += min(bend, _MOST_DETAIL)


@njit
def motion_into(stack: Any, total: Any, spread: Any) -> None:
    """Fills ``total`` int64 and ``spread`` uint8 (h, w): sum, and greatest less least, of uint8 (k, h, w)."""
    frames, height, width = stack.shape
    for y in range(height):
        for x in range(width):
            least = most = stack[0, y, x]
            added = np.int64(0)
            for k in range(frames):
                value = stack[k, y, x]
                least, most = min(least, value), max(most, value)
                added += value
            total[y, x] = added
            spread[y, x] = most - least
