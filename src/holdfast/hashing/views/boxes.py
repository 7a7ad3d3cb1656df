"""Where a picture lies inside another one: screenshots, collages, captions, split screens, frames.

A picture that was pasted ends in four straight edges, or in fewer where it reaches the edge of the page.
So: find the straightest rows and columns, then the boxes between them whose four sides are edges. Edges
that cross the whole page divide it, as in collages: their parts are taken whatever else is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from holdfast.hashing.border import Box
from holdfast.hashing.views import edge_kernels

__all__ = ["PageBox", "edge_marks", "marked_boxes", "page_boxes"]

_LINES = 14  # straight edges looked at in each direction, beside the page's own
_LEAST_RUN_SHARE = 0.05  # of the page's side: shorter edges belong to letters and buttons
_REACH = 2  # pixels over which a step must stand out
_PAGE_SIDE = 0.6  # what the page's own edge counts as a side of a box; a perfect edge counts 1
_LEAST_SUPPORT = 0.12
_LEAST_CROSSING = 0.2  # support of an edge over the whole page, from which it divides the page
_GAP_SHARE = 0.04  # of the page's side: two edges that are nearer are the two sides of a gap

UInt8Array = npt.NDArray[np.uint8]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PageBox:
    """A likely picture in a page. ``score`` is 0..2, higher for longer and clearer edges."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """The straightest lines of one direction, the page's own edges first and last: int64 (lines,).

    ``sums`` int64 (lines, length + 1) are running sums of marks along each.
    """

    at: Int64Array
    sums: Int64Array

    def crossing(self) -> tuple[int, int, float] | None:
        """The line that divides the page best, as (where before it ends, where behind it begins, support)."""
        support = self.sums[:, -1] / (edge_kernels.FULL_STEP * (self.sums.shape[1] - 1))
        inner = support[1:-1]
        if len(inner) == 0 or inner.max() < _LEAST_CROSSING:
            return None
        best = int(inner.argmax()) + 1
        first = last = int(self.at[best])
        for place, strength in zip(self.at[1:-1].tolist(), inner.tolist(), strict=True):
            if abs(place - first) <= _GAP_SHARE * self.at[-1] and strength >= 0.6 * support[best]:
                first, last = min(first, place), max(last, place)
        return first, last, min(1.0, float(support[best]))


def page_boxes(pixels: UInt8Array, limit: int) -> list[PageBox]:
    """Up to ``limit`` boxes of a small luma uint8 (h, w) that may hold a picture, the likeliest first."""
    if min(pixels.shape) < 2 * edge_kernels.LEAST_SIDE:
        return []
    rows, columns = _lines(edge_marks(pixels)), _lines(edge_marks(np.ascontiguousarray(pixels.T)))
    boxes = _divisions(rows, columns, pixels.shape)
    for one in _best(rows, columns, limit, _PAGE_SIDE):
        if len(boxes) < limit and all(one.box != other.box for other in boxes):
            boxes.append(one)
    return sorted(boxes, key=lambda one: -one.score)[:limit]


def marked_boxes(
    row_marks: npt.NDArray[np.int8], column_marks: npt.NDArray[np.int8], limit: int, page_side: float
) -> list[PageBox]:
    """Up to ``limit`` boxes between edges that were marked elsewhere, as in many frames of a film at once.

    The marks are those of `edge_marks`, of a picture (h, w) and of it transposed: int8 (h + 1, w) and (w + 1,
    h). A side on the page's edge counts ``page_side``; a perfect edge counts 1.
    """
    if min(row_marks.shape[1], column_marks.shape[1]) < 2 * edge_kernels.LEAST_SIDE:
        return []
    return _best(_lines(row_marks), _lines(column_marks), limit, page_side)


def edge_marks(pixels: UInt8Array) -> npt.NDArray[np.int8]:
    """How far each point of pixels (h, w) stands out as a horizontal edge: int8 (h + 1, w), -8..8."""
    marks = np.empty((pixels.shape[0] + 1, pixels.shape[1]), np.int8)
    edge_kernels.edge_marks(pixels, _REACH, marks)
    return marks


def _best(rows: _Lines, columns: _Lines, limit: int, page_side: float) -> list[PageBox]:
    found = np.zeros((limit, 5), np.float32)
    count = edge_kernels.best_boxes(
        rows.at, columns.at, rows.sums, columns.sums, page_side, _LEAST_SUPPORT, found
    )
    return [PageBox(Box(*(int(side) for side in row[1:])), float(row[0])) for row in found[:count]]


def _divisions(rows: _Lines, columns: _Lines, shape: tuple[int, ...]) -> list[PageBox]:
    """The halves and quarters into which the best crossing edges divide the page."""
    height, width = shape
    across, down = rows.crossing(), columns.crossing()
    whole = [(0, height, 0.0)], [(0, width, 0.0)]
    bands = whole[0] if across is None else [(0, across[0], across[2]), (across[1], height, across[2])]
    piles = whole[1] if down is None else [(0, down[0], down[2]), (down[1], width, down[2])]
    parts = [*product(bands, whole[1]), *product(whole[0], piles)]
    if across is not None and down is not None:
        parts += product(bands, piles)
    found: dict[Box, PageBox] = {}
    for (top, bottom, row_support), (left, right, column_support) in parts:
        if min(bottom - top, right - left) < edge_kernels.LEAST_SIDE or not (row_support or column_support):
            continue
        sides = [_PAGE_SIDE, _PAGE_SIDE, row_support or _PAGE_SIDE, column_support or _PAGE_SIDE]
        area = (bottom - top) * (right - left) / (height * width)
        score = sum(sides) / 4 + 0.5 * min(sides) + 0.2 * area**0.5
        found[Box(top, bottom, left, right)] = PageBox(Box(top, bottom, left, right), score)
    return list(found.values())


def _lines(marks: npt.NDArray[np.int8]) -> _Lines:
    at = _straightest(marks)
    return _Lines(at, _running_sums(marks, at))


def _straightest(marks: npt.NDArray[np.int8]) -> Int64Array:
    """The lines with the best runs, rising, between the page's own edges: int64 (lines,)."""
    lines, length = marks.shape
    runs = np.zeros((lines, 3), np.int64)
    least = int(edge_kernels.FULL_STEP * _LEAST_RUN_SHARE * length)
    edge_kernels.straight_runs(marks, least, runs)
    scores, chosen = runs[:, 0], {0, lines - 1}
    for _ in range(_LINES):
        best = int(scores.argmax())
        if scores[best] <= 0:
            break
        chosen.add(best)
        scores[max(0, best - 2) : best + 3] = 0
    return np.array(sorted(chosen))


def _running_sums(marks: npt.NDArray[np.int8], lines: Int64Array) -> Int64Array:
    """Sums of marks along each line: int64 (lines, length + 1).

    Shrinking smears an edge over two lines: a point counts as the better of its line's mark and of
    the better neighbouring line's.
    """
    before, after = marks[np.maximum(lines - 1, 0)], marks[np.minimum(lines + 1, len(marks) - 1)]
    better = before.sum(axis=1, dtype=np.int64) > after.sum(axis=1, dtype=np.int64)
    best = np.maximum(marks[lines], np.where(better[:, np.newaxis], before, after))
    sums = np.zeros((len(lines), marks.shape[1] + 1), np.int64)
    np.cumsum(best, axis=1, dtype=np.int64, out=sums[:, 1:])
    return sums
