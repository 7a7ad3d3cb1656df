"""Newly added codes, few enough to be scanned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Tail"]


@dataclass(frozen=True, slots=True)
class Tail:
    """The first ``count`` rows of arrays that may be longer: rows behind it belong to later states.

    ``codes`` uint64 (room, 4) in the index's bit order, ``ids`` int64 (room,), ``dead`` uint8 (room,), 1 for
    removed rows, or (0,) while there are none.
    """

    codes: npt.NDArray[np.uint64]
    ids: npt.NDArray[np.int64]
    dead: npt.NDArray[np.uint8]
    count: int

    @classmethod
    def empty(cls) -> Tail:
        return cls(np.zeros((0, 4), np.uint64), np.zeros(0, np.int64), np.zeros(0, np.uint8), 0)

    def __len__(self) -> int:
        return self.count

    @property
    def living(self) -> int:
        return self.count - int(self.dead[: self.count].sum())

    def with_added(self, codes: npt.NDArray[np.uint64], ids: npt.NDArray[np.int64]) -> Tail:
        """The tail with more rows. Only the newest tail may be added to: its arrays are shared."""
        count = self.count + len(codes)
        all_codes, all_ids, dead = self.codes, self.ids, self.dead
        if count > len(all_codes):
            room = max(256, 2 * count)
            all_codes, all_ids = np.zeros((room, 4), np.uint64), np.zeros(room, np.int64)
            all_codes[: self.count], all_ids[: self.count] = self.codes[: self.count], self.ids[: self.count]
            if len(dead):
                dead = np.concatenate([dead[: self.count], np.zeros(room - self.count, np.uint8)])
        all_codes[self.count : count] = codes
        all_ids[self.count : count] = ids
        return Tail(all_codes, all_ids, dead, count)

    def without(self, ids: npt.NDArray[np.int64]) -> tuple[Tail, int]:
        """The tail with the rows of these ids marked as removed, and how many rows that were."""
        places = np.flatnonzero(np.isin(self.ids[: self.count], ids))
        if len(places) == 0:
            return self, 0
        dead = self.dead.copy() if len(self.dead) else np.zeros(len(self.codes), np.uint8)
        removed = len(places) - int(dead[places].sum())
        dead[places] = 1
        return Tail(self.codes, self.ids, dead, self.count), removed
