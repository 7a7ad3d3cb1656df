"""Whether two videos change in the same way: what tells a copy from other footage of the same quiet scene.

Of a scene in which little moves, all frames are alike, and how near they are says nothing. But some bits of
the listed frames flip as time goes on: where somebody shifts, leaves stir, light fades. In a copy the query's
coefficient behind such a bit rises and falls at the same moments, however the picture was changed, because a
crop, a logo or another exposure moves a coefficient once and for all. Other footage rises and falls at
moments of its own. So each bit's course is taken less its mean, in the listed video as bits and in the query
as coefficients where they are known, and the two courses are correlated over all bits that flip. What stands
still cancels out.

``strength`` is that correlation times the root of the number of moments. It is held against the strengths
at all other offsets in time, and against the listed video run backwards: where a scene comes back to what it
was, those are high too. The limits were chosen on windows of recordings of the tuning part, held against
their copies and against other windows of the same recording (`holdfast.bench.video.moments`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import Line, Support
from holdfast.matching.video.motion_kernels import strengths_into
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = ["Motion", "motion", "unordered_strength"]

LEAST_MOMENTS = 4  # listed frames along the line: of fewer, nothing is said
LEAST_OFFSETS = 6  # other offsets in time to hold it against
LEAST_FLIPPING = 8  # bits: where fewer flip, nothing moves
VALUES_FLOOR, BITS_FLOOR = 0.15, 0.5  # course of a bit that counts for little: of coefficients, and of bits
FREE_STRENGTH, STRENGTH = 0.6, 0.2  # strength that counts for nothing, and that of each decade
FREE_LEAD, LEAD = 0.1, 0.2  # the same for what it is above the strongest other offset
SURE_DECADES = 1.5  # from which on they count double: other footage does not come so far
TRIED_SPEEDS = 4  # that are independent of one another: the line is the best of as many at each offset
MOST_DECADES = 8.0
_USUAL_DEVIATION = 0.05  # that there always is
_APART_S = 1.5  # offsets less far apart may well look the same in a copy too
_REACH_S = 60.0
_HERE_S = np.arange(-0.5, 0.51, 0.125)
_ELSEWHERE_S = np.concatenate([np.arange(_APART_S, _REACH_S, 0.5), -np.arange(_APART_S, _REACH_S, 0.5)])
_BACKWARDS_S = np.arange(-_REACH_S, _REACH_S, 0.5)


@dataclass(frozen=True, slots=True)
class Motion:
    """``strength`` of the common course, and ``lead`` by which it lies above that at any other offset.

    ``deviations`` tells how far it lies above their mean, in their deviations, and ``offsets`` how many were
    tried.
    """

    strength: float
    lead: float
    deviations: float
    offsets: int

    @property
    def agrees(self) -> bool:
        """Whether they change alike, be it by chance: where few things happen, there may be no telling."""
        return self._seen >= SURE_DECADES

    @property
    def is_strong(self) -> bool:
        """Whether they change alike here, be it at other offsets as well: what blinks does."""
        return (self.strength - FREE_STRENGTH) / STRENGTH >= SURE_DECADES

    @property
    def decades(self) -> float:
        """What it says by itself for this footage against other footage of its scene."""
        tried = math.log10(TRIED_SPEEDS * max(1, self.offsets))
        by_chance = max(0.0, self.deviations) ** 2 / (2 * math.log(10)) - tried
        seen = self._seen + max(0.0, self._seen - SURE_DECADES)
        return min(MOST_DECADES, max(0.0, min(seen, by_chance)))

    @property
    def _seen(self) -> float:
        return min((self.strength - FREE_STRENGTH) / STRENGTH, (self.lead - FREE_LEAD) / LEAD)


def motion(query: VideoQuery, reference: VideoReference, line: Line, support: Support) -> Motion | None:
    """How alike the videos change along a line; None where nothing moves or there are too few moments."""
    listed = np.flatnonzero(reference.frames.weight > 0)
    rows = _rows(query, line, support)
    if len(listed) < LEAST_MOMENTS or len(rows) < LEAST_MOMENTS:
        return None
    courses, are_values = query.courses(line.view)
    floor = VALUES_FLOOR if are_values else BITS_FLOOR
    query_s = line.speed * query.time_s[rows] + line.offset_s
    signs, times = reference.signs(listed), reference.time_s[listed]
    step_s = max(reference.step_s, abs(line.speed) * query.step_s * 2)
    found = []
    for offsets, is_backwards in ((_HERE_S, False), (_ELSEWHERE_S, False), (_BACKWARDS_S, True)):
        strengths = np.empty(len(offsets))
        strengths_into(
            courses[rows], query_s, signs, times, offsets, is_backwards, floor, 1.6 * step_s, LEAST_MOMENTS,
            LEAST_FLIPPING, strengths,
        )  # fmt: skip
        found.append(strengths[np.isfinite(strengths)])
    here, elsewhere = found[0], np.concatenate(found[1:])
    if not len(here) or len(elsewhere) < LEAST_OFFSETS:
        return None
    strength, mean = float(here.max()), float(elsewhere.mean())
    deviations = (strength - mean) / (float(elsewhere.std()) + _USUAL_DEVIATION)
    return Motion(strength, strength - float(elsewhere.max()), deviations, len(found[1]))


def unordered_strength(query: VideoQuery, reference: VideoReference, line: Line, support: Support) -> float:
    """The same strength of pictures in no order: each listed one against the mean of what is nearest."""
    columns, place = np.unique(support.columns, return_inverse=True)
    courses, are_values = query.courses(line.view)
    shown = np.zeros((len(columns), courses.shape[1]))
    np.add.at(shown, place, courses[support.rows])
    shown /= np.bincount(place)[:, np.newaxis]
    signs = reference.signs(columns).astype(np.float64)
    away, flips = shown - shown.mean(axis=0), signs - signs.mean(axis=0)
    flipping = (flips != 0).any(axis=0)
    if flipping.sum() < LEAST_FLIPPING:
        return 0.0
    away, flips = away[:, flipping], flips[:, flipping]
    floor = VALUES_FLOOR if are_values else BITS_FLOOR
    away /= np.sqrt((away**2).mean(axis=0) + floor**2)
    power = float((away**2).sum() * (flips**2).sum())
    return float((away * flips).sum()) / math.sqrt(power) * math.sqrt(len(columns)) if power else 0.0


def _rows(query: VideoQuery, line: Line, support: Support) -> npt.NDArray[np.int64]:
    """Frames of the query in the found stretch and one to either side, in the listed video's order."""
    first, end = int(support.rows[0]) - 1, int(support.rows[-1]) + 2
    rows = max(0, first) + np.flatnonzero(query.frames.weight[line.view][max(0, first) : end] > 0)
    return rows if line.speed > 0 else rows[::-1]
