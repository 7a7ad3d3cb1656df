"""The compiled loop of local features: which of them stand still."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit

__all__ = ["standing_into"]

_ODD, _PAIRS, _FOURS = (
    np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F),
)  # fmt: skip
_ONES, _1, _2, _4, _56 = (
    np.uint64(0x0101010101010101),
    np.uint64(1),
    np.uint64(2),
    np.uint64(4),
    np.uint64(56),
)


@njit
def _bits(word: Any) -> Any:
    """How many bits of an uint64 are set (Warren, Hacker's Delight, 5-1)."""
    word = word - ((word >> _1) & _ODD)
    word = (word & _PAIRS) + ((word >> _2) & _PAIRS)
    word = (word + (word >> _4)) & _FOURS
    return np.int64((word * _ONES) >> _56)


@njit
def standing_into(codes: Any, places: Any, starts: Any, reach_px: Any, radius: Any, share: Any) -> None:
    """Fills ``share`` float32 (n,): in how many of the other pictures a feature has one like it in its place.

    ``codes`` uint64 (n, 4) and ``places`` float32 (n, 2), sorted by x within each picture, which begin at
    ``starts`` int64 (k + 1,).
    """
    pictures = starts.shape[0] - 1
    for own in range(pictures):
        for other in range(pictures):
            if other == own:
                continue
            first = starts[other]
            for row in range(starts[own], starts[own + 1]):
                x, y = places[row, 0], places[row, 1]
                while first < starts[other + 1] and places[first, 0] < x - reach_px:
                    first += 1
                place = first
                while place < starts[other + 1] and places[place, 0] <= x + reach_px:
                    if abs(places[place, 1] - y) <= reach_px:
                        bits = _bits(codes[row, 0] ^ codes[place, 0]) + _bits(codes[row, 1] ^ codes[place, 1])
                        if bits <= radius:
                            bits += _bits(codes[row, 2] ^ codes[place, 2])
                            bits += _bits(codes[row, 3] ^ codes[place, 3])
                            if bits <= radius:
                                share[row] += np.float32(1)
                                break
                    place += 1
    for row in range(share.shape[0]):
        share[row] /= np.float32(max(1, pictures - 1))
