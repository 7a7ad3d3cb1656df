"""The listed videos in the memory of a process, kept fresh by following the fingerprint log.

They are read from the records when a process first looks, and from then on change by change: there are no
files of them. In memory a listed frame takes some 300 bytes with its share of the index (docs/video.md).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from holdfast.banks.log import last_position
from holdfast.banks.videos import active_videos, changed_videos
from holdfast.records.database import Database

if TYPE_CHECKING:
    import sqlalchemy as sa

    from holdfast.hashing.video import VideoHash
    from holdfast.matching.video import VideoBank

__all__ = ["FrameHit", "VideoList"]

FAR_BEHIND = 20_000  # changes of all lists, beyond which everything is read anew
MOST_REMOVED = 1_000  # videos, whose room is not given back before everything is read anew

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FrameHit:
    """The nearest frame of a listed video: bits away from the code in a row, and when it is shown."""

    distance_bits: int
    row: int
    time_s: float


class VideoList:
    """Every active video; its ids are fingerprint ids. Safe for many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()  # held by whoever brings it up to date
        self._bank: VideoBank | None = None  # made, and its kernels loaded, with the first video
        self._removed = 0
        self.position = -1

    def __len__(self) -> int:
        return 0 if self._bank is None else len(self._bank)

    @property
    def bank(self) -> VideoBank | None:
        """What queries are put to; None while no video is listed."""
        return self._bank if len(self) else None

    def refresh(self) -> None:
        """Takes in what has changed in the records."""
        with self._lock, self._database.read() as connection:
            newest = last_position(connection)
            if newest == self.position:
                return
            if self._may_follow(newest):
                for video_id, video in changed_videos(connection, self.position):
                    self._change(video_id, video)
            else:
                self._read_all(connection)
            self.position = newest

    def frames_near(self, codes: npt.NDArray[np.uint8], radius: int) -> Mapping[int, FrameHit]:
        """The nearest frame of each video that has one within ``radius`` bits of any code, uint8 (n, 32).

        Frames that are poor in features are near many pictures, and are left out.
        """
        bank = self.bank
        if bank is None or not len(codes):
            return {}
        from holdfast.matching.video.evidence import FULL_QUALITY

        rows, frames, bits = bank.index.range_search(codes, radius)
        found: dict[int, FrameHit] = {}
        for place in np.argsort(bits, kind="stable").tolist():
            video_id, quality, time_s = bank.shown(int(frames[place]))
            if quality >= FULL_QUALITY and video_id not in found:
                found[video_id] = FrameHit(int(bits[place]), int(rows[place]), time_s)
        return found

    def _may_follow(self, newest: int) -> bool:
        return 0 <= self.position <= newest <= self.position + FAR_BEHIND and self._removed < MOST_REMOVED

    def _read_all(self, connection: sa.Connection) -> None:
        videos = [
            (video_id, video.codes, video.quality, video.time_s)
            for video_id, video in active_videos(connection)
        ]
        self._removed = 0
        if not videos:
            self._bank = None
            return
        from holdfast.matching.video import VideoBank

        self._bank = VideoBank.of(videos)

    def _change(self, video_id: int, video: VideoHash | None) -> None:
        if self._bank is None:
            if video is None:
                return
            from holdfast.matching.video import VideoBank

            self._bank = VideoBank()
        self._removed += self._bank.remove(video_id)
        if video is not None:
            self._bank.add(video_id, video.codes, video.quality, video.time_s)
