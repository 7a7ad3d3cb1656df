"""The compiled loops of border detection; `border` checks what goes in."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit

__all__ = ["border_depth"]

_GROUP = 32  # columns looked at together
_TOLERANCE = 7  # grey levels by which JPEG makes a plain border vary
_NOISE_SHARE = 0.004  # of a line's points may vary by more
_REACH = 9  # lines over which JPEG smears the edge of a border: a block and one
_STRETCH_SHARE = 0.2  # of the line where the picture begins must lie between points unlike the border
_FILLED_SHARE = 0.4  # of the points of that stretch must be unlike it


@njit
def _gather(luma: Any, axis: Any, first: Any, direction: Any, start: Any, step: Any, lines: Any) -> None:
    """Copies rows (axis 0) or columns (axis 1) ``first``, ``first + direction``, ... into ``lines``.

    ``lines`` is uint8 (count, points): of each, the points ``start``, ``start + step``, ...
    """
    count, points = lines.shape
    if axis == 0:
        for i in range(count):
            for j in range(points):
                lines[i, j] = luma[first + i * direction, start + j * step]
    else:
        for j in range(points):
            for i in range(count):
                lines[i, j] = luma[start + j * step, first + i * direction]


@njit
def _line_median(line: Any) -> Any:
    """The median of a line of uint8 values, by counting."""
    counts = np.zeros(256, np.int64)
    for i in range(line.size):
        counts[line[i]] += 1
    below = 0
    for value in range(256):
        below += counts[value]
        if 2 * below >= line.size:
            return value
    return 255


@njit
def _count_unlike(line: Any, colour: Any, tolerance: Any) -> Any:
    """How many points of a line differ from ``colour`` by more than ``tolerance``."""
    low, high = np.int16(colour - tolerance), np.int16(colour + tolerance)
    count = np.int32(0)
    for i in range(line.size):
        value = np.int16(line[i])
        count += np.int32((value < low) | (value > high))
    return count


@njit
def _is_edge(line: Any, colour: Any) -> Any:
    """Whether a picture begins here: a wide stretch of the line leaves the border's colour at once."""
    first, end = np.int64(-1), np.int64(0)
    for i in range(line.size):
        if abs(np.int64(line[i]) - colour) > 2 * _TOLERANCE:
            if first < 0:
                first = np.int64(i)
            end = np.int64(i + 1)
    if first < 0 or end - first < _STRETCH_SHARE * line.size:
        return False
    return _count_unlike(line[first:end], colour, 2 * _TOLERANCE) >= _FILLED_SHARE * (end - first)


@njit
def _count_unlike_columns(
    luma: Any, left: Any, start: Any, step: Any, points: Any, colour: Any, counts: Any
) -> None:
    """Fills ``counts`` int32 (columns,) for that many columns from ``left`` on, side by side."""
    low, high = np.int16(colour - _TOLERANCE), np.int16(colour + _TOLERANCE)
    counts[:] = 0
    for j in range(points):
        row = luma[start + j * step, left : left + counts.size]
        for i in range(counts.size):
            value = np.int16(row[i])
            counts[i] += np.int32((value < low) | (value > high))


@njit
def _uniform_rows(luma: Any, first: Any, direction: Any, start: Any, points: Any, colour: Any) -> Any:
    """How many rows from ``first`` on have this colour."""
    allowed = _NOISE_SHARE * points
    for depth in range(luma.shape[0]):
        line = luma[first + depth * direction, start : start + points]
        if _count_unlike(line, colour, _TOLERANCE) > allowed:
            return depth
    return luma.shape[0]


@njit
def _uniform_columns(
    luma: Any, first: Any, direction: Any, start: Any, step: Any, points: Any, colour: Any
) -> Any:
    """How many columns from ``first`` on have this colour."""
    allowed = _NOISE_SHARE * points
    counts = np.empty(_GROUP, np.int32)
    width = luma.shape[1]
    for depth in range(0, width, _GROUP):
        columns = min(_GROUP, width - depth)
        nearest = first + depth * direction
        left = nearest if direction > 0 else nearest - columns + 1
        _count_unlike_columns(luma, left, start, step, points, colour, counts[:columns])
        for i in range(columns):
            if counts[i if direction > 0 else columns - 1 - i] > allowed:
                return depth + i
    return width


@njit
def border_depth(luma: Any, axis: Any, direction: Any, start: Any, step: Any, points: Any) -> Any:
    """How many rows (axis 0) or columns (axis 1) of uniform border the luma, C-contiguous, has.

    Counted from its beginning (direction 1) or its end (-1). Each line is looked at in ``points``
    points ``start``, ``start + step``, ...; a row must have step 1. JPEG rings some lines into a
    border, so it is taken to end at the greatest step within that reach. 0 where there is no border
    with a clear edge, and luma.shape[axis] where all is one colour.
    """
    limit = luma.shape[axis]
    first = 0 if direction > 0 else limit - 1
    lines = np.empty((_REACH + 2, points), np.uint8)
    _gather(luma, axis, first, direction, start, step, lines[:1])
    colour = _line_median(lines[0])
    if axis == 0:
        depth = _uniform_rows(luma, first, direction, start, points, colour)
    else:
        depth = _uniform_columns(luma, first, direction, start, step, points, colour)
    if depth == 0 or depth == limit:
        return depth
    count = min(_REACH + 2, limit - depth + 1)
    _gather(luma, axis, first + (depth - 1) * direction, direction, start, step, lines[:count])
    edge, greatest = 1, np.int64(-1)
    for i in range(1, min(_REACH + 1, count)):
        change = np.int64(0)
        for j in range(points):
            change += abs(np.int64(lines[i, j]) - np.int64(lines[i - 1, j]))
        if change > greatest:
            edge, greatest = i, change
    return depth - 1 + edge if _is_edge(lines[min(edge + 1, count - 1)], colour) else 0
