"""Videos that change alike, whatever was put over them: found without asking how near any frames are.

Stickers, a large logo or a figure cut out in front move a picture's code nearly as far from the listed one as
a stranger's. But they stand still, or move in their own way, and what is seen of the copy beside them goes on
changing as it did. So the courses of `motion` are correlated at every offset in time, in the plain views.

Of strangers the correlation r is that of two random vectors over the bits that flip: normal, with a deviation
of one over the root of ``count``, how many these amount to when each is weighted by what it contributes. So
r * sqrt(count) is a normal deviate, and says so many decades, less those of all offsets and views tried. The
least deviations lie above what strangers of the tuning part reached.

Strangers with the same moving thing over them (an animated sticker, bars of an equaliser) change alike too,
but what stands still does not agree there. So beyond `MOST_BITS` it is *possible* at most.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import Line, Support
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.motion import LEAST_FLIPPING, VALUES_FLOOR
from holdfast.matching.video.motion_kernels import strengths_into
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.still import PLAIN

__all__ = [
    "LEAST_DEVIATIONS",
    "LEAST_MOMENTS",
    "MOST_BITS",
    "MOST_FRAMES",
    "MOST_S",
    "Alike",
    "alike",
    "as_they_stand",
    "plain_views",
]

LEAST_MOMENTS = 6
LEAST_DEVIATIONS = 5.5
MOST_BITS = 96.0  # of the mean moment: four deviations nearer than strangers are
MOST_FRAMES, MOST_S = 300, 600.0  # of the listed video: the offsets to try grow with them
MOST_DECADES = 16.0
_STEP_S = 0.25
_GAP_S = 1.6
_MOST_COUNT = 256  # of bits, that a correlation can amount to
_EVERY, _PROMISING = 4, 0.25  # of the bits a quarter is asked first; correlation there, from which all are
_NO_ROWS, _NO_CODES = np.empty(0, np.int64), np.empty((0, 32), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """The query at the plain view that changes most like a listed video, the line, and the pairs along it."""

    query: VideoQuery
    line: Line
    support: Support

    @property
    def is_near(self) -> bool:
        """Whether what stands still speaks for it as well."""
        return float(self.support.bits.mean()) <= MOST_BITS


def plain_views(query: VideoQuery) -> list[int]:
    """The numbers of the frames as they are, mirrored, and inside a border; none of a ready hash."""
    if query.fit is None or query.families[0] not in PLAIN:
        return []
    wanted = [0]
    wanted += [view for view, words in enumerate(query.words) if words == "mirrored"][:1]
    wanted += [view for view, words in enumerate(query.words) if words == "border removed"][:1]
    return wanted


def as_they_stand(query: VideoQuery, views: Iterable[int]) -> list[VideoQuery]:
    """The query at each of some views, with the values of its frames, and the frames between."""
    found = (query.fitted(view, _NO_ROWS, _NO_CODES) for view in views)
    return [seen for seen in found if seen is not None and seen.values is not None]


def alike(views: Sequence[VideoQuery], reference: VideoReference) -> Alike | None:
    """Which view, of `as_they_stand`, changes as a listed video does, beyond chance; None where none does.

    None too where the listed video is too short or too long.
    """
    listed = np.flatnonzero(reference.frames.weight > 0)
    if not LEAST_MOMENTS <= len(listed) <= MOST_FRAMES:
        return None
    if reference.time_s[listed[-1]] - reference.time_s[listed[0]] > MOST_S:
        return None
    best: tuple[float, VideoQuery, Line] | None = None
    for seen in views:
        found = _strongest(seen, reference, listed)
        if found is not None and (best is None or found[0] > best[0]):
            deviations, offset_s, tried = found
            decades = deviations**2 / (2 * math.log(10)) - math.log10(tried * len(views))
            best = deviations, seen, Line(0, min(MOST_DECADES, decades), 1.0, offset_s)
    if best is None:
        return None
    _, seen, line = best
    return Alike(seen, line, _support(seen, reference, listed, line))


def _strongest(
    seen: VideoQuery, reference: VideoReference, listed: npt.NDArray[np.int64]
) -> tuple[float, float, int] | None:
    """(deviations, offset in time, offsets tried) of the strongest common course; None where it is weak."""
    rows = np.flatnonzero(seen.frames.weight[0] > 0)
    if len(rows) < LEAST_MOMENTS or seen.values is None:
        return None
    signs, times = reference.signs(listed), reference.time_s[listed]
    values, shown_s = np.ascontiguousarray(seen.values[rows]), seen.time_s[rows]
    few = _peak(
        np.ascontiguousarray(values[:, ::_EVERY]), shown_s, np.ascontiguousarray(signs[:, ::_EVERY]), times
    )
    if few is None or few[0] < _PROMISING:
        return None
    found = _peak(values, shown_s, signs, times)
    if found is None or found[0] * math.sqrt(_MOST_COUNT) < LEAST_DEVIATIONS:
        return None
    _, offset_s, tried = found
    shown = _shown(shown_s, times + offset_s)
    deviations = _deviations(values, shown_s, signs[shown], times[shown] + offset_s)
    return (deviations, -offset_s, tried) if deviations >= LEAST_DEVIATIONS else None


def _peak(
    values: npt.NDArray[np.float32],
    shown_s: npt.NDArray[np.float64],
    signs: npt.NDArray[np.int8],
    times: npt.NDArray[np.float64],
) -> tuple[float, float, int] | None:
    """(correlation, offset in time, offsets tried) where the courses of some bits agree most."""
    offsets = np.arange(shown_s[0] - times[-1], shown_s[-1] - times[0], _STEP_S)
    strengths = np.empty(len(offsets))
    least = max(1, LEAST_FLIPPING * values.shape[1] // _MOST_COUNT)
    strengths_into(
        values, shown_s, signs, times, offsets, False, VALUES_FLOOR, _GAP_S, LEAST_MOMENTS, least, strengths
    )
    known = np.isfinite(strengths)
    if not known.any():
        return None
    best = int(np.where(known, strengths, -np.inf).argmax())
    moments = int(_shown(shown_s, times + offsets[best]).sum())
    return float(strengths[best]) / math.sqrt(moments), float(offsets[best]), int(known.sum())


def _shown(shown_s: npt.NDArray[np.float64], moments_s: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which moments lie between two frames that are not too far apart: as `strengths_into` takes them."""
    after = np.clip(np.searchsorted(shown_s, moments_s), 1, len(shown_s) - 1)
    within = (moments_s >= shown_s[0] - 1e-6) & (moments_s <= shown_s[-1] + 1e-6)
    return np.asarray(within & (shown_s[after] - shown_s[after - 1] <= _GAP_S))


def _deviations(
    values: npt.NDArray[np.float32],
    shown_s: npt.NDArray[np.float64],
    signs: npt.NDArray[np.int8],
    moments_s: npt.NDArray[np.float64],
) -> float:
    """How many deviations of chance the correlation of two courses is."""
    courses = np.stack([np.interp(moments_s, shown_s, course) for course in values.T], axis=1)
    courses -= courses.mean(axis=0)
    flips = signs - signs.mean(axis=0)
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
    shown = _shown(seen.time_s[usable], wanted_s)
    columns = listed[shown]
    rows = usable[np.abs(seen.time_s[usable] - wanted_s[shown][:, np.newaxis]).argmin(axis=1)]
    return Support(rows, columns, distances[rows, columns].astype(np.int64), distances)
