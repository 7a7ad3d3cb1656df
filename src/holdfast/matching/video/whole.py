"""Two videos that show nearly the same pictures all through: a match by the rule that lists are made for.

Where pictures are regular (a test card, a screen, text), no distance is improbable, and evidence in decades
says little, however near they are. vPDQ calls a match what has 80 % of the listed video's frames, or of the
query's, within 31 bits. Both at once, within 20 bits and in a plain view, is a match in a bank of any size;
unless it can be seen that the two do not change alike, and the listed video is more than one picture. Of the
query seconds are asked, not frames: what blinks shows in between what a list with a frame a second has not.
How many files that are not the same footage came so near (none): docs/benchmarks.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import Line, Support
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.motion import motion
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.still import PLAIN, is_still

__all__ = ["LEAST_FRAMES", "WHOLE_BITS", "nearest_pairs", "whole"]

WHOLE_BITS, WHOLE_SHARE = 20, 0.8
LEAST_FRAMES = 3  # with features, of either


def whole(query: VideoQuery, reference: VideoReference) -> tuple[Line, Support] | None:
    """The line and the pairs of frames of two videos that are the same all through; None where they are not.

    The line has no decades: it is not needed to be improbable.
    """
    listed = np.flatnonzero(reference.frames.weight >= 1)
    if len(listed) < LEAST_FRAMES:
        return None
    for view, family in enumerate(query.families):
        if family in PLAIN and (found := _whole(query, view, reference, listed)) is not None:
            is_picture = is_still(reference, int(listed[len(listed) // 2]))
            lines = _lines(query, view, reference, found)
            return next(
                ((one, found) for one in lines if is_picture or _alike(query, reference, one, found)), None
            )
    return None


def _alike(query: VideoQuery, reference: VideoReference, line: Line, pairs: Support) -> bool:
    changes = motion(query, reference, line, pairs)
    return changes is None or changes.is_strong


def _lines(query: VideoQuery, view: int, reference: VideoReference, pairs: Support) -> list[Line]:
    """Lines through the pairs: at the usual speed, and at the one that fits them best."""
    asked_s, listed_s = query.time_s[pairs.rows], reference.time_s[pairs.columns]
    spread = asked_s - asked_s.mean()
    power = float(spread @ spread)
    speeds = [1.0, float(spread @ listed_s) / power] if power else [1.0]
    return [Line(view, 0.0, speed, float(np.median(listed_s - speed * asked_s))) for speed in speeds if speed]


def _share_of_seconds(near: npt.NDArray[np.bool_], time_s: npt.NDArray[np.float64]) -> float:
    """Of the seconds that have frames, those with a near one: what blinks shows others in between."""
    _, place = np.unique(np.floor(time_s), return_inverse=True)
    return float((np.bincount(place, near) > 0).mean())


def _whole(query: VideoQuery, view: int, reference: VideoReference, listed: np.ndarray) -> Support | None:
    frames = query.view(view)
    asked = np.flatnonzero(frames.weight >= 1)
    if len(asked) < LEAST_FRAMES:
        return None
    distances = np.empty((len(query), len(reference)), np.int16)
    bits_into(frames.words, reference.frames.words, distances)
    near = distances[np.ix_(asked, listed)] <= WHOLE_BITS
    if min(_share_of_seconds(near.any(axis=1), query.time_s[asked]), near.any(axis=0).mean()) < WHOLE_SHARE:
        return None
    return nearest_pairs(query, reference, distances, asked[near.any(axis=1)], listed)


def nearest_pairs(
    query: VideoQuery,
    reference: VideoReference,
    distances: npt.NDArray[np.int16],
    rows: npt.NDArray[np.int64],
    listed: npt.NDArray[np.int64],
) -> Support:
    """Frames ``rows`` int64 (k,) of the query, each with the nearest of the frames ``listed`` int64 (n,).

    ``distances`` int16 (f, m) are those of all pairs, in bits. Of equally near ones, as in a still shot, it
    is the one at the same time.
    """
    away_s = np.abs(reference.time_s[listed] - query.time_s[rows][:, np.newaxis])
    columns = listed[np.lexsort((away_s, distances[np.ix_(rows, listed)]), axis=1)[:, 0]]
    return Support(rows, columns, distances[rows, columns].astype(np.int64), distances)
