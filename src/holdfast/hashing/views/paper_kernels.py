"""The compiled loops that tell a page's paper from what lies on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit

__all__ = ["CELL", "count_greys", "filled_cells", "joined_cells", "line_counts"]

CELL = 4  # pixels of a cell's side
MOST_PAPER = 1  # pixels of a filled cell that may look like paper


@njit
def count_greys(luma: Any, counts: Any) -> None:
    """Fills ``counts`` int64 (256,): how many pixels of uint8 (h, w) have each grey."""
    four = np.zeros((4, 256), np.int32)  # neighbours are often equal: one counter would wait for itself
    for y in range(luma.shape[0]):
        line = luma[y]
        for x in range(line.size):
            four[x & 3, line[x]] += np.int32(1)
    for grey in range(256):
        counts[grey] = four[0, grey] + four[1, grey] + four[2, grey] + four[3, grey]


@njit
def filled_cells(luma: Any, low: Any, high: Any, cells: Any) -> None:
    """Marks in ``cells`` uint8 (h // 4, w // 4) the blocks of 4 x 4 pixels without paper, less thin ones.

    Paper is what lies within ``low``..``high``. A block stays where it belongs to a square of 2 x 2 of
    them: lines of text, which show paper between their letters, leave nothing.
    """
    rows, columns = cells.shape
    filled = np.zeros((rows, columns), np.uint8)
    paper = np.empty(columns * CELL, np.uint8)
    for i in range(rows):
        paper[:] = 0
        for y in range(i * CELL, i * CELL + CELL):
            line = luma[y]
            for x in range(columns * CELL):
                paper[x] += np.uint8((line[x] >= low) & (line[x] <= high))
        for j in range(columns):
            k = j * CELL
            filled[i, j] = np.uint8(paper[k] + paper[k + 1] + paper[k + 2] + paper[k + 3] <= MOST_PAPER)
    cells[:] = 0
    for i in range(rows - 1):
        for j in range(columns - 1):
            if filled[i, j] & filled[i, j + 1] & filled[i + 1, j] & filled[i + 1, j + 1]:
                cells[i, j] = cells[i, j + 1] = cells[i + 1, j] = cells[i + 1, j + 1] = 1


@njit
def joined_cells(cells: Any, least_rows: Any, least_columns: Any, found: Any) -> Any:
    """Fills ``found`` int64 (n, 5) with (cells, top, bottom, left, right) of joined ones; gives their number.

    In cells, ends not included. Cells are joined over their sides; what spans fewer rows or columns than
    the least is left out, and so is what comes when ``found`` is full. ``cells`` is emptied.
    """
    rows, columns = cells.shape
    stack = np.empty(rows * columns, np.int64)
    count = 0
    for start in range(rows * columns):
        if not cells[start // columns, start % columns] or count == found.shape[0]:
            continue
        cells[start // columns, start % columns] = 0
        stack[0], height, size = start, 1, 0
        top, bottom, left, right = rows, 0, columns, 0
        while height:
            height -= 1
            i, j = stack[height] // columns, stack[height] % columns
            size += 1
            top, bottom, left, right = min(top, i), max(bottom, i + 1), min(left, j), max(right, j + 1)
            for down, across in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                a, b = i + down, j + across
                if 0 <= a < rows and 0 <= b < columns and cells[a, b]:
                    cells[a, b] = 0
                    stack[height] = a * columns + b
                    height += 1
        if bottom - top >= least_rows and right - left >= least_columns:
            found[count, 0], found[count, 1], found[count, 2] = size, top, bottom
            found[count, 3], found[count, 4] = left, right
            count += 1
    return count


@njit
def line_counts(
    luma: Any, low: Any, high: Any, axis: Any, first: Any, begin: Any, end: Any, counts: Any
) -> None:
    """Fills ``counts`` int64 (n,): of lines ``first``, ... of ``axis`` the points begin..end beside paper."""
    for k in range(counts.size):
        total = 0
        for x in range(begin, end):
            value = luma[first + k, x] if axis == 0 else luma[x, first + k]
            total += (value < low) | (value > high)
        counts[k] = total
