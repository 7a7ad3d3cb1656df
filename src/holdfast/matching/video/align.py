"""Where in time a query and a listed video show the same, at which view and speed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.evidence import MOST_DECADES, evidence_table
from holdfast.matching.video.kernels import align_views, bits_into
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = ["BEST_FITS", "BIN_S", "PRIOR", "SPEEDS", "Line", "Support", "lines", "support"]

# Reference seconds per second of the query: 2 where the query runs twice as fast, negative where backwards.
SPEEDS = (
    *(1.0, 0.9, 1.1, 0.8, 1.25, 0.95, 1.05, 0.85, 1.17, 0.67, 1.5, 0.5, 2.0),
    *(-1.0, -0.8, -1.25, -0.5, -2.0),
)
BIN_S = 0.5
BEST_FITS = 3  # views that are looked at closely
# How much of the fit of a line counts, by its speed: copies at the usual speed are the rule.
PRIOR = tuple(
    1.0 if speed == 1 else 0.99 if 0.9 <= speed <= 1.1 else 0.97 if speed > 0 else 0.95 for speed in SPEEDS
)
STRONG_DECADES = 5.0  # of evidence, from which a pair of frames counts without regard to time, less these
_TOLERANCE_S = 0.75  # of the line, in reference time


@dataclass(frozen=True, slots=True)
class Line:
    """reference time = speed * query time + offset, at one view. ``decades`` is its evidence.

    ``fit`` is the evidence of the mean frame, without a bound: the view that fits best is the right one.
    ``speed`` 0 stands for "in no order": the same pictures, in another order or each held for a while.
    """

    view: int
    decades: float
    speed: float
    offset_s: float
    fit: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Support:
    """The pairs of frames along a line, one a query frame, in query order.

    ``rows`` and ``columns`` int64 (k,) number the frames of query and reference, ``bits`` int64 (k,) tells
    how far apart they are. ``distances`` int16 (f, m) holds all distances at the line's view.
    """

    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    bits: npt.NDArray[np.int64]
    distances: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.rows)


def lines(query: VideoQuery, reference: VideoReference) -> list[Line]:
    """Lines of the views that fit best, and perhaps of more, the best first; then those in no order."""
    found = np.zeros((len(query.families), 5))
    if len(query) == 0 or len(reference) == 0:
        return []
    frames, other = query.frames, reference.frames
    align_views(
        frames.words, frames.kind, frames.weight, query.time_s, query.state, other.words, other.kind,
        other.weight, reference.time_s, reference.state, evidence_table(), np.float32(MOST_DECADES),
        np.float32(STRONG_DECADES), np.array(SPEEDS), np.array(PRIOR), BIN_S, BEST_FITS, found,
    )  # fmt: skip
    timed = [
        Line(view, decades, *line) for view, (decades, *line) in enumerate(found[:, [0, 1, 2, 4]].tolist())
    ]
    loose = [Line(view, decades, 0.0, 0.0) for view, decades in enumerate(found[:, 3].tolist())]
    timed = sorted((one for one in timed if one.decades > 0), key=lambda one: (-one.fit, one.view))
    return timed + sorted((one for one in loose if one.decades > 0), key=lambda one: (-one.decades, one.view))


def support(query: VideoQuery, reference: VideoReference, line: Line) -> tuple[Line, Support]:
    """The frames that stand behind a line, and the line drawn through them as well as they allow."""
    frames, other = query.view(line.view), reference.frames
    distances = np.empty((len(query), len(reference)), np.int16)
    bits_into(frames.words, other.words, distances)
    kinds = frames.kind[:, np.newaxis] + other.kind
    evidence = evidence_table()[kinds, distances] * np.minimum(frames.weight[:, np.newaxis], other.weight)
    if line.speed == 0:
        evidence[evidence <= STRONG_DECADES] = 0
        return line, _pairs(evidence, distances, evidence > 0)
    first = _pairs(evidence, distances, (evidence > 0) & _near(query, reference, line, BIN_S))
    line = _fitted(line, query.time_s[first.rows], reference.time_s[first.columns])
    return line, _pairs(evidence, distances, (evidence > 0) & _near(query, reference, line, _TOLERANCE_S))


def _near(
    query: VideoQuery, reference: VideoReference, line: Line, tolerance_s: float
) -> npt.NDArray[np.bool_]:
    expected = line.speed * query.time_s + line.offset_s
    return np.asarray(np.abs(expected[:, np.newaxis] - reference.time_s) <= tolerance_s)


def _pairs(
    evidence: npt.NDArray[np.float32], distances: npt.NDArray[np.int16], wanted: npt.NDArray[np.bool_]
) -> Support:
    """Of each query frame with a wanted pair, the pair with the most evidence."""
    columns = np.where(wanted, evidence, np.float32(-1)).argmax(axis=1)
    rows = np.flatnonzero(wanted.any(axis=1))
    return Support(rows, columns[rows], distances[rows, columns[rows]].astype(np.int64), distances)


def _fitted(line: Line, query_s: npt.NDArray[np.float64], reference_s: npt.NDArray[np.float64]) -> Line:
    """The line with its speed and offset fitted to the pairs, within what the first guess allows."""
    if len(query_s) < 2:
        return line
    middle, spread = query_s.mean(), query_s - query_s.mean()
    power = float(spread @ spread)
    speed = line.speed
    if power > 4.0:  # else they lie too close together to tell
        wanted = float(spread @ reference_s) / power
        speed = float(np.clip(wanted, speed - 0.1 * abs(speed), speed + 0.1 * abs(speed)))
    offset = (
        float(np.median(reference_s - speed * query_s))
        if power <= 4.0
        else float(reference_s.mean() - speed * middle)
    )
    return replace(line, speed=speed, offset_s=offset)
