"""The compiled loop of comparing courses in time."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit

__all__ = ["strengths_into"]


@njit
def _between(values: Any, query_s: Any, moment_s: Any, most_gap_s: Any, row: Any) -> Any:
    """Fills ``row`` (bits,) with the values at a moment between two frames; whether there are such frames."""
    if moment_s < query_s[0] - 1e-6 or moment_s > query_s[-1] + 1e-6:
        return False
    after = min(max(1, np.searchsorted(query_s, moment_s)), query_s.size - 1)
    gap_s = query_s[after] - query_s[after - 1]
    if gap_s > most_gap_s or gap_s <= 0.0:
        return False
    share = min(1.0, max(0.0, (moment_s - query_s[after - 1]) / gap_s))
    for bit in range(row.size):
        row[bit] = values[after - 1, bit] * (1.0 - share) + values[after, bit] * share
    return True


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
    """
    first, last = times_s[0], times_s[-1]
    possible = min(float(times_s.size), query_s[-1] - query_s[0])
    least = max(float(least_moments), 0.5 * possible)
    bits = values.shape[1]
    course = np.empty((times_s.size, bits), np.float32)
    picked = np.empty(times_s.size, np.int64)
    for k in range(offsets_s.size):
        count = 0
        for j in range(times_s.size):
            moment_s = (first + last - times_s[j] if is_backwards else times_s[j]) + offsets_s[k]
            if _between(values, query_s, moment_s, most_gap_s, course[count]):
                picked[count] = j
                count += 1
        strengths[k] = np.nan
        if count < least:
            continue
        shared, own, listed, flipping = 0.0, 0.0, 0.0, 0
        for bit in range(bits):
            mean, mean_sign = 0.0, 0.0
            for i in range(count):
                mean += course[i, bit]
                mean_sign += signs[picked[i], bit]
            mean, mean_sign = mean / count, mean_sign / count
            power_sign = 1.0 - mean_sign * mean_sign
            if power_sign <= 1e-9:
                continue
            flipping += 1
            power, product = 0.0, 0.0
            for i in range(count):
                away = course[i, bit] - mean
                power += away * away
                product += away * (signs[picked[i], bit] - mean_sign)
            scale = 1.0 / (power / count + floor * floor)
            shared += product * np.sqrt(scale)
            own += power * scale
            listed += power_sign * count
        if flipping >= least_flipping and own > 0.0:
            strengths[k] = shared / np.sqrt(own * listed) * np.sqrt(float(count))
