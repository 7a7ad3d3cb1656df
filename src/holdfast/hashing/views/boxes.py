"""Where a picture lies inside another one: screenshots, collages, captions, split screens, frames.

A picture that was pasted ends in four straight edges, or in fewer where it reaches the edge of the page.
So: find the straightest rows and columns, then the boxes between them whose four sides are edges. Edges
that cross the whole page divide it, as in collages: their parts are taken whatever else is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

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
_CROSSINGS = 3  # edges over the whole page in each direction that divide it, at most
_LEAST_CROSSING = 0.3  # support of such an edge
_CLEAR_CROSSING = 0.7  # of the second and the third
_LEAST_OF_TWO = 0.4  # of both edges that divide the page into quarters
_GAP_DEVIATION = 5.0  # grey levels: a gap is of one colour
_GAP_SHARE = 0.04  # of the page's side: two edges that are nearer are the two sides of a gap

UInt8Array = npt.NDArray[np.uint8]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PageBox:
    """A likely picture in a page. ``score`` is 0..2, higher for longer and clearer edges."""

    box: Box
    score: float


class _Crossing(NamedTuple):
    """What divides a page: where the part before it ends, where that behind it begins, how clear it is."""

    first: int
    last: int
    support: float


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """The straightest lines of one direction, the page's own edges first and last: int64 (lines,).

    ``sums`` int64 (lines, length + 1) are running sums of marks along each.
    """

    at: Int64Array
    sums: Int64Array

    def crossings(self, pixels: UInt8Array) -> list[_Crossing]:
        """The lines that divide the page best, whose rows are those of ``pixels``, the best first."""
        page = int(self.at[-1])
        support = self.sums[:, -1] / (edge_kernels.FULL_STEP * (self.sums.shape[1] - 1))
        least = max(edge_kernels.LEAST_SIDE, edge_kernels.LEAST_SHARE * page)
        inner = [
            (min(1.0, strength), place)
            for strength, place in zip(support.tolist(), self.at.tolist(), strict=True)
            if strength >= _LEAST_CROSSING and least <= place <= page - least
        ]
        found: list[_Crossing] = []
        for strength, place in sorted(inner, reverse=True):
            if len(found) == _CROSSINGS or (found and strength < _CLEAR_CROSSING):
                break
            if not any(one.first <= place <= one.last for one in found):
                near = [other for _, other in inner if abs(other - place) <= _GAP_SHARE * page]
                found.append(_Crossing(*_gap(pixels, place, near), strength))
        return found


def page_boxes(pixels: UInt8Array, limit: int) -> list[PageBox]:
    """Up to ``limit`` boxes of a small luma uint8 (h, w) that may hold a picture, the likeliest first."""
    if min(pixels.shape) < 2 * edge_kernels.LEAST_SIDE:
        return []
    rows, columns = _lines(edge_marks(pixels)), _lines(edge_marks(np.ascontiguousarray(pixels.T)))
    boxes = _divisions(pixels, rows, columns)[:limit]
    for one in _best(rows, columns, limit, _PAGE_SIDE):
        if len(boxes) < limit and all(one.box != other.box for other in boxes):
            boxes.append(one)
    return sorted(boxes, key=lambda one: -one.score)


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


def _divisions(pixels: UInt8Array, rows: _Lines, columns: _Lines) -> list[PageBox]:
    """The halves into which each crossing edge divides the page, and the quarters of the best two."""
    height, width = pixels.shape
    across, down = rows.crossings(pixels), columns.crossings(pixels.T)
    whole_height, whole_width = [(0, height, 0.0)], [(0, width, 0.0)]
    bands = [band for one in across for band in _sides(one, height)]
    piles = [pile for one in down for pile in _sides(one, width)]
    parts = [*product(bands, whole_width), *product(whole_height, piles)]
    if across and down and min(across[0].support, down[0].support) >= _LEAST_OF_TWO:
        parts += product(bands[:2], piles[:2])
    found: dict[Box, PageBox] = {}
    for (top, bottom, row_support), (left, right, column_support) in parts:
        sides = [_PAGE_SIDE, _PAGE_SIDE, row_support or _PAGE_SIDE, column_support or _PAGE_SIDE]
        area = (bottom - top) * (right - left) / (height * width)
        score = sum(sides) / 4 + 0.5 * min(sides) + 0.2 * area**0.5
        found[Box(top, bottom, left, right)] = PageBox(Box(top, bottom, left, right), score)
    return list(found.values())


def _sides(one: _Crossing, length: int) -> list[tuple[int, int, float]]:
    return [(0, one.first, one.support), (one.last, length, one.support)]


def _gap(pixels: UInt8Array, place: int, near: list[int]) -> tuple[int, int]:
    """The widest gap of one colour between a line and one of those near it; the line itself for none."""
    for other in sorted(near, key=lambda one: -abs(one - place)):
        first, last = min(place, other), max(place, other)
        strip = pixels[first + 1 : last - 1]
        if strip.size and strip.std() <= _GAP_DEVIATION:
            return first, last
    return place, place


def _lines(marks: npt.NDArray[np.int8]) -> _Lines:
    at = _straightest(marks)
    return _Lines(at, _running_sums(marks, at))


def _straightest(marks: npt.NDArray[np.int8]) -> Int64Array:
    """The lines with the best runs, rising, between the page's own edges: int64 (lines,)."""
    lines, length = marks.shape
    scores, chosen = np.empty(lines, np.int64), {0, lines - 1}
    least = int(edge_kernels.FULL_STEP * _LEAST_RUN_SHARE * length)
    edge_kernels.straight_runs(marks, least, scores)
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
