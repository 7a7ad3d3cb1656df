"""Where a picture lies inside another one: screenshots, collages, captions, split screens, frames.

A picture that was pasted ends in four straight edges, or in fewer where it reaches the edge of the page.
So: find the straightest rows and columns, then the boxes between them whose four sides are edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.hashing.border import Box
from holdfast.hashing.views import edge_kernels

__all__ = ["PageBox", "page_boxes"]

_LINES = 14  # straight edges looked at in each direction, beside the page's own
_LEAST_RUN_SHARE = 0.05  # of the page's side: shorter edges belong to letters and buttons
_REACH = 2  # pixels over which a step must stand out
_PAGE_SIDE = 0.6  # what the page's own edge counts as a side of a box; a perfect edge counts 1
_LEAST_SUPPORT = 0.12

UInt8Array = npt.NDArray[np.uint8]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PageBox:
    """A likely picture in a page. ``score`` is 0..2, higher for longer and clearer edges."""

    box: Box
    score: float


def page_boxes(pixels: UInt8Array, limit: int) -> list[PageBox]:
    """Up to ``limit`` boxes of a small luma uint8 (h, w) that may hold a picture, the likeliest first."""
    height, width = pixels.shape
    if min(height, width) < 2 * edge_kernels.LEAST_SIDE:
        return []
    row_marks, column_marks = _marks(pixels), _marks(np.ascontiguousarray(pixels.T))
    rows, columns = _straightest(row_marks), _straightest(column_marks)
    found = np.zeros((limit, 5), np.float32)
    count = edge_kernels.best_boxes(
        rows,
        columns,
        _running_sums(row_marks, rows),
        _running_sums(column_marks, columns),
        _PAGE_SIDE,
        _LEAST_SUPPORT,
        found,
    )
    return [PageBox(Box(*(int(side) for side in row[1:])), float(row[0])) for row in found[:count]]


def _marks(pixels: UInt8Array) -> npt.NDArray[np.int8]:
    marks = np.empty((pixels.shape[0] + 1, pixels.shape[1]), np.int8)
    edge_kernels.edge_marks(pixels, _REACH, marks)
    return marks


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
