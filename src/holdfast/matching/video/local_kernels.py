"""The compiled loops of local features: pairs of like features, one change of geometry, what lies on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit
from holdfast.matching.intrinsics import bit_count

__all__ = ["found_into", "likeness_into", "pairs_into", "similarity_into"]


@njit
def pairs_into(ours: Any, theirs: Any, radius: Any, ratio: Any, best: Any, pairs: Any) -> Any:
    """Fills ``pairs`` int64 (n, 2) with features (of ours, of theirs) that are each other's nearest.

    ``ours`` uint64 (n, 4), ``theirs`` (m, 4). Within ``radius`` bits, and nearer than ``ratio`` times the
    second nearest of theirs. ``best`` int64 (2, m) is room to work in. Gives how many there are.
    """
    for other in range(theirs.shape[0]):
        best[0, other] = 257
    count = 0
    for own in range(ours.shape[0]):
        first, second, place = 257, 257, -1
        for other in range(theirs.shape[0]):
            bits = (
                bit_count(ours[own, 0] ^ theirs[other, 0])
                + bit_count(ours[own, 1] ^ theirs[other, 1])
                + bit_count(ours[own, 2] ^ theirs[other, 2])
                + bit_count(ours[own, 3] ^ theirs[other, 3])
            )
            if bits < best[0, other]:
                best[0, other], best[1, other] = bits, own
            if bits < first:
                first, second, place = bits, first, other
            elif bits < second:
                second = bits
        if first <= radius and first < ratio * second:
            pairs[count, 0], pairs[count, 1] = own, place
            count += 1
    kept = 0
    for row in range(count):
        if best[1, pairs[row, 1]] == pairs[row, 0]:
            pairs[kept, 0], pairs[kept, 1] = pairs[row, 0], pairs[row, 1]
            kept += 1
    return kept


@njit
def similarity_into(
    ours: Any, theirs: Any, tries: Any, reach_px: Any, least: Any, most: Any, found: Any
) -> Any:
    """The shift, turn and scale that brings most places ``ours`` float32 (n, 2) onto ``theirs`` (n, 2).

    Two pairs at a time are tried, drawn by a generator of fixed seed; scales from ``least`` to ``most``.
    Fills ``found`` float64 (4,) with a, b, x, y: (a x - b y + x, b x + a y + y). Gives how many lie within
    ``reach_px`` of it.
    """
    count, top = ours.shape[0], 0
    state = np.uint64(0x9E3779B97F4A7C15)
    for _ in range(tries):
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        one = np.int64((state >> np.uint64(33)) % np.uint64(count))
        two = np.int64((state >> np.uint64(3)) % np.uint64(count))
        px, py = ours[two, 0] - ours[one, 0], ours[two, 1] - ours[one, 1]
        qx, qy = theirs[two, 0] - theirs[one, 0], theirs[two, 1] - theirs[one, 1]
        power = px * px + py * py
        if power < 400.0:
            continue
        a, b = (px * qx + py * qy) / power, (px * qy - py * qx) / power
        scale = (a * a + b * b) ** 0.5
        if scale < least or scale > most:
            continue
        x = theirs[one, 0] - a * ours[one, 0] + b * ours[one, 1]
        y = theirs[one, 1] - b * ours[one, 0] - a * ours[one, 1]
        inside = 0
        for row in range(count):
            dx = a * ours[row, 0] - b * ours[row, 1] + x - theirs[row, 0]
            dy = b * ours[row, 0] + a * ours[row, 1] + y - theirs[row, 1]
            if dx * dx + dy * dy <= reach_px * reach_px:
                inside += 1
        if inside > top:
            top = inside
            found[0], found[1], found[2], found[3] = a, b, x, y
    return top


@njit
def found_into(
    codes: Any,
    places: Any,
    first: Any,
    end: Any,
    wanted: Any,
    expected: Any,
    reach_px: Any,
    radius: Any,
    found: Any,
) -> None:
    """Fills ``found`` int64 (n,): for each wanted code, at its expected place, the nearest feature; -1: none.

    ``codes`` and ``places`` of a picture lie from ``first`` to ``end``, sorted by x.
    """
    for row in range(wanted.shape[0]):
        found[row] = -1
        x, y = expected[row, 0], expected[row, 1]
        low, high = first, end
        while low < high:
            middle = (low + high) // 2
            if places[middle, 0] < x - reach_px:
                low = middle + 1
            else:
                high = middle
        best = radius + 1
        while low < end and places[low, 0] <= x + reach_px:
            dx, dy = places[low, 0] - x, places[low, 1] - y
            if dx * dx + dy * dy <= reach_px * reach_px:
                bits = (
                    bit_count(wanted[row, 0] ^ codes[low, 0])
                    + bit_count(wanted[row, 1] ^ codes[low, 1])
                    + bit_count(wanted[row, 2] ^ codes[low, 2])
                    + bit_count(wanted[row, 3] ^ codes[low, 3])
                )
                if bits < best:
                    best = bits
                    found[row] = low
            low += 1


@njit
def likeness_into(
    table: Any, listed_s: Any, query_s: Any, speeds: Any, offsets: Any, reach_s: Any, best: Any
) -> None:
    """Fills ``best`` float64 (speeds, offsets): how much lies along each line in time.

    ``table`` float64 (m, f) is what speaks for listed moment m being shown at moment f of the query. Along
    listed time = speed * query time + offset, each listed moment takes the best within ``reach_s`` of
    the query's time.
    """
    for number in range(speeds.shape[0]):
        for place in range(offsets.shape[0]):
            total = 0.0
            for row in range(table.shape[0]):
                wanted = (listed_s[row] - offsets[place]) / speeds[number]
                most = 0.0
                for column in range(table.shape[1]):
                    if abs(query_s[column] - wanted) <= reach_s and table[row, column] > most:
                        most = table[row, column]
                total += most
            best[number, place] = total
