"""Many queries against whole lists at any radius: the deep path, where the index's tables no longer help.

One pass over the list answers all queries of a batch, whatever uploads they come from. Nothing within the
radius is missed, unless a query has more hits than there is room for: then the nearest are kept, and
``complete_bits`` says up to which distance the answer is complete.

Measured on one core without AVX-512 (AMD EPYC, first generation): 1.1 thousand million comparisons a second
with 1,000 queries a pass. The margin grows with the number of queries, up to `BATCH_QUERIES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from holdfast.matching import flat_kernels
from holdfast.matching.bits import checked_codes, shuffled
from holdfast.matching.slices import PICKS, PLANES, SLICED_CODES, WORDS

__all__ = [
    "BATCH_QUERIES",
    "DEFAULT_ROOM",
    "MAX_FLAT_RADIUS",
    "FlatHits",
    "LivingCodes",
    "distance_histograms",
    "flat_search",
    "living_codes",
]

MAX_FLAT_RADIUS = 255
DEFAULT_ROOM = 256  # hits kept for one query
BATCH_QUERIES = 1024  # answered in one pass: what they pick fills most of a processor's second cache
PASS_ROWS = 1 << 18  # codes between two moments at which Python may interrupt

Int64Array = npt.NDArray[np.int64]
_NONE_DEAD = np.zeros(0, np.uint8)
_NONE_DEAD.setflags(write=False)


class LivingCodes(NamedTuple):
    """Some codes of a list, not copied: ``codes`` uint64 (n, 4) in the index's order of bits, ``ids`` (n,).

    ``dead`` is a bit map of rows that were removed, uint8 (ceil(n / 8),), or (0,) for none. Arrays are
    read-only.
    """

    codes: npt.NDArray[np.uint64]
    ids: npt.NDArray[Any]
    dead: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FlatHits:
    """Hits sorted by query row, distance, id: int64 arrays of equal length ``rows``, ``ids``, ``distances``.

    ``complete_bits`` int64 (q,): every code within so many bits of the query is among the hits, -1 for not
    even all equal ones. It is the radius unless the query had more hits than there was room for.
    """

    rows: Int64Array
    ids: Int64Array
    distances: Int64Array
    complete_bits: Int64Array

    def __len__(self) -> int:
        return len(self.rows)


def living_codes(codes: npt.ArrayLike, ids: npt.ArrayLike | None = None) -> LivingCodes:
    """Codes uint8 (n, 32) with ids int64 (n,), by default 0..n-1, ready to be searched. Raises ValueError."""
    words = shuffled(checked_codes(codes))
    own = np.arange(len(words), dtype=np.int64) if ids is None else np.asarray(ids, np.int64)
    if own.shape != (len(words),):
        raise ValueError(f"{len(words)} codes came with ids of shape {own.shape}; nothing was searched")
    words.setflags(write=False)
    return LivingCodes(words, own, _NONE_DEAD)


def flat_search(
    lists: Iterable[LivingCodes],
    queries: npt.ArrayLike,
    radius: int | npt.ArrayLike,
    *,
    room: int = DEFAULT_ROOM,
) -> FlatHits:
    """Every living code within ``radius`` bits (0..255) of a query: at most the ``room`` nearest of each.

    ``queries`` is uint8 (q, 32); ``radius`` one number, or int64 (q,). Of equally distant codes the first
    ones in ``lists`` are kept. `HammingIndex.living` gives an index's lists. Raises ValueError for other
    types or shapes.
    """
    words = shuffled(checked_codes(queries))
    radii = np.broadcast_to(np.asarray(radius, np.int64), (len(words),))
    if len(radii) and not 0 <= radii.min() <= radii.max() <= MAX_FLAT_RADIUS:
        raise ValueError(f"radius must be 0..{MAX_FLAT_RADIUS} bits; this is {radii.min()} to {radii.max()}")
    if room < 1:
        raise ValueError(f"there must be room for one hit a query at least, not {room}")
    parts = [part for part in lists if len(part.codes)]
    found = [
        _search_batch(parts, words[start : start + BATCH_QUERIES], radii[start : start + BATCH_QUERIES], room)
        for start in range(0, len(words), BATCH_QUERIES)
    ]
    if not found:
        nothing = np.zeros(0, np.int64)
        return FlatHits(nothing, nothing, nothing, nothing)
    rows = [hits.rows + number * BATCH_QUERIES for number, hits in enumerate(found)]
    return FlatHits(
        np.concatenate(rows),
        np.concatenate([hits.ids for hits in found]),
        np.concatenate([hits.distances for hits in found]),
        np.concatenate([hits.complete_bits for hits in found]),
    )


def distance_histograms(lists: Iterable[LivingCodes], queries: npt.ArrayLike) -> Int64Array:
    """How many living codes lie at each distance of each query: int64 (q, 257). Raises ValueError.

    Several times slower than `flat_search`, since no distance can be passed over.
    """
    words = shuffled(checked_codes(queries))
    counts = np.zeros((len(words), flat_kernels.BIT_VALUES), np.int64)
    for part in lists:
        for begin, end in _passes(len(part.codes)):
            flat_kernels.count_distances(part.codes, begin, end, part.dead, words, counts)
    return counts


def _search_batch(
    parts: Sequence[LivingCodes], words: npt.NDArray[np.uint64], radii: Int64Array, room: int
) -> FlatHits:
    number = len(words)
    limits = radii.copy()
    picks = np.empty((number, PICKS), np.uint16)
    flat_kernels.pick_planes(words, limits, picks)
    planes, bits, far = (
        _aligned(PLANES, WORDS).reshape(-1),
        _aligned(SLICED_CODES, WORDS),
        _aligned(1, WORDS)[0],
    )
    kept = np.zeros(number, np.int64)
    places = np.empty((number, 2 * room), np.int64)
    distances = np.empty((number, 2 * room), np.int16)
    base = 0
    for part in parts:
        for begin, end in _passes(len(part.codes)):
            flat_kernels.scan(
                part.codes, begin, end, base, part.dead, words, limits, picks, planes, bits, far, kept,
                places, distances,
            )  # fmt: skip
        base += len(part.codes)
    for query in np.flatnonzero(kept > room):
        limits[query] = flat_kernels.keep_nearest(query, room, kept, places, distances) - 1
    return _sorted(parts, kept, places, distances, limits)


def _sorted(
    parts: Sequence[LivingCodes],
    kept: Int64Array,
    places: Int64Array,
    distances: npt.NDArray[np.int16],
    limits: Int64Array,
) -> FlatHits:
    is_hit = np.arange(places.shape[1]) < kept[:, None]
    rows = np.repeat(np.arange(len(kept)), kept)
    ids = _ids_at(parts, places[is_hit])
    bits = distances[is_hit].astype(np.int64)
    order = np.lexsort((ids, bits, rows))
    return FlatHits(rows[order], ids[order], bits[order], limits)


def _ids_at(parts: Sequence[LivingCodes], places: Int64Array) -> Int64Array:
    """Ids of places counted through all parts."""
    ends = np.cumsum([len(part.codes) for part in parts], dtype=np.int64)
    ids = np.empty(len(places), np.int64)
    part_of = np.searchsorted(ends, places, "right")
    for number, part in enumerate(parts):
        here = part_of == number
        ids[here] = part.ids[places[here] - (ends[number] - len(part.codes))]
    return ids


def _passes(count: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, count, PASS_ROWS):
        yield begin, min(begin + PASS_ROWS, count)


def _aligned(rows: int, columns: int) -> npt.NDArray[np.uint64]:
    """Zeros on a border of 64 bytes: a plane across two cache lines would be read twice."""
    raw = np.zeros(rows * columns + 8, np.uint64)
    start = -(raw.ctypes.data // 8) % 8
    return raw[start : start + rows * columns].reshape(rows, columns)
