"""Made-up videos to fill a bank with: one to ten minutes each, cut into shots of 2 to 10 seconds.

A shot's code is drawn at random, or is a real one with an eighth of its bits changed, so that the regular
ones among real codes have their likes; its frames differ from it by some 16 bits. The real ones are to be
of other sources than what is looked for: of those they would be no strangers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.stored import Video

__all__ = ["FIRST_STRANGER", "lengths", "sparse", "strangers"]

FIRST_STRANGER = 1_000_000


def lengths(frames: int, seed: int = 5) -> list[int]:
    """Frames of each video, ``frames`` in all, one a second."""
    rng, out, made = np.random.default_rng(seed), [], 0
    while made < frames:
        out.append(min(int(rng.integers(60, 601)), frames - made))
        made += out[-1]
    return out


def strangers(counts: Sequence[int], real: npt.NDArray[np.uint8], seed: int = 6) -> Iterator[Video]:
    """Videos of so many frames each, by rising ids from `FIRST_STRANGER` on. ``real`` is uint8 (n, 32)."""
    rng = np.random.default_rng(seed)
    for number, count in enumerate(counts):
        seconds = rng.integers(2, 11, count // 2 + 1)
        shots = np.repeat(np.arange(len(seconds)), seconds)[:count]
        bases = rng.integers(0, 2**64, (len(seconds), 4), dtype=np.uint64)
        copied = rng.random(len(seconds)) < 0.5
        drawn = real[rng.integers(0, len(real), len(seconds))].view(np.uint64)
        bases = np.where(copied[:, np.newaxis], drawn ^ sparse(rng, (len(seconds), 4), 3), bases)
        codes = bases[shots] ^ sparse(rng, (count, 4), 4)
        yield FIRST_STRANGER + number, codes.view(np.uint8), np.full(count, 90), np.arange(float(count))


def sparse(rng: np.random.Generator, shape: tuple[int, ...], thinned: int) -> npt.NDArray[np.uint64]:
    """Random words in which one bit in 2 ** ``thinned`` is set."""
    words = rng.integers(0, 2**64, shape, dtype=np.uint64)
    for _ in range(thinned - 1):
        words &= rng.integers(0, 2**64, shape, dtype=np.uint64)
    return words
