"""Other people's video hashes, on the same files, where they are installed.

``vpdq`` is the C++ package; it wants a file on disk. TMK is the port in ``perception``.
"""

from __future__ import annotations

import importlib
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.matching.video.classic import ClassicMatch, classic_match

__all__ = ["Tmk", "Vpdq", "tmk", "vpdq"]


class Vpdq:
    """The vPDQ package: hashes, and its percentages."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def hash_file(self, path: Path) -> tuple[np.ndarray, np.ndarray]:
        """Codes uint8 (n, 32) and qualities (n,), one frame a second by its own rule."""
        features = self._module.computeHash(str(path), seconds_per_hash=1)
        codes = np.array([list(bytes.fromhex(one.hex)) for one in features], np.uint8).reshape(-1, 32)
        return codes, np.array([one.quality for one in features], np.int64)

    def hash_bytes(self, data: bytes) -> tuple[np.ndarray, np.ndarray]:
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            file.write(data)
            file.flush()
            return self.hash_file(Path(file.name))

    def speed(self, path: Path) -> float:
        """Seconds that it takes for a file, in one thread."""
        started = time.perf_counter()
        self._module.computeHash(str(path), seconds_per_hash=1, thread_count=1)
        return time.perf_counter() - started

    @staticmethod
    def match(query: tuple[np.ndarray, np.ndarray], reference: tuple[np.ndarray, np.ndarray]) -> ClassicMatch:
        return classic_match(*query, *reference, inclusive=False)


class Tmk:
    """TMK, both levels, by perception."""

    def __init__(self, hashers: Any) -> None:
        self._level1, self._level2 = hashers.TMKL1(), hashers.TMKL2()

    def hash_file(self, path: Path) -> tuple[np.ndarray, np.ndarray] | None:
        """Both vectors; None where it fails on the file (as on a black first frame)."""
        try:
            one = self._level1.compute(str(path), hash_format="vector", errors="raise")
            two = self._level2.compute(str(path), hash_format="vector", errors="raise")
        except (AssertionError, ValueError, TypeError, OSError):
            return None
        return np.asarray(one, np.float64), np.asarray(two, np.float64)

    def hash_bytes(self, data: bytes) -> tuple[np.ndarray, np.ndarray] | None:
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            file.write(data)
            file.flush()
            return self.hash_file(Path(file.name))

    def scores(
        self, one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]
    ) -> tuple[float, float]:
        """Similarity at both levels, 1 for equal."""
        first = 1.0 - float(self._level1.compute_distance(one[0], other[0], hash_format="vector"))
        second = 1.0 - float(self._level2.compute_distance(one[1], other[1], hash_format="vector"))
        return first, second


def vpdq() -> Vpdq | None:
    """The vPDQ package, None where it is not installed."""
    try:
        return Vpdq(importlib.import_module("vpdq"))
    except ImportError:
        return None


def tmk() -> Tmk | None:
    """perception's TMK, None where it is not installed."""
    try:
        return Tmk(importlib.import_module("perception.hashers"))
    except ImportError:
        return None
