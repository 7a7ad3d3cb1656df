"""How many times nearer a query is to its own moments of a listed video than to any other moment.

A copy's frame and the listed frame of the same moment differ by what was done to the picture; the nearest
other moment, by what happened in between as well. So of a moment, ``gain`` is the logarithm (base 10) of the
distance to the nearest listed frame at another time over the distance to its own. Other footage of the scene
may be as near as a copy, but not so much nearer to one moment than to the rest, moment after moment. Three
moments or, where they are two pictures, two are enough to tell, so that this speaks for short excerpts too.

What two videos share for some seconds, an ident or an end card, gains as much. So while there are few
moments, they have to be a good part of the listed video or of the query.

Of many moments a small gain is sure, however far they all lie: chance that favours one moment does not favour
the next. There most of them must have it, which what two videos share for some seconds does not give.

Looked at frame by frame (see `closer`), a copy has nearly the same picture at every moment. There less gain
is enough, if all moments are near.

Chosen on the tuning part: the limits lie above what excerpts reach against the rest of their own recording,
views fitted or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import Line, Support
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = [
    "APART_S",
    "IDENT_MOMENTS",
    "LEAST_SHARE",
    "TELLING_BITS",
    "Gains",
    "distinct_moments",
    "gains",
    "telling",
    "unordered_gains",
]

APART_S = 1.5  # moments nearer than this may well look the same in a copy too
TELLING_BITS = 10  # a moment tells where no listed frame at another time is as near to its own
LEAST_GAIN, LEAST_MOMENTS = 0.34, 3  # mean gain, and moments that tell
LEAST_GAIN_OF_TWO = 0.85  # where only two tell, of different pictures
CLOSE_BITS, LEAST_CLOSE_GAIN = 32, 0.2  # frame by frame, of three moments that tell
FAR_BITS = 40  # of the mean moment, beyond which nothing is concluded of few moments
IDENT_MOMENTS, LEAST_SHARE = 6, 0.3  # of fewer that gain, it must be so much of either video
LEAST_GAIN_OF_ENOUGH, LEAST_GAIN_OF_MANY, MANY_MOMENTS = 0.15, 0.08, 9  # other footage: 0.063 and 0.001
CLOSE_DECADES = 3.0  # for each decade of gain, frame by frame
DECADES, MOST_DECADES = 1.5, 8.0  # for each decade of gain, of all moments together; at most
FREE_GAIN, UNORDERED_GAIN = 0.2, 0.05  # mean gain in no order: what counts for nothing, and each decade
MOMENT_S = 0.75  # from one listed frame to the next that counts as another moment
_NEAREST_BITS = 4  # nearer says no more: what compression does
_TIME_S = 0.26  # of its moment, for a frame to show it


@dataclass(frozen=True, slots=True)
class Gains:
    """``gain`` float64 (k,) of each moment found, ``tells`` bool (k,), ``bits`` int64 (k,) to its own frame.

    ``pictures`` is how many different ones those that tell are, and ``share`` how much of the listed video or
    of the query they span, whichever is more.
    """

    gain: npt.NDArray[np.float64]
    tells: npt.NDArray[np.bool_]
    bits: npt.NDArray[np.int64]
    pictures: int
    share: float = 1.0
    is_close: bool = False

    @property
    def decades(self) -> float:
        """What speaks for this footage against other footage of its scene."""
        count = int(self.tells.sum())
        gaining = int((self.tells & (self.gain >= LEAST_GAIN_OF_MANY / 2)).sum())
        if gaining < IDENT_MOMENTS and self.share < LEAST_SHARE:
            return 0.0
        if not (self._is_enough(count) or self._is_many(count)):
            return 0.0
        each = CLOSE_DECADES if self.is_close else DECADES
        return min(MOST_DECADES, each * float(self.gain.sum()))

    @property
    def mean(self) -> float:
        """The mean gain; 0 without any moment."""
        return float(self.gain.mean()) if len(self.gain) else 0.0

    def _is_enough(self, count: int) -> bool:
        """Whether so few moments that tell are near enough, and near enough to their own."""
        if count < 2 or float(self.bits.mean()) > FAR_BITS:
            return False
        if count < LEAST_MOMENTS:
            return self.pictures >= 2 and self.mean >= LEAST_GAIN_OF_TWO
        return self.mean >= LEAST_GAIN or (self.is_close and self._is_same)

    @property
    def _is_same(self) -> bool:
        """Whether, frame by frame, all moments are nearly the same pictures."""
        is_near = float(self.bits.mean()) <= CLOSE_BITS and int(self.bits.max()) <= FAR_BITS
        return is_near and self.mean >= LEAST_CLOSE_GAIN

    def _is_many(self, count: int) -> bool:
        """Whether there are so many moments that a small gain is sure, if most of them have it.

        What two films share for some seconds of a long stretch gives a mean, but few of its moments gain.
        """
        if count < LEAST_MOMENTS or len(self.gain) < IDENT_MOMENTS:
            return False
        least = LEAST_GAIN_OF_MANY if len(self.gain) >= MANY_MOMENTS else LEAST_GAIN_OF_ENOUGH
        gaining = self.gain >= least / 2
        is_most = 2 * int(gaining.sum()) > len(gaining)
        return self.mean >= least and is_most and int((gaining & self.tells).sum()) >= LEAST_MOMENTS

    @property
    def unordered_decades(self) -> float:
        """The most that may speak for it where each picture sought the nearest one."""
        return (self.mean - FREE_GAIN) / UNORDERED_GAIN if len(self.gain) else 0.0


def gains(query: VideoQuery, reference: VideoReference, line: Line, support: Support) -> Gains:
    """Of all listed moments in the found stretch, whether they support it or not."""
    shown_s = line.speed * query.time_s + line.offset_s
    near_s = 0.51 * abs(line.speed) * query.step_s
    if not query.is_close:
        near_s = max(_TIME_S, near_s)
    reach = shown_s[support.rows]
    within = (reference.time_s >= reach.min() - near_s) & (reference.time_s <= reach.max() + near_s)
    usable = query.frames.weight[line.view] > 0
    pairs = []
    for column in distinct_moments(reference, np.flatnonzero(within & (reference.frames.weight > 0))):
        rows = np.flatnonzero(usable & (np.abs(shown_s - reference.time_s[column]) <= near_s))
        if len(rows):
            pairs.append((int(rows[support.distances[rows, column].argmin()]), column))
    if query.is_close:
        found_s = len(pairs) * max(MOMENT_S, reference.step_s) / abs(line.speed)
        of_query = found_s / max(query.asked_s, query.step_s)
    else:
        asked = np.flatnonzero(usable)
        first, end = np.searchsorted(asked, [support.rows.min(), support.rows.max() + 1])
        of_query = (end - first) / len(asked)
    listed = distinct_moments(reference, np.flatnonzero(reference.frames.weight > 0))
    share = max(len(pairs) / max(1, len(listed)), of_query)
    return replace(_of(reference, support, pairs, float(share)), is_close=query.is_close)


def unordered_gains(reference: VideoReference, support: Support) -> Gains:
    """Of the moments that were found, each by the frame that is nearest."""
    pairs = []
    for column in np.unique(support.columns).tolist():
        places = np.flatnonzero(support.columns == column)
        pairs.append((int(support.rows[places[support.bits[places].argmin()]]), column))
    return _of(reference, support, pairs)


def distinct_moments(reference: VideoReference, columns: npt.NDArray[np.int64]) -> list[int]:
    """Of listed frames ``columns`` int64 (k,), rising, those `MOMENT_S` apart or more.

    Of a list with more than a frame a second, few frames are moments of their own.
    """
    kept: list[int] = []
    for column in columns.tolist():
        if not kept or reference.time_s[column] - reference.time_s[kept[-1]] >= MOMENT_S:
            kept.append(column)
    return kept


def telling(reference: VideoReference, columns: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of the listed frames ``columns`` int64 (k,) have none like them at another time: bool (k,).

    Where nothing moves, none tells.
    """
    usable = np.flatnonzero(reference.frames.weight > 0)
    bits = np.empty((len(columns), len(usable)), np.int16)
    words = reference.frames.words
    bits_into(words[columns], words[usable], bits)
    elsewhere = np.abs(reference.time_s[usable] - reference.time_s[columns][:, np.newaxis]) >= APART_S
    return np.asarray(~((bits <= TELLING_BITS) & elsewhere).any(axis=1))


def _of(
    reference: VideoReference, support: Support, pairs: list[tuple[int, int]], share: float = 1.0
) -> Gains:
    usable = np.flatnonzero(reference.frames.weight > 0)
    told = telling(reference, np.array([column for _, column in pairs], np.int64))
    found, tells, bits, states = [], [], [], set()
    for (row, column), is_telling in zip(pairs, told.tolist(), strict=True):
        others = usable[np.abs(reference.time_s[usable] - reference.time_s[column]) >= APART_S]
        if not len(others):
            continue
        own, other = int(support.distances[row, column]), int(support.distances[row, others].min())
        gain = np.log10(max(other, 1) / max(own, _NEAREST_BITS))
        found.append(gain if is_telling else min(gain, 0.0))
        tells.append(is_telling)
        bits.append(own)
        if is_telling:
            states.add(int(reference.state[column]))
    return Gains(np.array(found), np.array(tells, bool), np.array(bits, np.int64), len(states), share)
