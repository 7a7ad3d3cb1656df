"""Made-up vPDQ hashes."""

from __future__ import annotations

import numpy as np

from holdfast.hashing.video import VideoHash

__all__ = ["video_hash"]


def video_hash(seed: int, count: int, quality: int = 90) -> VideoHash:
    """``count`` frames a second apart, with codes of 128 ones that hang on ``seed`` alone."""
    rng = np.random.default_rng(seed)
    bits = np.argsort(rng.random((count, 256)), axis=1) < 128
    return VideoHash(
        np.arange(count, dtype=np.int64) * 25,
        np.arange(count, dtype=np.float64),
        np.full(count, quality, np.int32),
        np.packbits(bits, axis=1).reshape(count, 32),
    )
