"""Where in time a query shows a listed video by its local features, and whether it is this footage.

Along the line on which most features in motion are in their places, each listed moment is held against the
other moments of the stretch that was found: in a copy it is shown at its own moment, and less so at the
others. A title, a logo or a caption that two films share looks the same at all moments at which it is shown,
and other footage of one room at all moments as well as at its own. So what a moment has in common with other
moments is taken off what it has in common with its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import SPEEDS
from holdfast.matching.video.local import Features, Seen
from holdfast.matching.video.local_kernels import likeness_into

__all__ = ["Course", "course"]

APART_S = 1.5  # of listed time: moments nearer than this may well look the same in a copy too
LEAST_FOUND = 4  # features in motion, from which a listed moment is taken for found
MOST_COUNTED = 30  # of them, for finding the line
OFFSET_S = 0.25
PRIOR = np.array([1.0 if speed == 1 else 0.98 if speed > 0 else 0.95 for speed in SPEEDS])

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """listed time = ``speed`` * query time + ``offset_s``; the moments along it, in listed order.

    ``moments`` and ``frames`` int64 (k,) number them on either side. ``own`` float64 (k,) counts the features
    in motion that each has at its moment, ``other`` the most that it has at any other moment of the stretch
    (-1 where there is none).
    """

    speed: float
    offset_s: float
    moments: Int64Array
    frames: Int64Array
    own: Float64Array
    other: Float64Array

    def __len__(self) -> int:
        return len(self.moments)


def course(listed: Features, query: Features, both: Seen, reach_s: float) -> Course | None:
    """The line with most in motion; None where nothing is found. Query moments count within ``reach_s``."""
    table = np.minimum(both.moving, MOST_COUNTED)
    rows, columns = np.nonzero(both.moving >= LEAST_FOUND)
    if not len(rows):
        return None
    best = (0.0, 1.0, 0.0)
    for number, speed in enumerate(SPEEDS):
        wanted = listed.time_s[rows] - speed * query.time_s[columns]
        offsets = np.unique(np.round(wanted / OFFSET_S)) * OFFSET_S
        likeness = np.empty((1, len(offsets)))
        likeness_into(table, listed.time_s, query.time_s, np.array([speed]), offsets, reach_s, likeness)
        place = int(likeness.argmax())
        best = max(best, (float(likeness[0, place] * PRIOR[number]), speed, float(offsets[place])))
    return _along(listed, query, both, *best[1:], reach_s)


def _along(
    listed: Features, query: Features, both: Seen, speed: float, offset_s: float, reach_s: float
) -> Course | None:
    wanted = (listed.time_s - offset_s) / speed
    near = np.abs(query.time_s - wanted[:, np.newaxis]) <= reach_s
    frames = np.where(near, both.moving + 1, 0).argmax(axis=1)
    own = np.where(near.any(axis=1), both.moving[np.arange(len(listed)), frames], 0)
    found = np.flatnonzero(own >= LEAST_FOUND)
    if not len(found):
        return None
    stretch = np.arange(found[0], found[-1] + 1)
    moments = stretch[near[stretch].any(axis=1)]
    frames, own = frames[moments], own[moments]
    return Course(speed, offset_s, moments, frames, own, _other(listed, query, both, speed, moments, frames))


def _other(
    listed: Features, query: Features, both: Seen, speed: float, moments: Int64Array, frames: Int64Array
) -> Float64Array:
    """The most that each moment has in common with another one of the stretch, on either side."""
    first, last = min(frames[0], frames[-1]), max(frames[0], frames[-1])
    inside = np.arange(first, last + 1)
    away_s = np.abs(speed * (query.time_s[inside] - query.time_s[frames][:, np.newaxis]))
    theirs = np.where(away_s >= APART_S, both.moving[moments][:, inside], -1).max(axis=1)
    apart_s = np.abs(listed.time_s[moments] - listed.time_s[moments][:, np.newaxis])
    ours = np.where(apart_s >= APART_S, both.moving[moments][:, frames].T, -1).max(axis=1)
    return np.asarray(np.maximum(theirs, ours))
