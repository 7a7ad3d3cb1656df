"""The compiled loops that find straight edges, and boxes between them, in a small luma."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit

__all__ = ["FULL_STEP", "LEAST_SIDE", "best_boxes", "edge_marks", "straight_runs"]

LEAST_SIDE = 32  # pixels of a box
LEAST_SHARE = 0.1  # of the page's side
FULL_STEP = 8  # grey levels by which a clear edge stands out
_GAP_COST = 1  # of a run, per point where nothing tells an edge from a plain area


@njit
def edge_marks(luma: Any, reach: Any, marks: Any) -> None:
    """How far each point stands out as a horizontal edge: ``marks`` int8 (h + 1, w), -8..8.

    ``luma`` uint8 (h, w). Row y of marks lies between rows y - 1 and y. The step there is compared with
    the greater of the steps ``reach`` rows above and below: texture falls short of it at two points of
    three, a straight edge hardly anywhere, and a plain area gives 0.
    """
    height, width = luma.shape
    steps = np.empty((height + 1 + 2 * reach, width), np.int16)
    steps[: reach + 1] = 0
    steps[height + reach :] = 0
    for y in range(1, height):
        line, upper, lower = steps[y + reach], luma[y - 1], luma[y]
        for x in range(width):
            line[x] = abs(np.int16(lower[x]) - np.int16(upper[x]))
    for y in range(height + 1):
        before, here, after = steps[y], steps[y + reach], steps[y + 2 * reach]
        line_marks = marks[y]
        for x in range(width):
            value = np.int16(here[x] - max(before[x], after[x]))
            line_marks[x] = np.int8(min(max(value, np.int16(-FULL_STEP)), np.int16(FULL_STEP)))


@njit
def straight_runs(marks: Any, least: Any, scores: Any) -> None:
    """The score of each line's best run, 0 under ``least``: ``scores`` int64 (lines,).

    Four lines at a time: each step of a run waits for the one before it.
    """
    lines, length = marks.shape
    none, cost = np.int32(0), np.int32(_GAP_COST)
    wanted, count = np.empty(lines + 3, np.int64), 0
    for y in range(lines):
        line, most = marks[y], np.int32(0)
        for x in range(length):
            most += np.int32(max(line[x] - np.int8(_GAP_COST), np.int8(0)))
        scores[y] = 0
        if most >= least:
            wanted[count] = y
            count += 1
    wanted[count:] = wanted[count - 1] if count else 0
    for k in range(0, count, 4):
        a, b, c, d = wanted[k], wanted[k + 1], wanted[k + 2], wanted[k + 3]
        total_a = total_b = total_c = total_d = best_a = best_b = best_c = best_d = none
        for x in range(length):
            total_a = max(total_a + np.int32(marks[a, x]) - cost, none)
            total_b = max(total_b + np.int32(marks[b, x]) - cost, none)
            total_c = max(total_c + np.int32(marks[c, x]) - cost, none)
            total_d = max(total_d + np.int32(marks[d, x]) - cost, none)
            best_a, best_b = max(best_a, total_a), max(best_b, total_b)
            best_c, best_d = max(best_c, total_c), max(best_d, total_d)
        scores[a], scores[b], scores[c], scores[d] = best_a, best_b, best_c, best_d
    for y in range(lines):
        if scores[y] < least:
            scores[y] = 0


@njit
def _support(sums: Any, line: Any, begin: Any, end: Any) -> Any:
    """How well a line is an edge between begin and end, -1..1, from its running sums (length + 1,)."""
    return (sums[line, end] - sums[line, begin]) / (FULL_STEP * max(1, end - begin))


@njit
def best_boxes(
    rows: Any, columns: Any, row_sums: Any, column_sums: Any, page_side: Any, least: Any, boxes: Any
) -> Any:
    """Fills ``boxes`` float32 (n, 5), (score, top, bottom, left, right), the best first; gives their number.

    ``rows`` and ``columns`` int64, rising, are lines that a box may have, the first and the last of them
    the page's own edges; the sums are int64 (lines, length + 1), running sums of marks along each. A side
    on the page's edge counts ``page_side``; no side may have less support than ``least``. Boxes that are
    nearly a better one are left out.
    """
    height, width = rows[-1], columns[-1]
    count = 0
    for a in range(rows.size - 1):
        for b in range(a + 1, rows.size):
            top, bottom = rows[a], rows[b]
            if bottom - top < max(LEAST_SHARE * height, LEAST_SIDE):
                continue
            for c in range(columns.size - 1):
                left = columns[c]
                west = page_side if c == 0 else _support(column_sums, c, top, bottom)
                if west < least:
                    continue
                for d in range(c + 1, columns.size):
                    right = columns[d]
                    if right - left < max(LEAST_SHARE * width, LEAST_SIDE):
                        continue
                    if bottom - top == height and right - left == width:
                        continue
                    last = d == columns.size - 1
                    east = page_side if last else _support(column_sums, d, top, bottom)
                    north = page_side if a == 0 else _support(row_sums, a, left, right)
                    south = page_side if b == rows.size - 1 else _support(row_sums, b, left, right)
                    weakest = min(north, south, west, east)
                    if weakest < least:
                        continue
                    area = (bottom - top) * (right - left) / (height * width)
                    score = (north + south + west + east) * 0.25 + 0.5 * weakest + 0.2 * area**0.5
                    count = _keep(boxes, count, score, top, bottom, left, right)
    return count


@njit
def _keep(boxes: Any, count: Any, score: Any, top: Any, bottom: Any, left: Any, right: Any) -> Any:
    """Puts a box among the best, unless a better one is nearly the same; gives the new number."""
    size = boxes.shape[0]
    tolerance = max(2.0, 0.012 * max(bottom - top, right - left))
    for k in range(count):
        off = max(abs(boxes[k, 1] - top), abs(boxes[k, 2] - bottom))
        off = max(off, abs(boxes[k, 3] - left), abs(boxes[k, 4] - right))
        if off <= tolerance:
            if boxes[k, 0] >= score:
                return count
            for m in range(k, count - 1):
                boxes[m] = boxes[m + 1]
            count -= 1
            break
    if count == size and boxes[size - 1, 0] >= score:
        return count
    place = min(count, size - 1)
    while place > 0 and boxes[place - 1, 0] < score:
        boxes[place] = boxes[place - 1]
        place -= 1
    boxes[place, 0], boxes[place, 1], boxes[place, 2] = score, top, bottom
    boxes[place, 3], boxes[place, 4] = left, right
    return min(count + 1, size)
