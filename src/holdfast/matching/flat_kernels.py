"""The compiled loops of scanning lists for many queries. They trust their caller; all run without the GIL.

See `slices` for how 256 codes are compared at once. Codes are uint64 (n, 4) in the index's order of bits;
``dead`` is a bit map of removed rows, or empty.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit as compiled
from holdfast.matching.intrinsics import bit_count, trailing_zeros
from holdfast.matching.slices import (
    BIAS_PICKS,
    CONSTANT,
    FIRST_GROUP,
    GROUPS,
    ODD_BIT,
    PLANES_OF_GROUP,
    SLICED_CODES,
    WORDS,
    far_codes,
)

__all__ = ["BIT_VALUES", "count_distances", "keep_nearest", "pick_planes", "scan"]

# Nothing here makes arrays, so Numba need not count references to them.
njit = compiled(_nrt=False)
inlined = compiled(_nrt=False, forceinline=True)

BIT_VALUES = 257  # distances are 0..256
CODE_BITS = 256
COUNTED_ROWS = 1024  # codes compared with all queries before the next ones: 32 kB
ONES = ~np.uint64(0)


@inlined
def _is_dead(dead: Any, row: Any) -> Any:
    return dead.shape[0] > 0 and (dead[row >> 3] >> (row & 7)) & 1 == 1


@inlined
def _distance(codes: Any, row: Any, queries: Any, query: Any) -> Any:
    return (
        bit_count(codes[row, 0] ^ queries[query, 0])
        + bit_count(codes[row, 1] ^ queries[query, 1])
        + bit_count(codes[row, 2] ^ queries[query, 2])
        + bit_count(codes[row, 3] ^ queries[query, 3])
    )


@inlined
def _pick_limit(limit: Any, query: Any, picks: Any) -> None:
    bias = CODE_BITS - 1 - limit
    for bit in range(BIAS_PICKS):
        picks[query, bit] = WORDS * (CONSTANT + ((bias >> bit) & 1))


@njit
def pick_planes(queries: Any, limits: Any, picks: Any) -> None:
    """Which planes each query adds: ``picks`` uint16 (q, PICKS), for ``limits`` int64 (q,), 0..255."""
    for query in range(queries.shape[0]):
        _pick_limit(limits[query], query, picks)
        last = np.int64(queries[query, 3] >> np.uint64(63))
        picks[query, BIAS_PICKS] = WORDS * (ODD_BIT + last)
        for group in range(GROUPS):
            pattern = np.int64(0)
            for k in range(3):
                bit = 3 * group + k
                pattern |= np.int64((queries[query, bit >> 6] >> np.uint64(bit & 63)) & np.uint64(1)) << k
            parity = (pattern ^ (pattern >> 1) ^ (pattern >> 2)) & 1
            first = PLANES_OF_GROUP * group
            picks[query, FIRST_GROUP + 2 * group] = WORDS * (first + parity)
            picks[query, FIRST_GROUP + 2 * group + 1] = WORDS * (first + 2 + pattern)


@njit
def _transpose(square: Any, first: Any) -> None:
    """Turns four squares of 64 x 64 bits at once: ``square`` uint64 (.., 4), rows ``first`` to first + 63."""
    step, mask = 32, np.uint64(0xFFFFFFFF)
    while step:
        for row in range(64):
            if row & step == 0:
                upper, lower = first + row, first + row + step
                for lane in range(WORDS):
                    swapped = ((square[upper, lane] >> np.uint64(step)) ^ square[lower, lane]) & mask
                    square[lower, lane] ^= swapped
                    square[upper, lane] ^= swapped << np.uint64(step)
        step >>= 1
        mask ^= mask << np.uint64(step)


@inlined
def _slice_codes(codes: Any, start: Any, end: Any, bits: Any) -> None:
    """Plane of each bit of codes [start, start + 256): ``bits`` uint64 (256, 4). Missing codes are zero."""
    for word in range(4):
        for row in range(64):
            for lane in range(WORDS):
                place = start + 64 * lane + row
                bits[64 * word + row, lane] = codes[place, word] if place < end else np.uint64(0)
        _transpose(bits, 64 * word)


@inlined
def _make_planes(bits: Any, planes: Any) -> None:
    """Fills ``planes`` uint64 (PLANES * 4,) from the planes of single bits."""
    for group in range(GROUPS):
        first = WORDS * PLANES_OF_GROUP * group
        for lane in range(WORDS):
            one, two, three = bits[3 * group, lane], bits[3 * group + 1, lane], bits[3 * group + 2, lane]
            low = one ^ two ^ three
            planes[first + lane], planes[first + WORDS + lane] = low, ~low
            for pattern in range(4):
                # The opposite pattern 7 - pattern has 3 minus as many differences: both bits inverted.
                flipped_one = one if pattern & 1 == 0 else ~one
                flipped_two = two if pattern & 2 == 0 else ~two
                high = (flipped_one & flipped_two) | ((flipped_one ^ flipped_two) & three)
                planes[first + WORDS * (2 + pattern) + lane] = high
                planes[first + WORDS * (9 - pattern) + lane] = ~high
    for lane in range(WORDS):
        planes[WORDS * ODD_BIT + lane], planes[WORDS * (ODD_BIT + 1) + lane] = (
            bits[255, lane],
            ~bits[255, lane],
        )
        planes[WORDS * CONSTANT + lane], planes[WORDS * (CONSTANT + 1) + lane] = np.uint64(0), ONES


@njit
def keep_nearest(query: Any, room: Any, kept: Any, rows: Any, distances: Any) -> Any:
    """Shortens a query's hits to the ``room`` nearest, of equals the first. Returns the last distance kept.

    ``kept`` int64 (q,), more than ``room``; ``rows`` int64 and ``distances`` int16 (q, 2 * room).
    """
    last = nearer = here = 0
    while True:
        here = 0
        for hit in range(kept[query]):
            here += distances[query, hit] == last
        if nearer + here >= room:
            break
        nearer += here
        last += 1
    equals = room - nearer
    place = 0
    for hit in range(kept[query]):
        distance = distances[query, hit]
        if distance < last or (distance == last and equals > 0):
            equals -= distance == last
            rows[query, place], distances[query, place] = rows[query, hit], distance
            place += 1
    kept[query] = place
    return last


@njit
def _keep(
    row: Any, distance: Any, query: Any, limits: Any, picks: Any, kept: Any, rows: Any, distances: Any
) -> None:
    rows[query, kept[query]], distances[query, kept[query]] = row, distance
    kept[query] += 1
    if kept[query] == rows.shape[1]:
        # All that is as far as the farthest one kept, or farther, can no longer be among the nearest.
        limits[query] = keep_nearest(query, rows.shape[1] // 2, kept, rows, distances) - 1
        if limits[query] >= 0:
            _pick_limit(limits[query], query, picks)


@njit
def scan(
    codes: Any, begin: Any, end: Any, base: Any, dead: Any, queries: Any, limits: Any, picks: Any,
    planes: Any, bits: Any, far: Any, kept: Any, rows: Any, distances: Any,
) -> None:  # fmt: skip
    """Compares codes [begin, end) with all queries; keeps the nearest hits within each query's limit.

    A hit's row is ``base`` + its place in ``codes``. ``rows`` int64 and ``distances`` int16 are (q, 2 *
    room): when a query's are full its ``limits`` entry sinks. ``planes``, ``bits`` and ``far`` uint64 (4,)
    are room to work in.
    """
    for start in range(begin, end, SLICED_CODES):
        _slice_codes(codes, start, end, bits)
        _make_planes(bits, planes)
        for query in range(queries.shape[0]):
            if limits[query] < 0:
                continue
            far_codes(planes, picks, query * picks.shape[1], far)
            if far[0] & far[1] & far[2] & far[3] == ONES:
                continue
            for lane in range(WORDS):
                near = ~far[lane]
                while near != 0:
                    row = start + 64 * lane + trailing_zeros(near)
                    near &= near - np.uint64(1)
                    if row < end and not _is_dead(dead, row):
                        distance = _distance(codes, row, queries, query)
                        if distance <= limits[query]:
                            _keep(base + row, distance, query, limits, picks, kept, rows, distances)


@njit
def count_distances(codes: Any, begin: Any, end: Any, dead: Any, queries: Any, histograms: Any) -> None:
    """Adds the distances of each query to the living codes [begin, end): ``histograms`` int64 (q, 257)."""
    for start in range(begin, end, COUNTED_ROWS):
        stop = min(start + COUNTED_ROWS, end)
        for query in range(queries.shape[0]):
            for row in range(start, stop):
                if not _is_dead(dead, row):
                    histograms[query, _distance(codes, row, queries, query)] += 1
