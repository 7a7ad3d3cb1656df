"""Whether it is this video, or only the same scene: the test of other moments.

Other footage of the same room, by the same camera, looks like a listed video at any moment as well as at the
aligned one. A copy does not: along its line it is nearer than along all lines that are shifted in time. So
the mean distance along the line is held against the mean distances along the shifted ones: how many bits it
lies below the nearest of them (*lead*), and how many of their deviations below their mean (*depth*).

Nearness alone is not enough where a listed video comes back to the same pictures: the best of many lines is
always somewhat nearer. So the frames are also asked one by one: of a copy, most find their nearest listed
frame on the line. The share that does (``followed``) must be large, and how unlikely so many are by chance
speaks for this video too.

Windows of one recording, held against the rest of it, come so far by nearness now and then. But they are
hardly nearer to their own moments than to the nearest other one (see `gains`), and change otherwise or only
at odd speeds. So nearness counts with a gain alone, or with the same changes at about the usual speed.

Measured on clips of the tuning part against their own other halves, lead was at most 4 bits and depth at most
2 where there were enough frames to tell; hard copies had 11 bits and 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import Line, Support
from holdfast.matching.video.gains import (
    APART_S,
    IDENT_MOMENTS,
    LEAST_SHARE,
    Gains,
    distinct_moments,
    gains,
    telling,
    unordered_gains,
)
from holdfast.matching.video.kernels import shifted_means
from holdfast.matching.video.motion import motion, unordered_strength
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.still import MOSTLY_SHARE

__all__ = ["Specific", "specific"]

LEAD_BITS = 3.0  # of lead for each decade
FREE_DEPTH, DEPTH = 1.5, 0.5  # deviations that count for nothing, and those for each further decade
LEAST_MOMENTS, ENOUGH_MOMENTS = 2, 6  # with the one or fewer nothing is said, from the other on all
ENOUGH_SHIFTS = 6  # fewer lines to compare with say less
STATE_DECADES = 2.0  # of each distinct picture after the first, where there is no order in time
FREE_BITS, UNORDERED_BITS = 5.0, 1.5  # of lead there: the nearest of many frames always has some
FREE_STRENGTH, STRENGTH = 1.1, 0.2  # there, as in `motion`: more, since each picture sought its nearest one
LEAST_FOLLOWED = 0.4  # of the moments, that must find their nearest listed frame on the line
MOSTLY_FOLLOWED = 0.5  # from which on that alone may speak for this video
CHANCE_DECADES = 2.0  # of improbability of so many doing so by chance, for each decade
LEAST_FRAMES = 4  # of the reference: among fewer, the nearest says nothing
LEAST_TELLING = 3  # moments that tell: of fewer, nothing is concluded
FIT_DECADES = 1.0  # less where the view was fitted: what is no copy can be fitted as well
USUAL_SPEEDS, UNUSUAL_DECADES, BACKWARDS_DECADES = (0.72, 1.4), 1.0, 1.5
LEAST_MEAN_GAIN = 0.15  # below which nearness says nothing, unless both videos change alike
PLAIN_SPEEDS = (0.9, 1.12)  # and at these: the best of many lines is always somewhat nearer
DOUBT_DECADES = 1.5  # less where it can be seen how both change, and they do not change alike
_REACH_S = 0.75  # of the line, for a frame to lie on it
_USUAL_BITS = 1.5  # of deviation, that there always is
_HERE_S = np.array([-0.25, 0.0, 0.25])
_ELSEWHERE_S = np.concatenate([np.arange(APART_S, 60.0, 0.5), -np.arange(APART_S, 60.0, 0.5)])


@dataclass(frozen=True, slots=True)
class Specific:
    """``decades`` for this video against other footage of its scene.

    ``moves_alike``: they change in the same way along the line (see `motion`), so that what fitting cost is
    given back.
    """

    decades: float
    moves_alike: bool = False


def specific(query: VideoQuery, reference: VideoReference, line: Line, support: Support) -> Specific:
    """How much speaks for this video against other footage of its scene."""
    if line.speed == 0:
        return _unordered(query, reference, line, support)
    if query.is_uncovered:
        return _of_changes_alone(query, reference, line, support)
    if query.is_close:
        return _of_gains_alone(query, reference, line, support)
    nearer = _nearer(query, reference, line, support)
    followed, chance = _followed(query, reference, line, support)
    decades = nearer if followed >= LEAST_FOLLOWED else 0.0
    if followed >= MOSTLY_FOLLOWED:
        decades = max(decades, chance / CHANCE_DECADES)
    if query.is_fitted:
        decades -= FIT_DECADES
    found, gained = motion(query, reference, line, support), gains(query, reference, line, support)
    changes_alike = found is not None and found.agrees and PLAIN_SPEEDS[0] <= line.speed <= PLAIN_SPEEDS[1]
    if gained.mean < LEAST_MEAN_GAIN and not changes_alike:
        decades = 0.0
    decades = max(decades, gained.decades)
    if found is not None:
        decades = max(found.decades, decades if found.agrees else decades - DOUBT_DECADES)
    if _may_be_shared(reference, support, gained):
        decades = min(decades, gained.decades)
    decades = max(0.0, decades - _unusual(line.speed) - query.given_away)
    return Specific(decades, found is not None and found.agrees)


def _of_gains_alone(query: VideoQuery, reference: VideoReference, line: Line, support: Support) -> Specific:
    """Frame by frame, the line is the best of so many that all other tests would favour it by chance."""
    price = query.given_away + _unusual(line.speed) + (FIT_DECADES if query.is_fitted else 0.0)
    return Specific(max(0.0, gains(query, reference, line, support).decades - price))


def _of_changes_alone(query: VideoQuery, reference: VideoReference, line: Line, support: Support) -> Specific:
    """Where parts were left out so that the rest is near: near frames say nothing, only how both change.

    What the fit cost is not given back, as it is where views were fitted: leaving out what does not change
    alike may bring that about.
    """
    found = motion(query, reference, line, support)
    if found is None or not PLAIN_SPEEDS[0] <= line.speed <= PLAIN_SPEEDS[1]:
        return Specific(0.0)
    if _may_be_shared(reference, support, gains(query, reference, line, support)):
        return Specific(0.0)
    return Specific(max(0.0, found.decades - query.given_away - FIT_DECADES))


def _may_be_shared(reference: VideoReference, support: Support, gained: Gains) -> bool:
    """Whether it is so little that strangers may share it, as an ident, a title or an end card.

    That is under six moments, which are a small part of the listed video and of the query; or one picture,
    that the listed video does not show most of the time.
    """
    if _is_little(reference, support, gained.share):
        return True
    states = np.unique(reference.state[support.columns])
    usable = reference.frames.weight > 0
    return len(states) == 1 and float((reference.state[usable] == states[0]).mean()) < MOSTLY_SHARE


def _is_little(reference: VideoReference, support: Support, share: float) -> bool:
    """Whether few moments were found, which are no good part of the listed video nor, by ``share``, of the
    query.
    """
    found = len(distinct_moments(reference, np.unique(support.columns)))
    listed = max(1, len(distinct_moments(reference, np.flatnonzero(reference.frames.weight > 0))))
    return found < IDENT_MOMENTS and max(share, found / listed) < LEAST_SHARE


def _unusual(speed: float) -> float:
    """Decades that a line gives away for its speed: copies at other speeds are rare, chance is not."""
    if speed < 0:
        return BACKWARDS_DECADES
    return 0.0 if USUAL_SPEEDS[0] <= speed <= USUAL_SPEEDS[1] else UNUSUAL_DECADES


def _nearer(query: VideoQuery, reference: VideoReference, line: Line, support: Support) -> float:
    """Decades: how much nearer the line is than lines shifted in time."""
    moments = len(np.unique(support.columns))
    shifts = np.concatenate([_HERE_S, _ELSEWHERE_S])
    means = np.empty(len(shifts))
    shifted_means(
        support.distances, support.rows, line.speed * query.time_s + line.offset_s, reference.time_s,
        reference.frames.weight, shifts, 0.51 * max(1.0, reference.step_s), means,
    )  # fmt: skip
    near, elsewhere = means[: len(_HERE_S)], means[len(_HERE_S) :]
    near, elsewhere = near[near >= 0], elsewhere[elsewhere >= 0]
    here = float(near.min() if len(near) else support.bits.mean())
    share = (moments - LEAST_MOMENTS) / (ENOUGH_MOMENTS - LEAST_MOMENTS)
    if len(elsewhere) < 2 or share <= 0:
        return 0.0
    lead = float(elsewhere.min()) - here
    depth = (float(elsewhere.mean()) - here) / (float(elsewhere.std()) + _USUAL_BITS)
    decades = min(lead / LEAD_BITS, (depth - FREE_DEPTH) / DEPTH)
    known = min(1.0, len(elsewhere) / ENOUGH_SHIFTS) * min(1.0, share)
    return max(0.0, decades * known)


def _followed(
    query: VideoQuery, reference: VideoReference, line: Line, support: Support
) -> tuple[float, float]:
    """(share, decades): of the moments along the line, those whose nearest listed frame is there.

    The decades are the improbability of so many by chance. Frames that are equally near share one hit, and
    only moments that tell are asked.
    """
    usable = np.flatnonzero(reference.frames.weight > 0)
    if len(usable) < LEAST_FRAMES:
        return 0.0, 0.0
    times, rows = reference.time_s[usable], support.rows
    away = np.abs(times - (line.speed * query.time_s[rows] + line.offset_s)[:, np.newaxis])
    there = away <= _REACH_S * max(1.0, reference.step_s)
    distances = support.distances[rows][:, usable]
    nearest = distances == distances.min(axis=1, keepdims=True)
    hits = (nearest & there).sum(axis=1) / nearest.sum(axis=1)
    column = away.argmin(axis=1)
    columns, place = np.unique(column, return_inverse=True)
    kept = there.any(axis=1) & telling(reference, usable[columns])[place]
    if not kept.any():
        return 0.0, 0.0
    moments, place = np.unique(column[kept], return_inverse=True)
    if len(moments) < LEAST_TELLING:
        return 0.0, 0.0
    found = float((np.bincount(place, hits[kept]) / np.bincount(place)).sum())
    by_chance = float(there[kept].mean())
    return found / len(moments), _improbable(int(found + 1e-9), len(moments), by_chance)


def _improbable(found: int, count: int, chance: float) -> float:
    """-log10 of the probability of ``found`` or more out of ``count``, each by ``chance``."""
    terms: npt.NDArray[np.float64] = np.array(
        [math.comb(count, n) * chance**n * (1 - chance) ** (count - n) for n in range(found, count + 1)]
    )
    return max(0.0, -math.log10(max(float(terms.sum()), 1e-300)))


def _unordered(query: VideoQuery, reference: VideoReference, line: Line, support: Support) -> Specific:
    """Without order in time: distinct pictures, how much nearer each is to its moment than to others, and
    whether they differ from one another as the listed ones do.
    """
    asked = int((query.frames.weight[line.view] > 0).sum())
    if _is_little(reference, support, len(np.unique(support.rows)) / max(1, asked)):
        return Specific(0.0)
    leads = []
    for row, column in zip(support.rows.tolist(), support.columns.tolist(), strict=True):
        elsewhere = np.abs(reference.time_s - reference.time_s[column]) >= APART_S
        elsewhere &= reference.frames.weight > 0
        if elsewhere.any():
            distances = support.distances[row]
            leads.append(int(distances[elsewhere].min()) - int(distances[column]))
    states = len(np.unique(reference.state[support.columns]))
    lead = float(np.mean(leads)) if leads else 0.0
    differ = (unordered_strength(query, reference, line, support) - FREE_STRENGTH) / STRENGTH
    nearer = unordered_gains(reference, support).unordered_decades
    decades = min((lead - FREE_BITS) / UNORDERED_BITS, STATE_DECADES * (states - 1), differ, nearer)
    return Specific(max(0.0, decades))
