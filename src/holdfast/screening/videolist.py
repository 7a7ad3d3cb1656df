"""The listed videos, mapped from the newest generation, and kept fresh by following the fingerprint log.

As `lists` does with photographs: what the generation's files hold is shared by all processes of a host, and
only what has changed since is in the memory of each. Files that are absent, damaged or foreign are built
again from the records.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from holdfast.banks.videos import changed_videos
from holdfast.errors import IndexFileError
from holdfast.records.database import Database
from holdfast.screening.generation import build_generation, newest_to_follow, only_one, read_manifest
from holdfast.screening.videofiles import open_videos

if TYPE_CHECKING:
    from holdfast.hashing.video import VideoHash
    from holdfast.matching.video import VideoBank

__all__ = ["FrameHit", "VideoList"]

WORTH_REOPENING = 100  # videos in memory that a newer generation spares

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FrameHit:
    """The nearest frame of a listed video: bits away from the code in a row, and when it is shown."""

    distance_bits: int
    row: int
    time_s: float


@dataclass(slots=True, eq=False)
class _Videos:
    """The videos of one generation, and what has changed since. ``bank`` is None while none is listed."""

    bank: VideoBank | None
    position: int
    built_at: int
    mark: str
    is_proved: bool = False


class VideoList:
    """Every active video; its ids are fingerprint ids. Safe for many threads."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()  # held by whoever brings it up to date
        self._now = _Videos(None, -1, -1, "")

    def __len__(self) -> int:
        bank = self._now.bank
        return 0 if bank is None else len(bank)

    @property
    def position(self) -> int:
        """The position of the fingerprint log up to which the videos are known; -1 at first."""
        return self._now.position

    @property
    def bank(self) -> VideoBank | None:
        """What queries are put to; None while no video is listed."""
        bank = self._now.bank
        return bank if bank is not None and len(bank) else None

    def refresh(self) -> None:
        """Takes in what has changed in the records. Raises `IndexFileError` where no files can be had."""
        with self._lock:
            if self._follow(self._now):
                self._take_in_newer()
                return
            with only_one(self._folder):
                opened = self._newest()  # another process may have built it while this waited
                if opened is None or not self._follow(opened):
                    build_generation(self._database, self._folder)
                    opened = self._newest()
                    if opened is None:
                        raise IndexFileError(
                            f"The files of listed videos in {self._folder} were built and cannot be read. No "
                            "video was looked up. See whether its disk is sound and has room."
                        )
                    self._follow(opened)
                self._now = opened

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

    def _newest(self, *, newer_than: int = -1) -> _Videos | None:
        """What the manifest names; None when there is none, it is damaged, or it is not newer."""
        manifest = read_manifest(self._folder)
        if manifest is None or manifest["position"] <= newer_than:
            return None
        try:
            bank = open_videos(self._folder, manifest)
            position = int(manifest["position"])
            return _Videos(bank, position, position, str(manifest["mark"]))
        except (IndexFileError, KeyError, ValueError):
            return None

    def _follow(self, videos: _Videos) -> bool:
        """Takes in the log since the videos' position; False without one, or when it is too far back."""
        with self._database.read() as connection:
            newest = newest_to_follow(self._database, connection, videos)
            if newest is None:
                return False
            if newest > videos.position:
                for video_id, video in changed_videos(connection, videos.position):
                    _change(videos, video_id, video)
                videos.position = newest
        return True

    def _take_in_newer(self) -> None:
        """Changes to files that another process built, where that spares much in memory."""
        now = self._now
        if now.bank is None or now.bank.added < WORTH_REOPENING:
            return
        opened = self._newest(newer_than=now.built_at)
        if opened is not None and self._follow(opened):
            self._now = opened


def _change(videos: _Videos, video_id: int, video: VideoHash | None) -> None:
    if videos.bank is None:
        if video is None:
            return
        from holdfast.matching.video import VideoBank

        videos.bank = VideoBank()
    videos.bank.remove(video_id)
    if video is not None:
        videos.bank.add(video_id, video.codes, video.quality, video.time_s)
