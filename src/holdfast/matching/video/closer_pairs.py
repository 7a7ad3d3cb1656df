"""All pairs of frames of a stretch and of a listed video: what lies along a line, and which line is best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import Support
from holdfast.matching.video.closer_kernels import line_sums
from holdfast.matching.video.evidence import MOST_DECADES, evidence_table
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = ["Pairs", "moments_along"]

RETURNING_GAIN, RETURNING_S = 0.2, 1.5  # see `Pairs.returns`
USUAL_LEAD = 0.97  # of its evidence counts at any other speed than the usual one
_EVERY_S = 1 / 30
_FINER, _FINER_S = np.linspace(0.98, 1.02, 9), 0.1  # around the best line: shares of its speed, and time
_REACH = 0.75  # of the time that a frame stands, from the moment at which it is shown


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """All pairs of frames: ``distances`` int16 (f, m), and ``evidence`` float32 (f, m) without a bound."""

    query: VideoQuery
    reference: VideoReference
    distances: npt.NDArray[np.int16]
    evidence: npt.NDArray[np.float32]

    @classmethod
    def of(cls, query: VideoQuery, reference: VideoReference) -> Pairs:
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
        rows, columns = moments_along(self.query, self.reference, speed, offset_s)
        speaking = np.flatnonzero(self.evidence[rows, columns] > 0)
        columns, rows = (
            (columns[speaking[0] : speaking[-1] + 1], rows[speaking[0] : speaking[-1] + 1])
            if len(speaking)
            else (columns[:0], rows[:0])
        )
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


def moments_along(
    query: VideoQuery, reference: VideoReference, speed: float, offset_s: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Frames of the query, rising, and listed frames of the same moments along a line: int64 (k,) each.

    ``speed`` is listed seconds for one of the query, ``offset_s`` the listed time of the query's start.
    """
    shown_s = (reference.time_s - offset_s) / speed
    rows = np.abs(query.time_s - shown_s[:, np.newaxis]).argmin(axis=1)
    is_there = np.abs(query.time_s[rows] - shown_s) <= _REACH * query.step_s
    is_there &= (reference.frames.weight > 0) & (query.frames.weight[0][rows] > 0)
    columns = np.flatnonzero(is_there)
    columns = columns[np.argsort(rows[columns], kind="stable")]
    return rows[columns], columns
