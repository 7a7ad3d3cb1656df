"""The compiled loops of PDQ. Everything here trusts its caller: shapes and types are checked in `pdq`."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit

__all__ = ["band_into", "block_into", "hash_blocks"]

_REORDER = {"reassoc", "contract", "nsz"}  # sums may be regrouped into vector lanes; NaN keeps its meaning


@njit
def band_into(
    side: Any,
    filtered: Any,
    scale: Any,
    window: Any,
    index: Any,
    weight: Any,
    count: Any,
    start: Any,
    dense: Any,
) -> None:
    """Fills the arrays of a `bands.Band`, which must come zeroed.

    The filters see ``filtered`` positions; position p shows original pixel p * side // filtered, which
    lies in pixel (p * side // filtered) // scale of the luma at hand. A filter of ``window`` positions
    averages [i - behind, i + ahead), clipped to the picture.
    """
    ahead = (window + 2) // 2
    behind = window - ahead
    line = np.empty(2 * window, np.float64)
    for k in range(64):
        sample = (2 * k + 1) * filtered // 128
        outer_first, outer_end = max(0, sample - behind), min(filtered, sample + ahead)
        first, end = max(0, outer_first - behind), min(filtered, outer_end - 1 + ahead)
        line[:] = 0.0
        for middle in range(outer_first, outer_end):
            inner_first, inner_end = max(0, middle - behind), min(filtered, middle + ahead)
            share = window * window / ((outer_end - outer_first) * (inner_end - inner_first))
            for p in range(inner_first - first, inner_end - first):
                line[p] += share
        start[k] = (first * side // filtered) // scale
        taps = -1
        for p in range(first, end):
            pixel = (p * side // filtered) // scale
            if taps < 0 or index[k, taps] != pixel:
                taps += 1
                index[k, taps] = pixel
            weight[k, taps] += np.float32(line[p - first])
        count[k] = taps + 1
        for t in range(count[k]):
            dense[k, index[k, t] - start[k]] = weight[k, t]


@njit(fastmath=_REORDER)
def _is_within_range(rows: Any) -> Any:
    """Whether all of these whole rows lie in -0.5..255.5; NaN does not.

    The weights of red, green and blue do not add up to 1 exactly, so white can pass 255 a little.
    """
    values = rows.reshape(rows.size)
    outside = np.float32(0.0)  # a float, which this loop can add up in vector registers
    for i in range(values.size):
        off_centre = abs(np.float32(values[i]) - np.float32(127.5))
        outside += np.float32(0.0) if off_centre <= np.float32(128.0) else np.float32(1.0)
    return outside == np.float32(0.0)


@njit(fastmath=_REORDER)
def block_into(
    luma: Any,
    row_index: Any,
    row_weight: Any,
    row_count: Any,
    column_start: Any,
    column_dense: Any,
    norm: Any,
    check: bool,
    block: Any,
) -> bool:
    """Fills ``block`` float32 (64, 64) with A_h . luma . A_w^T; luma is C-contiguous (h, w).

    With ``check``, False where a value is outside 0..255 or NaN; the block is then worthless. Rows are
    checked just before they are used, so that a large picture is fetched from memory once.

    One sample row at a time: its image rows are added up over the full width (contiguous, four rows a
    pass, so that the sums stay in the first cache), then that one row is reduced to 64 samples.
    """
    width = luma.shape[1]
    length = column_dense.shape[1]
    sums = np.zeros(width + length, np.float32)
    height = luma.shape[0]
    for k in range(64):
        if check and not _is_within_range(luma[k * height // 64 : (k + 1) * height // 64]):
            return False
        sums[:width] = np.float32(0.0)
        taps = row_count[k]
        fours = taps - taps % 4
        for t in range(0, fours, 4):
            row0 = luma[row_index[k, t]]
            row1 = luma[row_index[k, t + 1]]
            row2 = luma[row_index[k, t + 2]]
            row3 = luma[row_index[k, t + 3]]
            weight0, weight1 = row_weight[k, t], row_weight[k, t + 1]
            weight2, weight3 = row_weight[k, t + 2], row_weight[k, t + 3]
            for j in range(width):
                sums[j] += (
                    weight0 * np.float32(row0[j])
                    + weight1 * np.float32(row1[j])
                    + weight2 * np.float32(row2[j])
                    + weight3 * np.float32(row3[j])
                )
        for t in range(fours, taps):
            row0 = luma[row_index[k, t]]
            weight0 = row_weight[k, t]
            for j in range(width):
                sums[j] += weight0 * np.float32(row0[j])
        for m in range(64):
            start = column_start[m]
            total = np.float32(0.0)
            for j in range(length):
                total += column_dense[m, j] * sums[start + j]
            block[k, m] = total * norm
    return True


@njit
def _quality_of(block: Any) -> Any:
    """PDQ's quality 0..100: the sum of the clear steps between neighbouring samples, scaled."""
    steps = np.int64(0)
    hundred, full = np.float32(100.0), np.float32(255.0)
    for i in range(63):
        for j in range(64):
            steps += abs(np.int64((block[i, j] - block[i + 1, j]) * hundred / full))
    for i in range(64):
        for j in range(63):
            steps += abs(np.int64((block[i, j] - block[i, j + 1]) * hundred / full))
    return min(steps // 90, 100)


@njit
def _coefficients_into(block: Any, dct: Any, dct_transposed: Any, coefficients: Any) -> None:
    """Fills ``coefficients`` float32 (16, 16) with D . block . D^T.

    In float32 and in the reference's order of additions on purpose: pictures of 8 or 16 pixels a side
    have coefficients that are zero but for rounding, and their bits are the sign of that rounding.
    """
    half = np.empty(64, np.float32)
    line = np.empty(16, np.float32)
    for i in range(16):
        half[:] = np.float32(0.0)
        for k in range(64):
            weight = dct[i, k]
            for j in range(64):
                half[j] += weight * block[k, j]
        line[:] = np.float32(0.0)
        for k in range(64):
            value = half[k]
            for j in range(16):
                line[j] += value * dct_transposed[k, j]
        for j in range(16):
            coefficients[i, j] = line[j]


@njit
def _ordered_key(value: Any) -> Any:
    """int32 view of a float32, changed so that keys compare as the floats do."""
    return value ^ ((value >> np.int32(31)) & np.int32(0x7FFFFFFF))


@njit
def _lower_median(keys: Any) -> Any:
    """The 128th smallest of 256 int32 keys, by halving the range of values: no branches on data."""
    low, high = np.int64(-(2**31)), np.int64(2**31 - 1)
    while low < high:
        middle = (low + high) >> 1
        limit = np.int32(middle)
        below = np.int32(0)
        for i in range(256):
            below += np.int32(keys[i] <= limit)
        if below >= 128:
            high = middle
        else:
            low = middle + 1
    return np.int32(low)


@njit
def _pack_bits(keys: Any, median: Any, transposed: bool, code: Any) -> None:
    """The bits "coefficient above the median", the last coefficient first, as 32 bytes."""
    for byte in range(32):
        packed = np.int64(0)
        for bit in range(8):
            place = 255 - (byte * 8 + bit)
            if transposed:
                place = (place % 16) * 16 + place // 16
            packed = (packed << 1) | np.int64(keys[place] > median)
        code[byte] = packed


@njit
def _oriented_bits_into(coefficients: Any, slots: Any, codes: Any) -> None:
    """Hashes of the picture in several orientations, from its coefficients alone.

    Mirroring a picture negates the coefficients of every other column, turning it upside down those
    of every other row, and transposing it transposes them. ``slots`` int64 (patterns, 2) gives the
    row of ``codes`` uint8 (hashes, 32) for each pattern of signs (0 as it is, 1 mirrored, 2 upside
    down, 3 both), as it stands and transposed; -1 leaves one out. A transpose has the same median.
    """
    values = np.empty((16, 16), np.float32)
    keys = np.empty(256, np.int32)
    for pattern in range(slots.shape[0]):
        for i in range(16):
            for j in range(16):
                # Coefficient (0, 0) is frequency (1, 1): the odd frequencies are the ones negated.
                negated = ((pattern >> 1) & (i + 1)) ^ (pattern & (j + 1) & 1)
                value = coefficients[i, j] + np.float32(0.0)  # no negative zero: it would sort lower
                values[i, j] = np.float32(0.0) - value if negated & 1 else value
        raw = values.reshape(256).view(np.int32)
        for i in range(256):
            keys[i] = _ordered_key(raw[i])
        median = _lower_median(keys)
        if slots[pattern, 0] >= 0:
            _pack_bits(keys, median, False, codes[slots[pattern, 0]])
        if slots[pattern, 1] >= 0:
            _pack_bits(keys, median, True, codes[slots[pattern, 1]])


@njit
def hash_blocks(blocks: Any, dct: Any, dct_transposed: Any, slots: Any, codes: Any, qualities: Any) -> None:
    """Fills ``codes`` uint8 (n, hashes, 32) and ``qualities`` int32 (n,) from float32 blocks (n, 64, 64)."""
    coefficients = np.empty((16, 16), np.float32)
    for n in range(blocks.shape[0]):
        qualities[n] = _quality_of(blocks[n])
        _coefficients_into(blocks[n], dct, dct_transposed, coefficients)
        _oriented_bits_into(coefficients, slots, codes[n])
