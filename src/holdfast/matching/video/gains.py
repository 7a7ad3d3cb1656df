"""How many times nearer a query is to its own moments of a listed video than to any other moment.

A copy's frame and the listed frame of the same moment differ by what was done to the picture; the nearest
other moment, by what happened in between as well. So of a moment, ``gain`` is the logarithm (base 10) of the
distance to the nearest listed frame at another time over the distance to its own. Other footage of the scene
may be as near as a copy, but not so much nearer to one moment than to the rest, moment after moment. Three
moments or, where they are two pictures, two are enough to tell, so that this speaks for short excerpts too.

Chosen on the tuning part: windows of recordings against the rest of the same recording (423, of 2.5 to 12 s)
have mean gains up to 0.31 at three moments or more, and up to 0.65 at two, which other signs of one signer
reach as well; the limits lie above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import Line, Support
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = ["APART_S", "TELLING_BITS", "Gains", "gains", "telling", "unordered_gains"]

APART_S = 1.5  # moments nearer than this may well look the same in a copy too
TELLING_BITS = 10  # a moment tells where no listed frame at another time is as near to its own
LEAST_GAIN, LEAST_MOMENTS = 0.34, 3  # mean gain, and moments that tell
LEAST_GAIN_OF_TWO = 0.85  # where only two tell, of different pictures
FAR_BITS = 40  # of the mean moment, beyond which nothing is concluded
DECADES = 1.5  # for each decade of gain, of all moments together
FREE_GAIN, UNORDERED_GAIN = 0.2, 0.05  # mean gain in no order: what counts for nothing, and each decade
_NEAREST_BITS = 4  # nearer says no more: what compression does
_TIME_S = 0.26  # of its moment, for a frame to show it


@dataclass(frozen=True, slots=True)
class Gains:
    """``gain`` float64 (k,) of each moment found, ``tells`` bool (k,), ``bits`` int64 (k,) to its own frame.

    ``pictures`` is how many different ones the moments are.
    """

    gain: npt.NDArray[np.float64]
    tells: npt.NDArray[np.bool_]
    bits: npt.NDArray[np.int64]
    pictures: int

    @property
    def decades(self) -> float:
        """What speaks for this footage against other footage of its scene."""
        count = int(self.tells.sum())
        if len(self.gain) < 2 or count < 2 or float(self.bits.mean()) > FAR_BITS:
            return 0.0
        is_two = count < LEAST_MOMENTS
        if float(self.gain.mean()) < (LEAST_GAIN_OF_TWO if is_two else LEAST_GAIN):
            return 0.0
        return 0.0 if is_two and self.pictures < 2 else DECADES * float(self.gain.sum())

    @property
    def unordered_decades(self) -> float:
        """The most that may speak for it where each picture sought the nearest one."""
        return (float(self.gain.mean()) - FREE_GAIN) / UNORDERED_GAIN if len(self.gain) else 0.0


def gains(query: VideoQuery, reference: VideoReference, line: Line, support: Support) -> Gains:
    """Of all listed moments in the found stretch, whether they support it or not."""
    shown_s = line.speed * query.time_s + line.offset_s
    near_s = max(_TIME_S, 0.51 * abs(line.speed) * query.step_s)
    reach = shown_s[support.rows]
    within = (reference.time_s >= reach.min() - near_s) & (reference.time_s <= reach.max() + near_s)
    usable = query.frames.weight[line.view] > 0
    pairs = []
    for column in np.flatnonzero(within & (reference.frames.weight > 0)).tolist():
        rows = np.flatnonzero(usable & (np.abs(shown_s - reference.time_s[column]) <= near_s))
        if len(rows):
            pairs.append((int(rows[support.distances[rows, column].argmin()]), column))
    return _of(reference, support, pairs)


def unordered_gains(reference: VideoReference, support: Support) -> Gains:
    """Of the moments that were found, each by the frame that is nearest."""
    pairs = []
    for column in np.unique(support.columns).tolist():
        places = np.flatnonzero(support.columns == column)
        pairs.append((int(support.rows[places[support.bits[places].argmin()]]), column))
    return _of(reference, support, pairs)


def telling(reference: VideoReference, usable: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of the listed frames have none like them at another time. Where nothing moves, none tells."""
    words, times = reference.frames.words[usable], reference.time_s[usable]
    bits = np.empty((len(usable), len(usable)), np.int16)
    bits_into(words, words, bits)
    elsewhere = np.abs(times - times[:, np.newaxis]) >= APART_S
    return np.asarray(~((bits <= TELLING_BITS) & elsewhere).any(axis=1))


def _of(reference: VideoReference, support: Support, pairs: list[tuple[int, int]]) -> Gains:
    usable = np.flatnonzero(reference.frames.weight > 0)
    tells = dict(zip(usable.tolist(), telling(reference, usable).tolist(), strict=True))
    found, told, bits, states = [], [], [], []
    for row, column in pairs:
        others = usable[np.abs(reference.time_s[usable] - reference.time_s[column]) >= APART_S]
        if not len(others):
            continue
        own, other = int(support.distances[row, column]), int(support.distances[row, others].min())
        gain = np.log10(max(other, 1) / max(own, _NEAREST_BITS))
        found.append(gain if tells[column] else min(gain, 0.0))
        told.append(tells[column])
        bits.append(own)
        states.append(int(reference.state[column]))
    return Gains(
        np.array(found, np.float64), np.array(told, bool), np.array(bits, np.int64), len(set(states))
    )
