"""Other people's video hashes, where they are installed: how a file is hashed, and how like two hashes are.

``vpdq`` is the C++ package, which only hashes: the rules by which its hashes match are those of
`ClassicMatch`. TMK is the port in ``perception``, at both levels and at its 15 frames a second.
"""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["TMK_LEVELS", "TMK_LIKE", "Codes", "Tmk", "Vectors", "Vpdq", "tmk", "vpdq"]

TMK_LEVELS = ("TMK level 1", "TMK level 2")
TMK_LIKE = 0.7  # both of its levels, by its own README

Codes = tuple[np.ndarray, np.ndarray]  # uint8 (n, 32), and qualities (n,)
Vectors = tuple[np.ndarray, ...]  # one a level


class Vpdq:
    """The vPDQ package."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def hash_file(self, path: Path) -> Codes | None:
        """One frame a second, as it counts frames; None where it fails on the file."""
        try:
            features = self._module.computeHash(str(path), seconds_per_hash=1)
        except Exception:  # noqa: BLE001 - it raises no other class
            return None
        codes = np.array([list(bytes.fromhex(one.hex)) for one in features], np.uint8).reshape(-1, 32)
        return codes, np.array([one.quality for one in features], np.int64)

    def speed(self, path: Path) -> float:
        """Seconds of processor time that it takes for a file, in one thread."""
        started = time.process_time()
        self._module.computeHash(str(path), seconds_per_hash=1, thread_count=1)
        return time.process_time() - started


class Tmk:
    """TMK, both levels, by perception."""

    def __init__(self, hashers: Any) -> None:
        self._levels = hashers.TMKL1(), hashers.TMKL2()

    def hash_file(self, path: Path) -> Vectors | None:
        """A vector for each level; None where it fails on the file (as on a black first frame)."""
        try:
            return tuple(
                np.asarray(level.compute(str(path), hash_format="vector", errors="raise"), np.float32)
                for level in self._levels
            )
        except (AssertionError, ValueError, TypeError, OSError):
            return None

    def likeness(self, one: Vectors, other: Vectors) -> tuple[float, float]:
        """How alike two files are at either level, 1 for equal ones."""
        first, second = (
            1 - float(np.squeeze(level.compute_distance(a, b, hash_format="vector")))
            for level, a, b in zip(self._levels, one, other, strict=True)
        )
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
