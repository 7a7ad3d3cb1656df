"""A closer look at a find that is no match yet: every frame of the stretch, held against the listed moments.

A list holds one frame a second, and a query is looked at twice a second: of a short excerpt in which things
move, few frames are of the same moment, and the others are as far off as other footage of the scene. Frame by
frame, a copy has for each listed frame one that is nearly the same picture, all along one line in time. Other
moments of the recording have not, however the line is chosen: see `gains` for what is asked of them.

The frames are made by whoever can decode them again (`holdfast.hashing.videoviews.closer`), through the views
that the find tells (`VideoMatch.looks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import SPEEDS, Line, Support
from holdfast.matching.video.closer_kernels import line_sums
from holdfast.matching.video.compare import AGAIN_DECADES, VideoMatch, better, judged_along
from holdfast.matching.video.evidence import MOST_DECADES, evidence_table
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.query import Fitted, VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = ["MOST_S", "closer", "stretch_s", "wants_closer"]

MOST_S, AROUND_S = 30.0, 2.5  # of the query: a longer stretch has moments enough; before and after the find
NEAR_SPEED, OFF_S = 0.12, 1.0  # share of the speed, and listed time, by which the line found may miss
ALL_FRAMES, ALL_S = 1800, 1800.0  # of the listed video, up to which all lines at `ALL_SPEEDS` are tried too
MOST_FRAMES = 7200  # of it, beyond which nothing is looked at again: all pairs are held in memory
RETURNING_GAIN, RETURNING_S = 0.2, 1.5  # see `_Pairs.returns`
ALL_SPEEDS = (1.0, 0.9, 1.1, 0.8, 1.25)
USUAL_LEAD = 0.97  # of its evidence counts at any other speed than the usual one
_EVERY_S = 1 / 30
_FINER, _FINER_S = np.linspace(0.98, 1.02, 9), 0.1  # around the best line: shares of its speed, and time
_REACH = 0.75  # of the time that a frame stands, from the moment at which it is shown


def wants_closer(match: VideoMatch) -> bool:
    """Whether a find is to be looked at more closely, and can be."""
    return match.tier in (VideoTier.POSSIBLE, VideoTier.SAME_SCENE) and bool(match.looks)


def stretch_s(match: VideoMatch) -> tuple[float, float]:
    """From when to when of the query the frames are wanted: up to `MOST_S` around the middle of the find."""
    middle_s = (match.query_start_s + match.query_end_s) / 2
    half_s = min(MOST_S, match.query_end_s - match.query_start_s + 2 * AROUND_S) / 2
    return max(0.0, middle_s - half_s), middle_s + half_s


def closer(
    match: VideoMatch, views: Iterable[Fitted], reference: VideoReference, step_s: float
) -> VideoMatch:
    """The match that the stretch of a find is frame by frame; the find itself where it is none.

    ``views`` are those of ``match.looks``, with frames ``step_s`` apart.
    """
    best = match
    if len(reference) > MOST_FRAMES:
        return match
    for seen in views:
        query = replace(VideoQuery.at_one_view(seen, step_s), given_away=AGAIN_DECADES, of_s=match.asked_s)
        pairs = _Pairs.of(query, reference)
        for speed, offset_s in dict.fromkeys(_lines(pairs, match)):
            found = pairs.along(speed, offset_s)
            if len(found) > 1 and not pairs.returns(found):
                line = Line(0, pairs.decades(found), speed, offset_s)
                seen_closely = judged_along(query, reference, line, found)
                if seen_closely.tier is VideoTier.MATCH:
                    best = better(best, seen_closely) or best
    return best if best is match else _with_ends(best, match, float(reference.time_s[-1]) + reference.step_s)


def _with_ends(found: VideoMatch, match: VideoMatch, most_s: float) -> VideoMatch:
    """With the ends of the first find as well, where that was along the same line: it has more frames.

    The listed video is ``most_s`` long.
    """
    missed_s = max(
        abs((found.speed - match.speed) * each_s + found.offset_s - match.offset_s)
        for each_s in (match.query_start_s, match.query_end_s)
    )
    if not match.speed or missed_s > OFF_S:
        return found
    start_s = min(found.query_start_s, match.query_start_s)
    end_s = max(found.query_end_s, match.query_end_s)
    shown_s = (found.speed * each_s + found.offset_s for each_s in (start_s, end_s))
    ends_s = sorted(min(max(0.0, each_s), most_s) for each_s in shown_s)
    return replace(
        found,
        query_start_s=start_s,
        query_end_s=end_s,
        reference_start_s=ends_s[0],
        reference_end_s=ends_s[1],
    )


def _lines(pairs: _Pairs, match: VideoMatch) -> Iterator[tuple[float, float]]:
    """(speed, offset in time) of the best line near the one that was found, and of the best of all."""
    if match.speed:
        speeds = [match.speed, *(one for one in SPEEDS if abs(one / match.speed - 1) <= NEAR_SPEED)]
        expected_s = match.speed * pairs.middle_s + match.offset_s
        yield pairs.best(speeds, expected_s - OFF_S, expected_s + OFF_S)
    if len(pairs.reference) <= ALL_FRAMES and pairs.reference.time_s[-1] - pairs.reference.time_s[0] <= ALL_S:
        listed_s, half_s = pairs.reference.time_s, pairs.half_s
        yield pairs.best(ALL_SPEEDS, listed_s[0] - half_s, listed_s[-1] + half_s)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """All pairs of frames: ``distances`` int16 (f, m), and ``evidence`` float32 (f, m) without a bound."""

    query: VideoQuery
    reference: VideoReference
    distances: npt.NDArray[np.int16]
    evidence: npt.NDArray[np.float32]

    @classmethod
    def of(cls, query: VideoQuery, reference: VideoReference) -> _Pairs:
        frames, other = query.view(0), reference.frames
        distances = np.empty((len(query), len(reference)), np.int16)
        bits_into(frames.words, other.words, distances)
        evidence = evidence_table()[frames.kind[:, np.newaxis] + other.kind, distances]
        evidence *= np.minimum(frames.weight[:, np.newaxis], other.weight)
        return cls(query, reference, distances, evidence)

    @property
    def middle_s(self) -> float:
        return float(self.query.time_s[0] + self.query.time_s[-1]) / 2

    @property
    def half_s(self) -> float:
        return float(self.query.time_s[-1] - self.query.time_s[0]) / 2

    def best(self, speeds: Sequence[float], first_s: float, last_s: float) -> tuple[float, float]:
        """(speed, offset) of the line with most evidence that takes the middle to ``first_s``..``last_s``."""
        speed, centre_s = self._strongest(np.array(speeds), np.arange(first_s, last_s + 1e-9, _EVERY_S))
        near_s = centre_s + np.arange(-_FINER_S, _FINER_S + 1e-9, _EVERY_S / 2)
        speed, centre_s = self._strongest(speed * _FINER, near_s)
        return speed, centre_s - speed * self.middle_s

    def _strongest(
        self, speeds: npt.NDArray[np.float64], centres_s: npt.NDArray[np.float64]
    ) -> tuple[float, float]:
        sums = np.empty((len(speeds), len(centres_s)))
        line_sums(
            self.evidence, self.query.time_s, self.reference.time_s, self.middle_s, speeds, centres_s,
            _REACH * self.query.step_s, sums,
        )  # fmt: skip
        sums[np.abs(speeds - 1) > 1e-6] *= USUAL_LEAD
        row, column = np.unravel_index(int(sums.argmax()), sums.shape)
        return float(speeds[row]), float(centres_s[column])

    def along(self, speed: float, offset_s: float) -> Support:
        """Of each listed frame of the stretch that a line shows, the frame shown at its moment."""
        shown_s = (self.reference.time_s - offset_s) / speed
        rows = np.abs(self.query.time_s - shown_s[:, np.newaxis]).argmin(axis=1)
        is_there = np.abs(self.query.time_s[rows] - shown_s) <= _REACH * self.query.step_s
        is_there &= (self.reference.frames.weight > 0) & (self.query.frames.weight[0][rows] > 0)
        columns = np.flatnonzero(is_there)
        speaking = np.flatnonzero(self.evidence[rows[columns], columns] > 0)
        columns = columns[speaking[0] : speaking[-1] + 1] if len(speaking) else columns[:0]
        columns = columns[np.argsort(rows[columns], kind="stable")]
        rows = rows[columns]
        return Support(rows, columns, self.distances[rows, columns].astype(np.int64), self.distances)

    def returns(self, found: Support) -> bool:
        """Whether, some time earlier or later in the query, all listed moments are nearly as near again.

        Of what comes round again (a wheel, somebody who rocks), one phase of another time is as near as the
        phase of the copy. Shifts are `RETURNING_S` or more; more than half of the moments, two at least, must
        then still be shown.
        """
        own = np.log10(np.maximum(found.bits, 4))
        frames, usable = len(self.query), self.query.frames.weight[0] > 0
        least = max(2, len(found) // 2 + 1)
        away = int(np.ceil(RETURNING_S / self.query.step_s))
        for shift in (*range(1 - frames, 1 - away), *range(away, frames)):
            rows = found.rows + shift
            shown = (rows >= 0) & (rows < frames)
            shown[shown] = usable[rows[shown]]
            if int(shown.sum()) < least:
                continue
            bits = self.distances[rows[shown], found.columns[shown]]
            if float((np.log10(np.maximum(bits, 4)) - own[shown]).mean()) < RETURNING_GAIN:
                return True
        return False

    def decades(self, found: Support) -> float:
        """The evidence of the distinct pictures among them, each of either side once."""
        values = self.evidence[found.rows, found.columns]
        order = np.argsort(-values, kind="stable")
        total, asked, listed = 0.0, set[int](), set[int]()
        for row, column, value in zip(
            self.query.state[0][found.rows[order]].tolist(),
            self.reference.state[found.columns[order]].tolist(),
            values[order].tolist(),
            strict=True,
        ):
            if row not in asked and column not in listed:
                asked.add(row)
                listed.add(column)
                total += min(MOST_DECADES, value)
        return total
