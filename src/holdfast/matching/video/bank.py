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

__all__ = ["VideoBank"]

_LEAST_ROOM = 1024


class VideoBank:
    """Listed videos as plain vPDQ hashes, with an exact index over their frames. Safe for many threads.

    Needs 37 bytes a frame beside the index's own. Videos may be added and removed at any time; the room of
    removed ones is used again only when the bank is made anew.
    """

    def __init__(self) -> None:
        self.index = HammingIndex()
        self._lock = threading.Lock()
        self._codes = np.empty((0, 32), np.uint8)
        self._quality = np.empty(0, np.uint8)
        self._time_s = np.empty(0, np.float32)
        self._video = np.empty(0, np.int32)  # of each frame, its number in the order of addition
        self._places: list[tuple[int, int]] = []  # first frame and end of each video
        self._ids: list[int] = []
        self._numbers: dict[int, int] = {}
        self._used = 0

    @classmethod
    def of(
        cls,
        videos: Iterable[tuple[int, npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]],
    ) -> VideoBank:
        """From (id, codes uint8 (m, 32), quality (m,), time in seconds (m,)) of each video."""
        bank = cls()
        for video_id, codes, quality, time_s in videos:
            bank._store(video_id, codes, quality, time_s)
        bank._list(0, bank._used)
        return bank

    def __len__(self) -> int:
        """How many videos are listed."""
        return len(self._numbers)

    @property
    def frames(self) -> int:
        """How many frames can be found."""
        return len(self.index)

    @property
    def ids(self) -> list[int]:
        """The listed videos, in the order in which they were added."""
        return list(self._numbers)

    def add(self, video_id: int, codes: npt.ArrayLike, quality: npt.ArrayLike, time_s: npt.ArrayLike) -> None:
        """Lists one more video, found by every later search.

        Raises ValueError for shapes that do not fit each other, and for an id that is listed already.
        """
        first = self._used
        self._store(video_id, codes, quality, time_s)
        self._list(first, self._used)

    def remove(self, video_id: int) -> bool:
        """No longer finds a video. Whether it was listed."""
        with self._lock:
            number = self._numbers.pop(video_id, None)
        if number is None:
            return False
        self.index.remove(np.arange(*self._places[number]))
        return True

    def reference(self, video_id: int) -> VideoReference:
        """A listed video as queries are compared with it. Raises KeyError."""
        first, end = self._places[self._numbers[video_id]]
        return VideoReference.of(
            self._codes[first:end], self._quality[first:end], self._time_s[first:end].astype(np.float64)
        )

    def codes_of(self, frames: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Codes uint8 (n, 32) of frames by their numbers in the index."""
        return self._codes[frames]

    def videos_of(self, frames: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """The number of the video of each frame; `video_id` names it."""
        return self._video[frames]

    def video_id(self, number: int) -> int:
        """The id of a video by its number."""
        return self._ids[number]

    def _store(
        self, video_id: int, codes: npt.ArrayLike, quality: npt.ArrayLike, time_s: npt.ArrayLike
    ) -> None:
        checked, score, times = checked_codes(codes), np.asarray(quality), np.asarray(time_s)
        count = len(checked)
        if score.shape != (count,) or times.shape != (count,):
            raise ValueError(f"{count} codes came with {score.shape} qualities and {times.shape} times")
        with self._lock:
            if video_id in self._numbers:
                raise ValueError(f"video {video_id} is listed already")
            first, end = self._used, self._used + count
            self._grow(end)
            self._codes[first:end], self._quality[first:end] = checked, score
            self._time_s[first:end], self._video[first:end] = times, len(self._places)
            self._numbers[video_id] = len(self._places)
            self._places.append((first, end))
            self._ids.append(video_id)
            self._used = end

    def _grow(self, wanted: int) -> None:
        """Makes room. Those who still read the old arrays are not disturbed."""
        room = len(self._quality)
        if wanted <= room:
            return
        larger = max(_LEAST_ROOM, wanted, room + room // 2)
        for name in ("_codes", "_quality", "_time_s", "_video"):
            old = getattr(self, name)
            new = np.empty((larger, *old.shape[1:]), old.dtype)
            new[: self._used] = old[: self._used]
            setattr(self, name, new)

    def _list(self, first: int, end: int) -> None:
        """Puts frames with features enough into the index."""
        rows = first + np.flatnonzero(self._quality[first:end] > NO_QUALITY)
        self.index.add(self._codes[rows], rows)
