"""How regular a code is: the correction for "magnets", pictures that lie near many others by chance.

A bit of PDQ is the sign of one frequency. In a simple picture (a disc on black, a horizon, one curved edge,
stripes) the signs repeat, or alternate, from one frequency to its neighbours. Two such patterns agree or
disagree in whole areas, so two simple pictures are far more often nearly equal, or nearly opposite, than two
busy ones, though on average still half of their bits agree: what grows is the tail of their distances
(Bartlett's formula for the product of two series, each correlated in itself).

With the signs as a field of 16 x 16, regularity is the sum of squares of its autocorrelation at up to three
places along each axis, over what random signs would have. It is the same for all eight orientations. Among
other measures of repetition (how near the field is to a product of rows and columns, shorter and longer
reaches) it told best which pairs come near: see docs/decisions/0010-false-alarms.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holdfast.matching.bits import checked_codes

__all__ = ["MAX_REGULARITY", "MIN_REGULARITY", "regularity"]

MIN_REGULARITY, MAX_REGULARITY = 0.25, 256.0  # random codes lie around 1, constant ones at 184
_SIDE = 16
_REACH = 3
_LAGS = [(down, across) for down in range(_REACH + 1) for across in range(-_REACH, _REACH + 1)][_REACH + 1 :]
_BLOCK_ROWS = 8192


def regularity(codes: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Regularity of codes uint8 (n, 32): float64 (n,), around 1 for busy photographs.

    Raises ValueError for other types or shapes.
    """
    rows = checked_codes(codes).view(">u2").astype(np.uint16)
    found = np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK_ROWS):
        found[start : start + _BLOCK_ROWS] = _squares(rows[start : start + _BLOCK_ROWS])
    return np.clip(found, MIN_REGULARITY, MAX_REGULARITY)


def _squares(rows: npt.NDArray[np.uint16]) -> npt.NDArray[np.float64]:
    """Sum of squared autocorrelations of fields uint16 (n, 16), over the number of pairs of places."""
    squares, pairs = np.zeros(len(rows)), 0
    for down, across in _LAGS:
        upper, lower = rows[:, : _SIDE - down], rows[:, down:]
        shifted = lower >> abs(across) if across >= 0 else (lower << abs(across)).astype(np.uint16)
        overlap = 0xFFFF >> across if across >= 0 else 0xFFFF << -across & 0xFFFF
        differ = np.bitwise_count((upper ^ shifted) & np.uint16(overlap)).sum(axis=1, dtype=np.int64)
        both = (_SIDE - down) * (_SIDE - abs(across))
        squares += (both - 2.0 * differ) ** 2
        pairs += both
    return squares / pairs
