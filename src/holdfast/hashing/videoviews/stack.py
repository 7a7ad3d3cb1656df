"""Where the picture lies in the frames of a video: found on all of them together, never on one.

What was put around a video stays where it is while the picture moves: borders, caption bars, a blurred copy
as backdrop, another video in a corner. So lines are judged by what holds in most of the frames, and edges are
looked for in the mean of the frames' edges, from which the moving picture's own are gone. Borders are also
looked for frame by frame, and taken where they come again: a video may hold an excerpt of another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.hashing.border import Box
from holdfast.hashing.videoviews import stack_kernels
from holdfast.hashing.views.boxes import edge_marks, marked_boxes, page_boxes
from holdfast.hashing.views.edge_kernels import FULL_STEP

__all__ = ["BARS", "BORDER", "BOX", "FILL", "PAGE", "StackBox", "stack_boxes"]

PAGE, BORDER, BARS, FILL, BOX = "page", "border", "bars", "fill", "box"

_FLAT = 6.0  # grey levels of deviation along a line of a border
_NEAR_COLOUR, _BAR_SHARE = 12, 0.45  # so much of a line with text on it still has the bar's colour
_SHARP_SHARE = 0.3  # of the detail of sharp lines, below which a line is a blurred backdrop
_CHANGE, _CHANGING_SHARE = 28, 0.1  # grey levels between frames; share of a line in which there are such
_LEAST_SHARE = 0.2  # of a side: narrower pictures are not looked for by trimming
_LEAST_TRIM = 0.015  # of a side, that trimming must take off
_SAME_SHARE = 0.02  # of a side: boxes nearer to each other are one
_MOST_FRAMES = 12
_PAGE_SIDE = 0.35  # of a perfect edge: what the page's own edge counts as a side of a box
_LEAST_STANDING = 0.1  # of a perfect edge over the whole page: elsewhere there is next to none
_PARTS, _LEAST_IN_PART = 3, 0.02  # of such an edge, in each of which there is so much of it
_EDGE_BOXES, _BORDERS = 5, 3
_SOME_LINES = 16
_LEAST_TIMES = 4  # frames: two seconds

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
Depth = Callable[[UInt8Array], int]


@dataclass(frozen=True, slots=True)
class StackBox:
    """A part of the frames that may be the picture; ``kind`` says what lies around it, `PAGE` for nothing."""

    box: Box
    kind: str


def stack_boxes(frames: list[UInt8Array], limit: int) -> list[StackBox]:
    """The whole frame first, then up to ``limit`` parts of it, the likeliest first.

    ``frames`` are small lumas uint8 (h, w) of one size, some seconds of video or more; a few of them are
    looked at.
    """
    picked = np.unique(np.linspace(0, len(frames) - 1, _MOST_FRAMES).astype(np.int64))
    stack = np.stack([frames[number] for number in picked])
    height, width = stack.shape[1:]
    page = Box(0, height, 0, width)
    found = [StackBox(page, PAGE)]
    total, spread = np.empty((height, width), np.int64), np.empty((height, width), np.uint8)
    stack_kernels.motion_into(stack, total, spread)
    mean = np.rint(total / len(stack)).astype(np.uint8)
    rows, columns = _standing_edges(stack), _standing_edges(stack.transpose(0, 2, 1))
    boxes = marked_boxes(_rounded(rows), _rounded(columns), _EDGE_BOXES, _PAGE_SIDE)
    candidates = [
        *(StackBox(box, BORDER) for box in recurring_borders(frames, page, _BORDERS)),
        *(StackBox(one.box, BOX) for one in boxes[:2]),
        StackBox(_in_the_middle(rows, columns), FILL),
        StackBox(_trimmed(stack, page, _bar_depth), BARS),
        StackBox(_sharp(stack, page), FILL),
        StackBox(_moving(spread), BOX),
        *(StackBox(one.box, BOX) for one in page_boxes(mean, 3)),
        *(StackBox(one.box, BOX) for one in boxes[2:]),
    ]
    for one in candidates:
        if len(found) <= limit and not any(_is_same(one.box, other.box) for other in found):
            found.append(one)
    return found


def _standing_edges(stack: UInt8Array) -> Float32Array:
    """The mean marks of horizontal edges: float32 (h + 1, w), -8..8; of what moves, they cancel out."""
    marks = [edge_marks(np.ascontiguousarray(frame)) for frame in stack]
    return np.asarray(np.mean(marks, axis=0, dtype=np.float32))


def _rounded(marks: Float32Array) -> npt.NDArray[np.int8]:
    return np.rint(marks).astype(np.int8)


def _in_the_middle(rows: Float32Array, columns: Float32Array) -> Box:
    """What lies between two edges across the whole page that are equally far from its ends; else the page.

    So stands a picture in front of a blurred copy of itself, as wide or as high as the page.
    """
    height, width = len(rows) - 1, len(columns) - 1
    (top, bottom, across), (left, right, down) = _standing_pair(rows), _standing_pair(columns)
    if max(across, down) < _LEAST_STANDING:
        return Box(0, height, 0, width)
    return Box(top, bottom, 0, width) if across >= down else Box(0, height, left, right)


def _standing_pair(marks: Float32Array) -> tuple[int, int, float]:
    """(first line, last line, support) of the pair, equally far from both ends, whose weaker edge is best."""
    parts = np.stack([part.mean(axis=1) for part in np.array_split(marks, _PARTS, axis=1)]) / FULL_STEP
    # An edge within the picture itself, as of its own bars, ends where the picture does.
    support = np.where((parts >= _LEAST_IN_PART).all(axis=0), parts.mean(axis=0), 0.0)
    lines = len(support) - 1
    near = np.max([support, np.roll(support, 1), np.roll(support, -1)], axis=0)  # an odd line is left over
    weaker = np.minimum(near, near[::-1])
    weaker[: max(2, round(_LEAST_TRIM * lines))] = 0.0
    weaker[round((1 - _LEAST_SHARE) / 2 * lines) :] = 0.0
    place = int(weaker.argmax())
    return _sharpest(support, place), _sharpest(support, lines - place), float(weaker[place])


def _sharpest(support: Float32Array, place: int) -> int:
    first = max(0, place - 1)
    return first + int(support[first : place + 2].argmax())


def recurring_borders(frames: list[UInt8Array], page: Box, limit: int) -> list[Box]:
    """The insides of uniform borders that `_LEAST_TIMES` frames or more have, the commonest first.

    Of each frame the inside of what is of one grey all around it, and of all that is uniform: a page or a
    sky within a border is uniform too, and where it ends is another question in each frame.
    """
    tolerance = max(2, round(_SAME_SHARE / 2 * max(page.bottom, page.right)))
    counts: list[tuple[Box, int]] = []
    last: UInt8Array | None = None
    boxes: set[Box] = set()
    for frame in frames:
        if frame is not last:
            every = _trimmed(frame[np.newaxis], page, _flat_depth)
            boxes, last = {every, _one_grey_box(frame, page)} - {page}, frame
        counted: set[int] = set()
        for box in sorted(boxes):
            number = next((n for n, (other, _) in enumerate(counts) if _is_near(box, other, tolerance)), None)
            if number is None:
                number = len(counts)
                counts.append((box, 0))
            if number not in counted:
                counts[number] = (counts[number][0], counts[number][1] + 1)
                counted.add(number)
    often = sorted((one for one in counts if one[1] >= _LEAST_TIMES), key=lambda one: -one[1])
    return [box for box, _ in often[:limit]]


def _trimmed(stack: UInt8Array, page: Box, depth: Depth) -> Box:
    """The box without the lines that ``depth`` counts from each edge; rows first, then columns."""
    height, width = stack.shape[1:]
    top, bottom = _ends(stack, depth)
    if height - top - bottom < _LEAST_SHARE * height:
        return page
    inner = stack[:, top : height - bottom].transpose(0, 2, 1)
    left, right = _ends(inner, depth)
    if width - left - right < _LEAST_SHARE * width:
        left = right = 0
    return Box(top, height - bottom, left, width - right)


def _ends(stack: UInt8Array, depth: Depth) -> tuple[int, int]:
    """Lines to take off at the top and at the bottom of frames (k, lines, length)."""
    lines = stack.shape[1]
    before, after = depth(stack), depth(stack[:, ::-1])
    least = max(2, _LEAST_TRIM * lines)
    return (before if before >= least else 0), (after if after >= least else 0)


def _flat_depth(stack: UInt8Array) -> int:
    """How many lines from the first on are uniform, of a single frame, whatever their greys."""
    return int(stack_kernels.flat_lines(stack[0], _FLAT, -1.0, 0.0))


def _one_grey_box(frame: UInt8Array, page: Box) -> Box:
    """What lies within a border of one grey: that of the first row that is one of it, else of the column."""
    grey = -1.0

    def depth(stack: UInt8Array) -> int:
        return int(stack_kernels.flat_lines(stack[0], _FLAT, grey, float(_NEAR_COLOUR)))

    for edge in (frame[0], frame[-1], frame[:, 0], frame[:, -1]):
        if edge.std() < _FLAT:
            grey = float(edge.mean())
            return _trimmed(frame[np.newaxis], page, depth)
    return page


def _bar_depth(stack: UInt8Array) -> int:
    """How many lines from the first on are mostly of the colour of the first one, text on it left aside."""
    colour = np.median(stack[:, :2].reshape(len(stack), -1), axis=1)[:, np.newaxis, np.newaxis]
    grey = colour.astype(np.int16)
    for first in range(0, stack.shape[1], _SOME_LINES):  # most frames have no bar: a few lines tell
        lines = stack[:, first : first + _SOME_LINES]
        share = np.median((np.abs(lines - grey) <= _NEAR_COLOUR).mean(axis=2), axis=0)
        is_bar = share >= _BAR_SHARE
        if not is_bar.all():
            return first + int(is_bar.argmin())
    return int(stack.shape[1])


def _sharp(stack: UInt8Array, page: Box) -> Box:
    """The lines in which there is fine detail: a picture in front of a blurred copy of itself."""
    total = np.empty((stack.shape[1], stack.shape[2] - 2), np.int64)
    stack_kernels.detail_into(stack, total)
    detail = total / len(stack)
    left, right = _span(detail.mean(axis=0))
    top, bottom = _span(detail[:, left:right].mean(axis=1))
    return Box(
        top, bottom, left + (left > 0), min(right + 2, page.right) if right < detail.shape[1] else page.right
    )


def _moving(spread: UInt8Array) -> Box:
    """The part of the frames in which anything changes, by greatest less least grey of each pixel: a video
    in front of a still page."""
    changing = spread >= _CHANGE
    left, right = _run(changing.mean(axis=0) >= _CHANGING_SHARE)
    top, bottom = _run(changing[:, left:right].mean(axis=1) >= _CHANGING_SHARE)
    return Box(top, bottom, left, right)


def _span(profile: npt.NDArray[np.floating]) -> tuple[int, int]:
    """The longest run of a profile over the threshold."""
    smooth = np.convolve(profile, np.ones(5) / 5, mode="same")
    sharp = smooth > _SHARP_SHARE * np.percentile(smooth, 80)
    return _run(sharp)


def _run(is_in: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """The longest run, small gaps within it left aside; all where there is none that is long enough."""
    places = np.flatnonzero(is_in)
    if len(places) == 0:
        return 0, len(is_in)
    breaks = np.flatnonzero(np.diff(places) > max(3, 0.02 * len(is_in)))
    best = max(np.split(places, breaks + 1), key=len)
    if len(best) < _LEAST_SHARE * len(is_in):
        return 0, len(is_in)
    return int(best[0]), int(best[-1]) + 1


def _is_near(one: Box, other: Box, tolerance: float) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= tolerance


def _is_same(one: Box, other: Box) -> bool:
    return _is_near(one, other, max(2.0, _SAME_SHARE * max(one.bottom - one.top, one.right - one.left)))
