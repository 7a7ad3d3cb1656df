"""Which digests might be listed: a set of 64-bit keys that says *certainly not* in a microsecond.

Nearly every upload matches nothing. Its digests are looked for here first, and the records are asked only
where a key is there: a key is the beginning of a digest, so equal digests have equal keys, and of a million
listed ones about one upload in 6e12 has the key of another by chance. Withdrawn digests stay until the set
is built again: the records have the last word.

    keys    uint64, sorted, mapped from a file of `segments`
    tail    what was added since, in memory
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.errors import IndexFileError
from holdfast.matching.segments import SectionWriter, read_sections

__all__ = ["DigestSet", "digest_keys"]

KEY_BYTES = 8
TAIL_KEYS = 65_536  # more keys added than this are sorted in with the others: a set of ints is 100 bytes each

UInt64Array = npt.NDArray[np.uint64]
# Keys of different algorithms share one set: a digest must not pass for one of another algorithm.
_SALTS = {"md5": 0, "sha1": 0x9E3779B97F4A7C15, "sha256": 0xD1B54A32D192ED03}


def digest_keys(algorithm: str, values: bytes, width: int) -> UInt64Array:
    """The keys of digests that lie one after the other in ``values``, ``width`` bytes each: uint64 (n,)."""
    digests = np.frombuffer(values, np.uint8).reshape(-1, width)
    keys = np.ascontiguousarray(digests[:, :KEY_BYTES]).view("<u8").reshape(-1)
    salted: UInt64Array = keys ^ np.uint64(_SALTS[algorithm])
    return salted


class DigestSet:
    """Keys that may be listed. Reading is safe while another thread adds; one thread adds at a time."""

    def __init__(self, keys: UInt64Array | None = None) -> None:
        self._keys = np.zeros(0, np.uint64) if keys is None else keys
        self._tail: set[int] = set()

    def __len__(self) -> int:
        return len(self._keys) + len(self._tail)

    def add(self, keys: UInt64Array) -> None:
        """Adds keys, uint64 (n,); those that are there already do no harm."""
        tail = self._tail
        tail.update(keys.tolist())
        if len(tail) > TAIL_KEYS:
            together = np.concatenate([self._keys, np.fromiter(tail, np.uint64, len(tail))])
            self._keys = np.unique(together)
            self._tail = set()  # after the keys, so that a reader finds each in one of the two

    def may_hold(self, keys: Sequence[int]) -> bool:
        """Whether any of these few keys is there."""
        tail, sorted_keys = self._tail, self._keys
        if any(key in tail for key in keys):
            return True
        return any(_holds(sorted_keys, key) for key in keys)

    def which(self, keys: UInt64Array) -> npt.NDArray[np.bool_]:
        """Which of many keys are there: bool (n,)."""
        tail, sorted_keys = self._tail, self._keys
        found = np.zeros(len(keys), np.bool_)
        if len(sorted_keys):
            places = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
            found = sorted_keys[places] == keys
        if tail:
            found |= np.fromiter((key in tail for key in keys.tolist()), np.bool_, len(keys))
        return found

    @staticmethod
    def build(path: Path, keys: UInt64Array, properties: dict[str, Any]) -> None:
        """Writes a set to a file, which appears whole or not at all. ``properties`` (JSON) go with it."""
        unique = np.unique(keys)
        writer = SectionWriter(path)
        try:
            writer.section("keys", "<u8", unique.shape)[...] = unique
            writer.commit({"caller": properties})
        finally:
            writer.abandon()

    @classmethod
    def open(cls, path: Path) -> tuple[DigestSet, dict[str, Any]]:
        """A set mapped from a file, and its properties. Raises `IndexFileError`."""
        properties, sections = read_sections(path)
        keys = sections.get("keys")
        if keys is None or keys.dtype != np.dtype("<u8") or keys.ndim != 1:
            raise IndexFileError(f"{path}: this is no set of digests. It was not used. Remove it.")
        caller: dict[str, Any] = properties.get("caller", {})
        return cls(keys), caller


def _holds(keys: UInt64Array, key: int) -> bool:
    wanted = np.uint64(key)
    place = int(np.searchsorted(keys, wanted))
    return place < len(keys) and bool(keys[place] == wanted)
