"""Newly added codes, few enough to be scanned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Tail"]

_NOTHING = np.zeros(0, np.uint8)
_NOTHING.setflags(write=False)


@dataclass(frozen=True, slots=True)
class Tail:
    """The first ``count`` rows of arrays that may be longer: rows behind it belong to later states.

    ``codes`` uint64 (room, 4) in the index's bit order, ``ids`` int64 (room,); ``codes`` is a read-only view
    of ``_writable``. ``dead`` is a bit map of removed rows, uint8 (ceil(room / 8),), or (0,) while there are
    none, and ``removed`` is how many there are.
    """

    codes: npt.NDArray[np.uint64]
    ids: npt.NDArray[np.int64]
    dead: npt.NDArray[np.uint8]
    count: int
    removed: int
    _writable: npt.NDArray[np.uint64]

    @classmethod
    def empty(cls) -> Tail:
        return cls._over(np.zeros((0, 4), np.uint64), np.zeros(0, np.int64), _NOTHING, 0, 0)

    @classmethod
    def _over(
        cls,
        codes: npt.NDArray[np.uint64],
        ids: npt.NDArray[np.int64],
        dead: npt.NDArray[np.uint8],
        count: int,
        removed: int,
    ) -> Tail:
        seen = codes.view()
        seen.setflags(write=False)  # as in segments, so that kernels are compiled for one kind of array
        dead.setflags(write=False)
        return cls(seen, ids, dead, count, removed, codes)

    def __len__(self) -> int:
        return self.count

    @property
    def living(self) -> int:
        return self.count - self.removed

    def alive(self) -> npt.NDArray[np.bool_]:
        """bool (count,): which rows were not removed."""
        if not len(self.dead):
            return np.ones(self.count, np.bool_)
        alive: npt.NDArray[np.bool_] = np.unpackbits(self.dead, count=self.count, bitorder="little") == 0
        return alive

    def with_added(self, codes: npt.NDArray[np.uint64], ids: npt.NDArray[np.int64]) -> Tail:
        """The tail with more rows. Only the newest tail may be added to: it writes behind its count."""
        count = self.count + len(codes)
        all_codes, all_ids, dead = self._writable, self.ids, self.dead
        if count > len(all_codes):
            room = max(256, 2 * count)
            all_codes, all_ids = np.zeros((room, 4), np.uint64), np.zeros(room, np.int64)
            all_codes[: self.count], all_ids[: self.count] = self.codes[: self.count], self.ids[: self.count]
            if len(dead):
                dead = np.concatenate([dead, np.zeros(-(-room // 8) - len(dead), np.uint8)])
        all_codes[self.count : count] = codes
        all_ids[self.count : count] = ids
        return self._over(all_codes, all_ids, dead, count, self.removed)

    def without(self, ids: npt.NDArray[np.int64]) -> Tail:
        """The tail with the rows of these ids marked as removed."""
        places = np.flatnonzero(np.isin(self.ids[: self.count], ids) & self.alive())
        if len(places) == 0:
            return self
        dead = self.dead.copy() if len(self.dead) else np.zeros(-(-len(self.ids) // 8), np.uint8)
        np.bitwise_or.at(dead, places >> 3, np.left_shift(1, places & 7).astype(np.uint8))
        return self._over(self._writable, self.ids, dead, self.count, self.removed + len(places))
