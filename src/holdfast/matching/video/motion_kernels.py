"""The compiled loop of comparing courses in time."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit

__all__ = ["strengths_into"]


@njit
def _place(query_s: Any, moment_s: Any, most_gap_s: Any) -> Any:
    """(number of the frame after a moment, share of it); -1 where no two frames lie around it."""
    if moment_s < query_s[0] - 1e-6 or moment_s > query_s[-1] + 1e-6:
        return -1, 0.0
    after = min(max(1, np.searchsorted(query_s, moment_s)), query_s.size - 1)
    gap_s = query_s[after] - query_s[after - 1]
    if gap_s > most_gap_s or gap_s <= 0.0:
        return -1, 0.0
    return after, min(1.0, max(0.0, (moment_s - query_s[after - 1]) / gap_s))


@njit(fastmath={"reassoc", "contract", "nsz"})
def _added(one: Any, other: Any, share: Any, signs: Any, sums: Any) -> None:
    """Adds a moment to ``sums`` float32 (4, bits): courses, squares, products with signs, and signs."""
    course, square, product, listed = sums[0], sums[1], sums[2], sums[3]
    for bit in range(one.size):
        value = one[bit] + share * (other[bit] - one[bit])
        course[bit] += value
        square[bit] += value * value
        product[bit] += value * signs[bit]
        listed[bit] += signs[bit]


@njit
def _correlation(sums: Any, count: Any, floor: Any, least_flipping: Any) -> Any:
    """That of all bits that flip; NaN where too few do."""
    shared, own, listed, flipping = 0.0, 0.0, 0.0, 0
    for bit in range(sums.shape[1]):
        mean, mean_sign = np.float64(sums[0, bit]) / count, np.float64(sums[3, bit]) / count
        power_sign = 1.0 - mean_sign * mean_sign
        if power_sign <= 1e-6:
            continue
        flipping += 1
        power = max(0.0, sums[1, bit] / count - mean * mean)
        scale = 1.0 / (power + floor * floor)
        shared += (sums[2, bit] / count - mean * mean_sign) * np.sqrt(scale)
        own += power * scale
        listed += power_sign
    return shared / np.sqrt(own * listed) if flipping >= least_flipping and own > 0.0 else np.nan


@njit
def strengths_into(
    values: Any, query_s: Any, signs: Any, times_s: Any, offsets_s: Any, is_backwards: Any, floor: Any,
    most_gap_s: Any, least_moments: Any, least_flipping: Any, strengths: Any,
) -> None:  # fmt: skip
    """Correlation of the courses of all bits that flip, times the root of the number of moments.

    ``values`` float32 (f, bits) at ``query_s`` float64 (f,), rising, in the time of the listed video, whose
    ``signs`` int8 (m, bits) stand at ``times_s`` float64 (m,). Fills ``strengths`` float64 (k,) for offsets
    ``offsets_s`` float64 (k,); NaN where under ``least_moments`` or half of what there could be can be held
    against one another, or under ``least_flipping`` bits flip. ``is_backwards`` runs the listed video so.

    All bits of a moment are added up together, so that they fill vector registers; values are taken less
    their mean first, so that sums of squares in float32 do not lose what is sought where values are bounded,
    as those of a fitted view are.
    """
    first, last = times_s[0], times_s[-1]
    possible = min(float(times_s.size), query_s[-1] - query_s[0])
    least = max(float(least_moments), 0.5 * possible)
    bits = values.shape[1]
    mean = np.zeros(bits, np.float64)
    for i in range(values.shape[0]):
        mean += values[i]
    away = values - (mean / values.shape[0]).astype(np.float32)
    sides = signs.astype(np.float32)
    sums = np.empty((4, bits), np.float32)
    for k in range(offsets_s.size):
        count = 0
        sums[:] = np.float32(0.0)
        for j in range(times_s.size):
            moment_s = (first + last - times_s[j] if is_backwards else times_s[j]) + offsets_s[k]
            after, share = _place(query_s, moment_s, most_gap_s)
            if after > 0:
                _added(away[after - 1], away[after], np.float32(share), sides[j], sums)
                count += 1
        strengths[k] = np.nan
        if count >= least:
            strengths[k] = _correlation(sums, count, floor, least_flipping) * np.sqrt(float(count))
