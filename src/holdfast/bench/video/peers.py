"""Other people's video hashes, on the same files, where they are installed.

``vpdq`` is the C++ package; TMK is the port in ``perception``, at both levels. Both want files on disk, and
are asked at their own defaults whether an edited clip is its original.
"""

from __future__ import annotations

import importlib
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.matching.video.classic import ClassicMatch, classic_match

__all__ = ["Peers", "Tmk", "Vpdq", "tmk", "vpdq"]

TMK_LIKE = 0.7  # both of its levels, by its own README

Codes = tuple[np.ndarray, np.ndarray]  # uint8 (n, 32), and qualities (n,)


class Vpdq:
    """The vPDQ package: hashes, and its percentages."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def hash_file(self, path: Path) -> Codes:
        """One frame a second, by its own rule."""
        features = self._module.computeHash(str(path), seconds_per_hash=1)
        codes = np.array([list(bytes.fromhex(one.hex)) for one in features], np.uint8).reshape(-1, 32)
        return codes, np.array([one.quality for one in features], np.int64)

    def speed(self, path: Path) -> float:
        """Seconds of processor time that it takes for a file, in one thread."""
        started = time.process_time()
        self._module.computeHash(str(path), seconds_per_hash=1, thread_count=1)
        return time.process_time() - started

    @staticmethod
    def match(query: Codes, reference: Codes) -> ClassicMatch:
        return classic_match(*query, *reference, inclusive=False)


class Tmk:
    """TMK, both levels, by perception."""

    def __init__(self, hashers: Any) -> None:
        self._levels = hashers.TMKL1(), hashers.TMKL2()

    def hash_file(self, path: Path) -> tuple[np.ndarray, ...] | None:
        """A vector for each level; None where it fails on the file (as on a black first frame)."""
        try:
            return tuple(
                np.asarray(level.compute(str(path), hash_format="vector", errors="raise"), np.float64)
                for level in self._levels
            )
        except (AssertionError, ValueError, TypeError, OSError):
            return None

    def is_match(self, one: tuple[np.ndarray, ...] | None, other: tuple[np.ndarray, ...] | None) -> bool:
        """Whether both levels are as alike as its README asks."""
        if one is None or other is None:
            return False
        return all(
            1 - float(level.compute_distance(a, b, hash_format="vector")) >= TMK_LIKE
            for level, a, b in zip(self._levels, one, other, strict=True)
        )


class Peers:
    """All peers that are installed; hashes of originals are kept."""

    def __init__(self) -> None:
        self._vpdq, self._tmk = vpdq(), tmk()
        self._originals: dict[Path, tuple[Any, Any]] = {}

    def found(self, edited: bytes, original: Path) -> dict[str, bool]:
        """Which peer, at which of its defaults, takes an edited clip for its original."""
        if original not in self._originals:
            self._originals[original] = self._hashes(original)
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            file.write(edited)
            file.flush()
            asked, known = self._hashes(Path(file.name)), self._originals[original]
        out = {}
        if self._vpdq is not None:
            match = self._vpdq.match(asked[0], known[0])
            out = {"vpdq package, any frame": match.query_percent > 0, "vpdq package, HMA": match.by_hma}
        if self._tmk is not None:
            out["TMK (perception)"] = self._tmk.is_match(asked[1], known[1])
        return out

    def _hashes(self, path: Path) -> tuple[Any, Any]:
        return (
            None if self._vpdq is None else self._vpdq.hash_file(path),
            None if self._tmk is None else self._tmk.hash_file(path),
        )


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
