"""What a pair of frames says for one another: how surprising their distance would be between strangers.

In decades: -log10 P(distance <= d), from the calibrated law of unrelated pictures, which knows that simple
pictures come near each other by chance (see `holdfast.matching.calibration.regularity`). The first decades
are given away, because every pair of frames and every view is one more chance; and no pair may say more than
so much, because what two pictures have in common may be a title, a logo or a test card.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.calibration import COARSE, default_model, regularity

__all__ = [
    "CLASS_STEP",
    "FREE_DECADES",
    "FULL_QUALITY",
    "MOST_DECADES",
    "NO_QUALITY",
    "FrameCodes",
    "evidence_table",
    "frame_codes",
]

FREE_DECADES = 4.0
MOST_DECADES = 8.0
NO_QUALITY, FULL_QUALITY = 4, 30  # below the one nothing is said by a frame, from the other on all of it

CLASS_STEP = 0.25
_LOG_LOW, _CLASSES = -1.5, 29  # of one code: log regularity -1.5 to 5.75


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FrameCodes:
    """Codes of frames as the kernels read them.

    ``words`` uint64 (..., 4); ``kind`` int32 (...), the class of regularity, of which two add up to a row of
    `evidence_table`; ``weight`` float32 (...), 0 for frames to leave out and 1 for frames rich in features.
    """

    words: npt.NDArray[np.uint64]
    kind: npt.NDArray[np.int32]
    weight: npt.NDArray[np.float32]


def frame_codes(codes: npt.NDArray[np.uint8], quality: npt.NDArray[np.integer]) -> FrameCodes:
    """Codes uint8 (..., 32) with quality (...), 0..100, -1 for a frame without a code."""
    flat = np.ascontiguousarray(codes.reshape(-1, 32))
    logs = np.log(regularity(flat))
    kind = np.clip(np.rint((logs - _LOG_LOW) / CLASS_STEP), 0, _CLASSES - 1).astype(np.int32)
    rise = (quality.astype(np.float32) - NO_QUALITY) / (FULL_QUALITY - NO_QUALITY)
    return FrameCodes(
        flat.view(np.uint64).reshape(*codes.shape[:-1], 4),
        kind.reshape(quality.shape),
        np.clip(rise, 0, 1).astype(np.float32),
    )


@functools.cache
def evidence_table() -> npt.NDArray[np.float32]:
    """Evidence in decades by class of the pair and distance: float32 (57, 257), 0 or more.

    Not bounded by `MOST_DECADES`: which of two moments is nearer, it must still tell.
    """
    logs = 2 * _LOG_LOW + CLASS_STEP * np.arange(2 * _CLASSES - 1)
    family = default_model().family(COARSE)
    decades = -family.log10_probability(np.arange(257)[np.newaxis], np.exp(logs)[:, np.newaxis])
    table = np.maximum(decades - FREE_DECADES, 0).astype(np.float32)
    table.setflags(write=False)
    return table
