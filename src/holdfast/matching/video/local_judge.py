"""What local features amount to: a listed video against a query, and whether it is this footage.

It is a match where at three moments or more the features in motion are in their places, to the pixel, at the
listed moment and not at others; and where what was found covers enough of the picture, so that a moving logo,
a clock or subtitles that two videos share are none. A listed video in which nothing moves is its picture:
most of its features that the query has room for must be found, over a good part of it.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.compare import VideoMatch
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.local import Features, Geometry, Seen, geometry, seen
from holdfast.matching.video.local_time import Course, course
from holdfast.matching.video.still import OTHER

__all__ = ["LocalQuery", "compare_local"]

LEAST_SUM, MOST_EACH = 14.0, 8.0  # features that speak for this footage: in all, and of one moment at most
LEAST_EACH, LEAST_MOMENTS = 2.0, 3  # moments that have so many, and how many such moments
LEAST_WON = 0.6  # of the moments, that have more in common with their own than with any other
CELLS = (12, 8)  # of the listed picture, across and down
TWICE = 2  # features in place, for a cell to count
LEAST_COVERED, LEAST_MOVING = 0.12, 0.03  # share of the cells with features in place, and with moving ones
LEAST_LINES = 3  # rows of cells, and columns, that they lie in: a line of text lies in one or two
STILL_MOVES = 0.01  # of the listed features, that move at most in a still video
STILL_FOUND, STILL_SHARE, STILL_COVERED, STILL_FRAMES = 24, 0.35, 0.18, 2
WORTH = 12  # pairs that agree in geometry, from which a video is looked at closely
PICTURE_DECADES = 8.0  # of one moment at most, as in `evidence`
FEATURES_A_DECADE = 4.0
CODE_BITS = 256  # apart: features say nothing of how near the codes of two frames are
_TURN_DEGREES = 3.0  # from which on a view is said to be turned

BoolArray = npt.NDArray[np.bool_]


class LocalQuery(Protocol):
    """A piece of a video: `holdfast.hashing.videolocal_query.LocalQuery`.

    ``few`` are the features of a few moments spread over it, ``every`` those of all; of the pictures as they
    are, or mirrored.
    """

    @property
    def step_s(self) -> float: ...
    def few(self, mirrored: bool) -> Features: ...
    def every(self, mirrored: bool) -> Features: ...


def compare_local(query: LocalQuery, listed: Features) -> VideoMatch | None:
    """A match, where local features prove one; None where they do not, whatever else they may show."""
    best: tuple[Geometry, bool] | None = None
    for mirrored in (False, True):
        change = geometry(listed, query.few(mirrored))
        if change is not None and (best is None or change.inside > best[0].inside):
            best = change, mirrored
    if best is None or best[0].inside < WORTH:
        return None
    change, mirrored = best
    if float(listed.moves.mean()) <= STILL_MOVES:
        return _still(listed, query, change, mirrored)
    frames = query.every(mirrored)
    both = seen(listed, frames, change)
    found = course(listed, frames, both, 0.51 * query.step_s)
    if found is None or not _is_footage(found) or not _covers(listed, both, found):
        return None
    return _match(listed, frames, query, change, mirrored, found)


def _is_footage(found: Course) -> bool:
    """Whether enough moments have more in common with their own than with others of the stretch."""
    told = found.other >= 0
    more = found.own[told] - found.other[told]
    return bool(
        (more >= LEAST_EACH).sum() >= LEAST_MOMENTS
        and np.clip(more, -MOST_EACH, MOST_EACH).sum() >= LEAST_SUM
        and (more > 0).mean() >= LEAST_WON
    )


def _covers(listed: Features, both: Seen, found: Course) -> bool:
    """Whether what was found along the course covers enough of the picture."""
    in_place, moving = np.zeros(len(listed.codes), bool), np.zeros(len(listed.codes), bool)
    for moment, frame in zip(found.moments.tolist(), found.frames.tolist(), strict=True):
        rows = slice(listed.starts[moment], listed.starts[moment + 1])
        in_place[rows], moving[rows] = both.in_place[rows, frame], both.in_motion[rows, frame]
    where = _cells(listed, in_place, TWICE)
    return bool(
        where.mean() >= LEAST_COVERED
        and _cells(listed, moving, TWICE).mean() >= LEAST_MOVING
        and min(where.any(axis=0).sum(), where.any(axis=1).sum()) >= LEAST_LINES
    )


def _cells(listed: Features, chosen: BoolArray, least: int) -> BoolArray:
    """Which cells of the listed picture hold so many of the chosen features or more: bool (down, across)."""
    places = listed.places[chosen] * (np.array(CELLS) / np.array(listed.size))
    across, down = np.minimum(places.astype(np.int64), np.array(CELLS) - 1).T
    counts = np.bincount(down * CELLS[0] + across, minlength=CELLS[0] * CELLS[1])
    return np.asarray((counts >= least).reshape(CELLS[1], CELLS[0]))


def _still(listed: Features, query: LocalQuery, change: Geometry, mirrored: bool) -> VideoMatch | None:
    """Against a listed video that is one picture."""
    frames = query.few(mirrored)
    both = seen(listed, frames, change)
    moment = int(np.diff(listed.starts).argmax())
    rows = slice(listed.starts[moment], listed.starts[moment + 1])
    expected = change.of(listed.places[rows])
    has_room = ((expected >= 0) & (expected < np.array(frames.size))).all(axis=1)
    counts = both.in_place[rows].sum(axis=0)
    shown = np.flatnonzero((counts >= STILL_FOUND) & (counts >= STILL_SHARE * has_room.sum()))
    if len(shown) < STILL_FRAMES:
        return None
    chosen = np.zeros(len(listed.codes), bool)
    chosen[rows] = both.in_place[rows][:, shown].any(axis=1)
    if _cells(listed, chosen, 1).mean() < STILL_COVERED:
        return None
    start_s, end_s = float(frames.time_s[shown[0]]), float(frames.time_s[shown[-1]])
    return VideoMatch(
        tier=VideoTier.MATCH,
        decades=PICTURE_DECADES * min(3.0, float(counts[shown].max()) / STILL_FOUND),
        specific=0.0,
        states=1,
        family=OTHER,
        view=_words(change, mirrored),
        speed=1.0,
        offset_s=-start_s,
        query_start_s=max(0.0, start_s - query.step_s / 2),
        query_end_s=end_s + query.step_s / 2,
        reference_start_s=0.0,
        reference_end_s=end_s - start_s + query.step_s,
        nearest_bits=CODE_BITS,
    )


def _match(
    listed: Features, frames: Features, query: LocalQuery, change: Geometry, mirrored: bool, found: Course
) -> VideoMatch:
    told = found.other >= 0
    more = np.clip(found.own[told] - found.other[told], -MOST_EACH, MOST_EACH).sum()
    times, half_s = frames.time_s[found.frames], query.step_s / 2
    start_s, end_s = max(0.0, float(times.min()) - half_s), float(times.max()) + half_s
    ends = sorted((found.speed * start_s + found.offset_s, found.speed * end_s + found.offset_s))
    return VideoMatch(
        tier=VideoTier.MATCH,
        decades=float(np.minimum(found.own, PICTURE_DECADES).sum()),
        specific=float(more) / FEATURES_A_DECADE,
        states=len(found),
        family=OTHER,
        view=_words(change, mirrored),
        speed=found.speed,
        offset_s=found.offset_s,
        query_start_s=start_s,
        query_end_s=end_s,
        reference_start_s=max(0.0, ends[0]),
        reference_end_s=max(0.0, ends[1]),
        nearest_bits=CODE_BITS,
    )


def _words(change: Geometry, mirrored: bool) -> str:
    """Of the view, for people."""
    (a, _, _), (b, _, _) = change.matrix
    turn = math.degrees(math.atan2(b, a))
    parts = ["local features"] + ["mirrored"] * mirrored
    if abs(turn) >= _TURN_DEGREES:
        parts.append(f"turned by {abs(turn):.0f} degrees")
    return ", ".join(parts)
