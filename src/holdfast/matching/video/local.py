"""Which features of a listed video a query shows, and where: one change of geometry for the whole clip.

A copy shows the listed picture through one change of geometry, whatever else was done to it. It is found on
the pairs of moments that have most like features in common, and then every listed feature is looked for at
the one place where it has to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.local_kernels import found_into, pairs_into, similarity_into

__all__ = ["Features", "Geometry", "Seen", "geometry", "seen"]

PAIR_BITS, RATIO = 64, 0.9
PAIR_MOMENTS = 16  # of the query, spread over it, that all listed moments are held against
LEAST_PAIRS, BEST_MOMENTS = 5, 8  # like features of two moments; pairs of moments that are looked at closely
TRIES, REACH_PX = 400, 6.0
LEAST_SCALE, MOST_SCALE = 0.25, 4.0
LEAST_INSIDE = 5
EXACT_PX = 1.0  # deviation from its place that there usually is
PLACE_PX, PLACE_BITS = 3.0, 72  # how near to its place, and how like, a listed feature has to be found
_REFINED_PX = (6.0, 4.0, 3.0)
_NOWHERE = np.full((1, 2), np.inf, np.float32)  # where features are that were not found

Float64Array = npt.NDArray[np.float64]


class Features(Protocol):
    """Features of some moments: `holdfast.hashing.videolocal.LocalFeatures`."""

    @property
    def codes(self) -> npt.NDArray[np.uint64]: ...
    @property
    def places(self) -> npt.NDArray[np.float32]: ...
    @property
    def moves(self) -> npt.NDArray[np.bool_]: ...
    @property
    def starts(self) -> npt.NDArray[np.int64]: ...
    @property
    def time_s(self) -> Float64Array: ...
    @property
    def size(self) -> tuple[int, int]: ...
    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """``matrix`` float64 (2, 3) takes places of the listed pictures to places of the query's."""

    matrix: Float64Array
    inside: int

    def of(self, places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Where places (n, 2) of the listed pictures are in the query's."""
        moved = places.astype(np.float64) @ self.matrix[:, :2].T + self.matrix[:, 2]
        return np.ascontiguousarray(moved, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """How many features of each listed moment are in their places at each moment of the query: (m, f).

    ``moving`` are those on what moves in both, each counted the less the further it lies from its place;
    ``in_place`` bool (n, f) says of each listed feature whether it is found, ``in_motion`` whether it is and
    moves in both.
    """

    moving: Float64Array
    in_place: npt.NDArray[np.bool_]
    in_motion: npt.NDArray[np.bool_]


def geometry(listed: Features, query: Features) -> Geometry | None:
    """The change of geometry under which most features fit; None where nothing fits."""
    ours, theirs = _pairs(listed, query)
    best: Geometry | None = None
    for own, other in zip(ours, theirs, strict=True):
        made = np.zeros(4)
        a, b = listed.places[own], query.places[other]
        if similarity_into(a, b, TRIES, REACH_PX, LEAST_SCALE, MOST_SCALE, made) < LEAST_INSIDE:
            continue
        matrix = np.array([[made[0], -made[1], made[2]], [made[1], made[0], made[3]]])
        found = _refined(matrix, np.concatenate(ours), np.concatenate(theirs), listed, query)
        if found is not None and (best is None or found.inside > best.inside):
            best = found
    return best


def _pairs(
    listed: Features, query: Features
) -> tuple[list[npt.NDArray[np.int64]], list[npt.NDArray[np.int64]]]:
    """Pairs of like features of the moments that have most in common: rows of either side."""
    frames = np.unique(np.linspace(0, len(query) - 1, PAIR_MOMENTS).round().astype(np.int64))
    room = np.empty((2, int(np.diff(query.starts).max(initial=0))), np.int64)
    kept = []
    for moment in range(len(listed)):
        first, end = listed.starts[moment], listed.starts[moment + 1]
        pairs = np.empty((int(end - first), 2), np.int64)
        found = []
        for frame in frames:
            start, stop = query.starts[frame], query.starts[frame + 1]
            count = pairs_into(
                listed.codes[first:end], query.codes[start:stop], PAIR_BITS, RATIO, room, pairs
            )
            if count >= LEAST_PAIRS:
                found.append((count, pairs[:count, 0] + first, pairs[:count, 1] + start))
        kept += sorted(found, key=lambda one: -one[0])[:2]
    kept = sorted(kept, key=lambda one: -one[0])[:BEST_MOMENTS]
    return [one[1] for one in kept], [one[2] for one in kept]


def _refined(
    matrix: Float64Array,
    ours: npt.NDArray[np.int64],
    theirs: npt.NDArray[np.int64],
    listed: Features,
    query: Features,
) -> Geometry | None:
    """An affine change, fitted to all pairs of all moments that it brings together."""
    own, other = listed.places[ours].astype(np.float64), query.places[theirs].astype(np.float64)
    inside = np.zeros(len(own), bool)
    for reach_px in _REFINED_PX:
        away = np.square(own @ matrix[:, :2].T + matrix[:, 2] - other).sum(axis=1)
        inside = away <= reach_px**2
        if inside.sum() < LEAST_INSIDE:
            return None
        design = np.column_stack([own[inside], np.ones(int(inside.sum()))])
        solved, _, rank, _ = np.linalg.lstsq(design, other[inside], rcond=None)
        if rank < 3:
            return None
        matrix = solved.T
    return Geometry(matrix, int(inside.sum()))


def seen(listed: Features, query: Features, change: Geometry) -> Seen:
    """Every listed feature, looked for in its place at every moment of the query."""
    expected = change.of(listed.places)
    found = np.empty((len(listed.codes), len(query)), np.int64)
    column = np.empty(len(listed.codes), np.int64)
    for frame in range(len(query)):
        found_into(
            query.codes, query.places, query.starts[frame], query.starts[frame + 1], listed.codes, expected,
            PLACE_PX, PLACE_BITS, column,
        )  # fmt: skip
        found[:, frame] = column
    away = np.square(np.append(query.places, _NOWHERE, axis=0)[found] - expected[:, np.newaxis]).sum(axis=2)
    in_motion = np.append(query.moves, False)[found] & listed.moves[:, np.newaxis]
    near = np.where(in_motion, np.exp(-away / (2 * EXACT_PX**2)), 0.0)
    return Seen(_by_moment(near, listed.starts), found >= 0, in_motion)


def _by_moment(values: Float64Array, starts: npt.NDArray[np.int64]) -> Float64Array:
    """Sums of rows (n, f) over the moments that begin at ``starts`` (m + 1,): (m, f)."""
    before = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return np.asarray(before[starts[1:]] - before[starts[:-1]])
