"""A query against one listed video: tier, evidence, view, speed, and where in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.matching.video.align import BEST_FITS, Line, Support, lines, support
from holdfast.matching.video.judge import VideoTier, tier
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.specific import specific

__all__ = ["VideoMatch", "compare"]


LEAST_DECADES = 3.0  # of evidence, below which nothing is looked at more closely: strangers reach it


@dataclass(frozen=True, slots=True)
class VideoMatch:
    """What was found of one listed video.

    ``decades`` is the evidence that it is no stranger, ``specific`` that it is this footage and not only its
    scene. ``states`` counts the distinct pictures of the reference that were found. ``speed`` is reference
    seconds for one second of the query: 2 where the query runs at double speed, negative where it runs
    backwards, 0 where pictures come in no order. ``family`` and ``view`` name the view.
    """

    tier: VideoTier
    decades: float
    specific: float
    states: int
    family: str
    view: str
    speed: float
    offset_s: float
    query_start_s: float
    query_end_s: float
    reference_start_s: float
    reference_end_s: float
    nearest_bits: int

    @property
    def score(self) -> float:
        """All evidence, in decades."""
        return self.decades + self.specific


def compare(query: VideoQuery, reference: VideoReference) -> VideoMatch | None:
    """The best that can be said; None where nothing is worth saying."""
    best: VideoMatch | None = None
    for line in _chosen(lines(query, reference)):
        if line.decades < LEAST_DECADES:
            continue
        fitted, pairs = support(query, reference, line)
        if len(pairs) == 0:
            continue
        match = _match(query, reference, fitted, pairs)
        if best is None or match.score > best.score:
            best = match
    return best


def _chosen(found: list[Line]) -> list[Line]:
    """The lines that fit best, the one with most evidence, and the best of those in no order."""
    timed = [line for line in found if line.speed]
    chosen = [*timed[:BEST_FITS], max(timed, key=lambda line: line.decades)] if timed else []
    return list(dict.fromkeys(chosen + [line for line in found if not line.speed][:1]))


def _covered(query: VideoQuery, reference: VideoReference, pairs: Support) -> float:
    """The share of the query's frames that lie on the line, or of the reference's that look like those there.

    The lesser of both; of frames with features. An excerpt of a still video shows all of it.
    """
    usable = max(1, int((query.frames.weight[0] > 0).sum()))
    listed = reference.frames.weight > 0
    found = np.isin(reference.state[listed], reference.state[pairs.columns])
    return min(len(pairs) / usable, float(found.mean()) if len(found) else 0.0)


def _match(query: VideoQuery, reference: VideoReference, line: Line, pairs: Support) -> VideoMatch:
    found = specific(query, reference, line, pairs)
    first_s, last_s = float(query.time_s[pairs.rows[0]]), float(query.time_s[pairs.rows[-1]])
    start_s, end_s = max(0.0, first_s - query.step_s / 2), last_s + query.step_s / 2
    if line.speed == 0:
        places = reference.time_s[pairs.columns]
        reference_start, reference_end = float(places.min()), float(places.max()) + reference.step_s
    else:
        ends = sorted((line.speed * start_s + line.offset_s, line.speed * end_s + line.offset_s))
        reference_start, reference_end = max(0.0, ends[0]), max(0.0, ends[1])
    return VideoMatch(
        tier=tier(line.decades, found.decades, found.mean_bits, _covered(query, reference, pairs)),
        decades=line.decades,
        specific=found.decades,
        states=len(np.unique(reference.state[pairs.columns])),
        family=query.families[line.view],
        view=query.words[line.view],
        speed=line.speed,
        offset_s=line.offset_s,
        query_start_s=start_s,
        query_end_s=end_s,
        reference_start_s=reference_start,
        reference_end_s=reference_end,
        nearest_bits=int(pairs.bits.min()),
    )
