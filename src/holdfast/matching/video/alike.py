"""Videos that change alike, whatever stands still in them: found by that alone.

Stickers, a large logo or a figure cut out in front move a picture's code as far from the listed one as a
stranger's. But they stand still, or move in their own way, and what is seen of the copy beside them goes on
changing as it did. So the courses of `motion` are correlated at every offset in time, in the plain views,
without asking how near any two frames are.

Of strangers the correlation r is that of two random vectors over the bits that flip: normal, with a deviation
of one over the root of ``count``, how many these amount to when each is weighted by what it contributes. So
r * sqrt(count) is a normal deviate, and says so many decades, less those of all offsets and views tried. On
the tuning part the highest of 84,000 such searches among strangers was 4.5 deviations, and 3.5 where seven
moments or more were compared; edited clips with stickers have 6 to 11.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import Line, Support
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.motion import LEAST_FLIPPING, VALUES_FLOOR
from holdfast.matching.video.motion_kernels import strengths_into
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.still import PLAIN

__all__ = ["LEAST_DEVIATIONS", "LEAST_MOMENTS", "MOST_FRAMES", "alike"]

LEAST_MOMENTS = 6
LEAST_DEVIATIONS = 5.5
MOST_FRAMES = 300  # of the listed video: the offsets to try grow with it
MOST_DECADES = 16.0
_VIEWS = 3  # as it is, mirrored, and the likeliest inside of a border
_STEP_S = 0.25
_GAP_S = 1.6
_MOST_COUNT = 256  # of bits, that a correlation can amount to
_NO_ROWS, _NO_CODES = np.empty(0, np.int64), np.empty((0, 32), np.uint8)


def alike(query: VideoQuery, reference: VideoReference) -> tuple[VideoQuery, Line, Support] | None:
    """The query at the plain view that changes most like a listed video, the line, and the pairs along it.

    None where the query has no values of its frames, where the listed video is too short or too long, or
    where they do not change alike beyond chance.
    """
    listed = np.flatnonzero(reference.frames.weight > 0)
    if query.fit is None or not LEAST_MOMENTS <= len(listed) <= MOST_FRAMES:
        return None
    best: tuple[float, VideoQuery, Line] | None = None
    for view in _views(query):
        seen = query.fitted(view, _NO_ROWS, _NO_CODES)
        if seen is None or seen.values is None:
            continue
        found = _strongest(seen, reference, listed)
        if found is not None and (best is None or found[0] > best[0]):
            deviations, offset_s, tried = found
            decades = deviations**2 / (2 * math.log(10)) - math.log10(tried * _VIEWS)
            best = deviations, seen, Line(0, min(MOST_DECADES, decades), 1.0, offset_s)
    if best is None:
        return None
    _, seen, line = best
    support = _support(seen, reference, listed, line)
    return (seen, line, support) if len(np.unique(support.columns)) >= LEAST_MOMENTS else None


def _views(query: VideoQuery) -> list[int]:
    """As it is, mirrored, and the first inside of a border."""
    wanted = [0]
    wanted += [view for view, words in enumerate(query.words) if words == "mirrored"][:1]
    wanted += [view for view, family in enumerate(query.families) if family == "border"][:1]
    return wanted if query.families[0] in PLAIN else []


def _strongest(
    seen: VideoQuery, reference: VideoReference, listed: npt.NDArray[np.int64]
) -> tuple[float, float, int] | None:
    """(deviations, offset in time, offsets tried) of the strongest common course; None where it is weak."""
    rows = np.flatnonzero(seen.frames.weight[0] > 0)
    if len(rows) < LEAST_MOMENTS or seen.values is None:
        return None
    signs, times = reference.signs(listed), reference.time_s[listed]
    values, shown_s = np.ascontiguousarray(seen.values[rows]), seen.time_s[rows]
    offsets = np.arange(shown_s[0] - times[-1], shown_s[-1] - times[0], _STEP_S)
    strengths = np.empty(len(offsets))
    strengths_into(
        values, shown_s, signs, times, offsets, False, VALUES_FLOOR, _GAP_S, LEAST_MOMENTS, LEAST_FLIPPING,
        strengths,
    )  # fmt: skip
    known = np.isfinite(strengths)
    if not known.any():
        return None
    best = int(np.where(known, strengths, -np.inf).argmax())
    offset_s = float(offsets[best])
    moments = int(((times + offset_s >= shown_s[0]) & (times + offset_s <= shown_s[-1])).sum())
    if float(strengths[best]) * math.sqrt(_MOST_COUNT / moments) < LEAST_DEVIATIONS:
        return None
    deviations = _deviations(values, shown_s, signs, times + offset_s)
    return (deviations, -offset_s, int(known.sum())) if deviations >= LEAST_DEVIATIONS else None


def _deviations(
    values: npt.NDArray[np.float32],
    shown_s: npt.NDArray[np.float64],
    signs: npt.NDArray[np.int8],
    moments_s: npt.NDArray[np.float64],
) -> float:
    """How many deviations of chance the correlation of two courses is."""
    shown = (moments_s >= shown_s[0]) & (moments_s <= shown_s[-1])
    courses = np.stack([np.interp(moments_s[shown], shown_s, course) for course in values.T], axis=1)
    courses -= courses.mean(axis=0)
    flips = signs[shown] - signs[shown].mean(axis=0)
    power, flipped = (courses**2).mean(axis=0), (flips**2).mean(axis=0)
    scale = np.where(flipped > 1e-9, 1 / (power + VALUES_FLOOR**2), 0.0)
    shared = float(((courses * flips).mean(axis=0) * np.sqrt(scale)).sum())
    weights = np.sqrt(power * scale * flipped)
    whole = math.sqrt(float((power * scale).sum() * flipped.sum()))
    if whole <= 0:
        return 0.0
    count = float(weights.sum()) ** 2 / float((weights**2).sum())
    return shared / whole * math.sqrt(count)


def _support(
    seen: VideoQuery, reference: VideoReference, listed: npt.NDArray[np.int64], line: Line
) -> Support:
    """Of each listed moment that is shown, the frame of that time."""
    distances = np.empty((len(seen), len(reference)), np.int16)
    bits_into(seen.view(0).words, reference.frames.words, distances)
    usable = np.flatnonzero(seen.frames.weight[0] > 0)
    wanted_s = reference.time_s[listed] - line.offset_s
    shown = (wanted_s >= seen.time_s[usable[0]]) & (wanted_s <= seen.time_s[usable[-1]])
    columns = listed[shown]
    rows = usable[np.abs(seen.time_s[usable] - wanted_s[shown][:, np.newaxis]).argmin(axis=1)]
    return Support(rows, columns, distances[rows, columns].astype(np.int64), distances)
