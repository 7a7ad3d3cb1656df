"""The compiled loops that shrink lumas by averaging areas."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit

__all__ = ["average_into", "shrink_into"]


@njit(fastmath={"reassoc", "contract", "nsz"})
def average_into(luma: Any, top: Any, left: Any, height: Any, width: Any, small: Any) -> None:
    """Fills ``small`` float32 (h, w) with the means of equal areas of a part of ``luma``.

    The part begins at (top, left) and is ``height`` x ``width`` pixels, all of them floats: pixels on
    the edge of an area count by the share that lies in it. It must lie inside the luma.
    """
    rows, columns = small.shape
    first = np.empty(columns, np.int64)
    last = np.empty(columns, np.int64)
    begin_share = np.empty(columns, np.float32)
    end_share = np.empty(columns, np.float32)
    step = width / columns
    for j in range(columns):
        begin, end = left + j * step, left + (j + 1) * step
        first[j] = min(np.int64(begin), luma.shape[1] - 1)
        last[j] = min(max(np.int64(np.ceil(end)) - 1, first[j]), luma.shape[1] - 1)
        begin_share[j] = begin - first[j]
        end_share[j] = last[j] + 1 - end
    low, high = first[0], last[columns - 1] + 1
    line = np.empty(high - low, np.float32)
    row_step = height / rows
    norm = np.float32(1.0 / (row_step * step))
    for i in range(rows):
        begin, end = top + i * row_step, top + (i + 1) * row_step
        row = min(np.int64(begin), luma.shape[0] - 1)
        row_last = min(max(np.int64(np.ceil(end)) - 1, row), luma.shape[0] - 1)
        line[:] = np.float32(0.0)
        for y in range(row, row_last + 1):
            weight = np.float32(min(end, y + 1.0) - max(begin, y * 1.0))
            source = luma[y, low:high]
            for x in range(line.size):
                line[x] += weight * np.float32(source[x])
        for j in range(columns):
            total = np.float32(0.0)
            begin_x, end_x = first[j] - low, last[j] - low
            for x in range(begin_x, end_x + 1):
                total += line[x]
            total -= begin_share[j] * line[begin_x] + end_share[j] * line[end_x]
            small[i, j] = total * norm


@njit
def shrink_into(luma: Any, factor: Any, small: Any) -> None:
    """Fills ``small`` uint8 (h // factor, w // factor) with the rounded means of factor x factor pixels."""
    rows, columns = small.shape
    sums = np.empty(columns * factor, np.int32)
    narrow = np.empty(columns, np.int32)
    count = np.int32(factor * factor)
    scale = np.float32(1.0 / (factor * factor))
    for i in range(rows):
        sums[:] = 0
        for y in range(i * factor, (i + 1) * factor):
            source = luma[y, : sums.size]
            for x in range(sums.size):
                sums[x] += np.int32(source[x])
        narrow[:] = count // 2
        for k in range(factor):
            part = sums[k::factor]
            for j in range(columns):
                narrow[j] += part[j]
        line = small[i]
        for j in range(columns):
            line[j] = np.uint8(np.float32(narrow[j]) * scale)
