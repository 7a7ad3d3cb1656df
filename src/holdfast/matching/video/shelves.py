"""Where a bank's frames lie: a shelf that was built into a file and is mapped, and one in memory that grows.

Frames are numbered one after the other, those of a video together. Times are whole milliseconds, as vPDQ's
own forms hold them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["BuiltShelf", "GrowingShelf", "Rows"]

_LEAST_ROOM = 1024

Int64Array = npt.NDArray[np.int64]


class Rows(NamedTuple):
    """Some frames: ``codes`` uint8 (n, 32), ``quality`` uint8 (n,), ``time_ms`` uint32 (n,)."""

    codes: npt.NDArray[np.uint8]
    quality: npt.NDArray[np.uint8]
    time_ms: npt.NDArray[np.uint32]

    def part(self, first: int, end: int) -> Rows:
        """The frames from one up to another, not copied."""
        return Rows(self.codes[first:end], self.quality[first:end], self.time_ms[first:end])

    def copied(self) -> Rows:
        """The same in arrays of their own, which may be written to."""
        return Rows(self.codes.copy(), self.quality.copy(), self.time_ms.copy())

    def fill(self, first: int, rows: Rows) -> None:
        """Puts other frames in place, from ``first`` on."""
        end = first + len(rows.quality)
        self.codes[first:end], self.quality[first:end], self.time_ms[first:end] = rows


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BuiltShelf:
    """Videos that do not change: read-only arrays, in a file or empty.

    Video k has the frames from ``firsts[k]`` up to ``firsts[k + 1]``, int64 (videos + 1,), and the id
    ``ids[k]``, int64 (videos,), rising.
    """

    rows: Rows
    firsts: Int64Array
    ids: Int64Array

    @classmethod
    def empty(cls) -> BuiltShelf:
        rows = Rows(np.empty((0, 32), np.uint8), np.empty(0, np.uint8), np.empty(0, np.uint32))
        return cls(rows, np.zeros(1, np.int64), np.zeros(0, np.int64))

    @property
    def frames(self) -> int:
        return len(self.rows.quality)

    def number(self, video_id: int) -> int | None:
        """Which of its videos has this id."""
        place = int(np.searchsorted(self.ids, video_id))
        return place if place < len(self.ids) and self.ids[place] == video_id else None

    def span(self, number: int) -> tuple[int, int]:
        """First frame and end of a video."""
        return int(self.firsts[number]), int(self.firsts[number + 1])

    def numbers_of(self, frames: Int64Array) -> Int64Array:
        """Which video each frame belongs to."""
        return np.searchsorted(self.firsts, frames, "right") - 1


class GrowingShelf:
    """Videos in memory, any number of them added one after the other. The caller holds a lock to add.

    Those who read while one is added see the arrays as they were.
    """

    def __init__(self) -> None:
        self._rows = BuiltShelf.empty().rows
        self._video = np.empty(0, np.int32)  # of each frame, its number in the order of addition
        self._spans: list[tuple[int, int]] = []
        self.ids: list[int] = []
        self.frames = 0

    def add(self, video_id: int, rows: Rows) -> int:
        """Its number."""
        first, end = self.frames, self.frames + len(rows.quality)
        self._grow(end)
        self._rows.fill(first, rows)
        number = len(self.ids)
        self._video[first:end] = number
        self._spans.append((first, end))
        self.ids.append(video_id)
        self.frames = end
        return number

    @property
    def rows(self) -> Rows:
        return self._rows

    def span(self, number: int) -> tuple[int, int]:
        """First frame and end of a video."""
        return self._spans[number]

    def numbers_of(self, frames: Int64Array) -> Int64Array:
        """Which video each frame belongs to."""
        return self._video[frames].astype(np.int64)

    def _grow(self, wanted: int) -> None:
        """Makes room. Those who still read the old arrays are not disturbed."""
        room = len(self._video)
        if wanted <= room:
            return
        larger = max(_LEAST_ROOM, wanted, room + room // 2)
        self._rows = Rows(*(_longer(array, larger, self.frames) for array in self._rows))
        self._video = _longer(self._video, larger, self.frames)


def _longer(old: npt.NDArray[Any], room: int, used: int) -> npt.NDArray[Any]:
    new = np.empty((room, *old.shape[1:]), old.dtype)
    new[:used] = old[:used]
    return new
