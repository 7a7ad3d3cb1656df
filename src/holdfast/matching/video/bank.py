"""The frames of many listed videos, and the search for those that a query may be a copy of."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from holdfast.matching.bits import checked_codes
from holdfast.matching.hamming import HammingIndex
from holdfast.matching.video.evidence import NO_QUALITY
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.shelves import BuiltShelf, GrowingShelf, Rows

__all__ = ["VideoBank", "rows_of"]

Int64Array = npt.NDArray[np.int64]


class VideoBank:
    """Listed videos as plain vPDQ hashes, with an exact index over their frames. Safe for many threads.

    What was built into files (`holdfast.matching.video.stored`) is mapped; what is added later is kept in
    memory, 41 bytes a frame beside the index's own. Videos may be added and removed at any time; the room of
    removed ones is used again only when the bank is made anew. Frames are numbered through both.
    """

    def __init__(self, built: BuiltShelf | None = None, index: HammingIndex | None = None) -> None:
        self.index = HammingIndex() if index is None else index
        self._lock = threading.Lock()
        self._built = BuiltShelf.empty() if built is None else built
        self._added = GrowingShelf()
        self._numbers: dict[int, int] = {}  # of the added videos that are listed
        self._gone: set[int] = set()  # numbers of the built videos that are no longer listed

    @classmethod
    def of(
        cls,
        videos: Iterable[tuple[int, npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]],
    ) -> VideoBank:
        """From (id, codes uint8 (m, 32), quality (m,), time in seconds (m,)) of each video."""
        bank = cls()
        for video_id, codes, quality, time_s in videos:
            bank._store(video_id, rows_of(codes, quality, time_s))
        bank._list(0, bank._added.frames)
        return bank

    def __len__(self) -> int:
        """How many videos are listed."""
        return len(self._built.ids) - len(self._gone) + len(self._numbers)

    @property
    def frames(self) -> int:
        """How many frames can be found."""
        return len(self.index)

    @property
    def added(self) -> int:
        """How many videos were added or removed since the files were built: what is kept in memory."""
        return len(self._added.ids) + len(self._gone)

    @property
    def ids(self) -> list[int]:
        """The listed videos: those of the files by rising ids, then the others as they were added."""
        built = (one for number, one in enumerate(self._built.ids.tolist()) if number not in self._gone)
        return [*built, *self._numbers]

    def add(self, video_id: int, codes: npt.ArrayLike, quality: npt.ArrayLike, time_s: npt.ArrayLike) -> None:
        """Lists one more video, found by every later search.

        Raises ValueError for shapes that do not fit each other, and for an id that is listed already.
        """
        first, end = self._store(video_id, rows_of(codes, quality, time_s))
        self._list(first, end)

    def remove(self, video_id: int) -> bool:
        """No longer finds a video. Whether it was listed."""
        with self._lock:
            number = self._number(video_id)
            if number is None:
                return False
            if number < len(self._built.ids):
                self._gone.add(number)
            else:
                del self._numbers[video_id]
        self.index.remove(np.arange(*self._span(number)))
        return True

    def reference(self, video_id: int) -> VideoReference | None:
        """A listed video as queries are compared with it; None where it is not listed, or no longer."""
        number = self._number(video_id)
        if number is None:
            return None
        first, end = self._span(number)
        shelf, start = self._shelf(first)
        part = shelf.rows.part(first - start, end - start).copied()
        return VideoReference.of(part.codes, part.quality, part.time_ms / 1000)

    def videos_of(self, frames: Int64Array) -> Int64Array:
        """The number of the video of each frame, by its number in the index; `video_id` names it."""
        border = self._built.frames
        numbers = self._built.numbers_of(frames)
        late = frames >= border
        if late.any():
            numbers[late] = self._added.numbers_of(frames[late] - border) + len(self._built.ids)
        return numbers

    def video_id(self, number: int) -> int:
        """The id of a video by its number."""
        built = len(self._built.ids)
        return int(self._built.ids[number]) if number < built else self._added.ids[number - built]

    def shown(self, frame: int) -> tuple[int, int, float]:
        """(id of its video, quality, time in seconds) of a frame by its number in the index."""
        shelf, start = self._shelf(frame)
        number = int(self.videos_of(np.array([frame], np.int64))[0])
        quality, time_ms = shelf.rows.quality[frame - start], shelf.rows.time_ms[frame - start]
        return self.video_id(number), int(quality), float(time_ms) / 1000

    def _shelf(self, frame: int) -> tuple[BuiltShelf | GrowingShelf, int]:
        """The shelf that a frame stands on, and the number of the first frame there."""
        border = self._built.frames
        return (self._built, 0) if frame < border else (self._added, border)

    def _number(self, video_id: int) -> int | None:
        number = self._numbers.get(video_id)
        if number is None:
            number = self._built.number(video_id)
        return None if number in self._gone else number

    def _span(self, number: int) -> tuple[int, int]:
        built = len(self._built.ids)
        if number < built:
            return self._built.span(number)
        first, end = self._added.span(number - built)
        return first + self._built.frames, end + self._built.frames

    def _store(self, video_id: int, rows: Rows) -> tuple[int, int]:
        with self._lock:
            if self._number(video_id) is not None:
                raise ValueError(f"video {video_id} is listed already")
            number = self._added.add(video_id, rows) + len(self._built.ids)
            self._numbers[video_id] = number
            return self._span(number)

    def _list(self, first: int, end: int) -> None:
        """Puts added frames with features enough into the index."""
        border = self._built.frames
        part = self._added.rows.part(first - border, end - border)
        rows = np.flatnonzero(part.quality > NO_QUALITY)
        self.index.add(part.codes[rows], first + rows)


def rows_of(codes: npt.ArrayLike, quality: npt.ArrayLike, time_s: npt.ArrayLike) -> Rows:
    """Frames as they are kept. Raises ValueError where their shapes do not fit together."""
    checked, score, times = checked_codes(codes), np.asarray(quality), np.asarray(time_s)
    count = len(checked)
    if score.shape != (count,) or times.shape != (count,):
        raise ValueError(f"{count} codes came with {score.shape} qualities and {times.shape} times")
    return Rows(
        checked, score.astype(np.uint8), np.clip(np.rint(times * 1000.0), 0, 2**32 - 1).astype(np.uint32)
    )
