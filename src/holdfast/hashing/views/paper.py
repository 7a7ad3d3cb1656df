"""Pictures on a page of one colour: what is left of a screenshot where its paper and its text are taken away.

Edges say little where a picture is as dark as the page, has an edge of its own beside it, or is a pattern
of edges. But text shows paper between its letters, and a picture hardly any: so what holds no paper over a
large connected part is a picture, and its outermost lines are its edges.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from holdfast.hashing.border import Box
from holdfast.hashing.views import paper_kernels
from holdfast.hashing.views.edge_kernels import LEAST_SHARE, LEAST_SIDE

__all__ = ["OnPaper", "pictures_on_paper"]

_TOLERANCE = 3  # grey levels by which JPEG makes paper vary beside letters
_LEAST_PAPER_SHARE = 0.12  # of the page
_LEAST_FILLED_SHARE = 0.5  # of a box: more holes than that make it no picture
_MOST = 16  # connected parts that are looked at

UInt8Array = npt.NDArray[np.uint8]


class OnPaper(NamedTuple):
    """A part of the page without paper; ``filled`` is the share of its box that has none, 0..1."""

    box: Box
    filled: float


def pictures_on_paper(pixels: UInt8Array) -> list[OnPaper]:
    """The parts of a small luma uint8 (h, w) that are large and hold no paper, the largest first.

    None where no colour is frequent enough to be paper.
    """
    low, high = _paper(pixels)
    if low > high:
        return []
    height, width = pixels.shape
    cells = np.empty((height // paper_kernels.CELL, width // paper_kernels.CELL), np.uint8)
    paper_kernels.filled_cells(pixels, low, high, cells)
    least = [int(max(LEAST_SIDE, LEAST_SHARE * side)) // paper_kernels.CELL - 1 for side in (height, width)]
    found = np.zeros((_MOST, 5), np.int64)
    count = paper_kernels.joined_cells(cells, least[0], least[1], found)
    parts = []
    for size, top, bottom, left, right in sorted(found[:count].tolist(), reverse=True):
        filled = size / ((bottom - top) * (right - left))
        if filled >= _LEAST_FILLED_SHARE:
            box = _exactly(
                pixels, low, high, [paper_kernels.CELL * side for side in (top, bottom, left, right)]
            )
            if box != Box(0, height, 0, width):
                parts.append(OnPaper(box, filled))
    return parts


def _paper(pixels: UInt8Array) -> tuple[int, int]:
    """The greys that are paper, the least and the greatest; (1, 0) for none."""
    counts = np.empty(256, np.int64)
    paper_kernels.count_greys(pixels, counts)
    reach = 2 * _TOLERANCE + 1
    near = np.convolve(counts, np.ones(reach, np.int64), "same")
    grey = int(near.argmax())
    if near[grey] < _LEAST_PAPER_SHARE * pixels.size:
        return 1, 0
    middle = int(counts[max(0, grey - _TOLERANCE) : grey + _TOLERANCE + 1].argmax()) + max(
        0, grey - _TOLERANCE
    )
    return max(0, middle - _TOLERANCE), min(255, middle + _TOLERANCE)


def _exactly(pixels: UInt8Array, low: int, high: int, rough: list[int]) -> Box:
    """A box known to a cell, with each side where the points that are no paper begin."""
    top, bottom, left, right = rough
    height, width = pixels.shape
    top, bottom = (
        _side(pixels, low, high, 0, top, left, right, height, 1),
        _side(pixels, low, high, 0, bottom, left, right, height, -1),
    )
    left, right = (
        _side(pixels, low, high, 1, left, top, bottom, width, 1),
        _side(pixels, low, high, 1, right, top, bottom, width, -1),
    )
    return Box(top, bottom, left, right)


def _side(
    pixels: UInt8Array,
    low: int,
    high: int,
    axis: int,
    rough: int,
    begin: int,
    end: int,
    size: int,
    inwards: int,
) -> int:
    """Where the lines rise most from paper to picture, within a cell of ``rough``."""
    reach = paper_kernels.CELL
    first, last = max(0, rough - reach - 1), min(size, rough + reach + 1)
    counts = np.empty(last - first, np.int64)
    paper_kernels.line_counts(pixels, low, high, axis, first, begin, end, counts)
    if inwards < 0:
        counts = counts[::-1]
    at_page = (first == 0) if inwards > 0 else (last == size)
    rises = np.diff(counts, prepend=0 if at_page else counts[0])
    place = int(rises.argmax())
    return first + place if inwards > 0 else last - place
