"""Made-up videos as codes, and copies of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = ["changed", "query", "random_codes", "reference", "scene"]

UInt8Array = npt.NDArray[np.uint8]


def random_codes(rng: np.random.Generator, count: int) -> UInt8Array:
    """Codes with 128 ones, as PDQ makes them: uint8 (count, 32)."""
    bits = np.argsort(rng.random((count, 256)), axis=1) < 128
    return np.packbits(bits, axis=1)


def changed(rng: np.random.Generator, codes: UInt8Array, bits: int) -> UInt8Array:
    """Codes of which ``bits`` bits differ from those given."""
    flips = np.argsort(rng.random((len(codes), 256)), axis=1) < bits
    return codes ^ np.packbits(flips, axis=1)


def scene(rng: np.random.Generator, count: int, bits: int = 24) -> UInt8Array:
    """One picture at ``count`` moments, each ``bits`` away from it: a fixed camera in one room."""
    return changed(rng, np.repeat(random_codes(rng, 1), count, axis=0), bits)


def reference(codes: UInt8Array, step_s: float = 1.0) -> VideoReference:
    return VideoReference.of(codes, np.full(len(codes), 80), np.arange(len(codes)) * step_s)


def query(*views: UInt8Array, step_s: float = 0.5, quality: int = 80) -> VideoQuery:
    names = tuple(f"view {number}" for number in range(len(views)))
    codes = np.stack(views)
    shape = codes.shape[:2]
    times = np.arange(shape[1], dtype=np.float64) * np.float64(step_s)
    return VideoQuery.of(codes, np.full(shape, quality), times, step_s=step_s, families=names, words=names)
