"""A video through all its tracks: decoded, hashed, looked up among listed videos and listed pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from holdfast.decisions.vocabulary import DECISIVE_DISTANCE_BITS, PLAIN_VIEWS
from holdfast.errors import NotMatchableError, UnreadableError
from holdfast.hashing.code import CODE_BYTES, MIN_QUALITY
from holdfast.hashing.video import VideoHash
from holdfast.hashing.videoviews.pieces import STEP_S, every_s, pieces
from holdfast.media.types import Reason, VideoLimits, VideoMode
from holdfast.screening.checked import Checked
from holdfast.screening.videocloser import looked_closer

if TYPE_CHECKING:
    from holdfast.hashing.videoviews import VideoViews
    from holdfast.matching.video import BankMatch, VideoBank
    from holdfast.matching.video.local_bank import LocalBank
    from holdfast.media.pool import DecodePool
    from holdfast.media.types import VideoFrame
    from holdfast.media.videoreader import VideoReader
    from holdfast.screening.lists import ListIndex

__all__ = ["PictureHit", "Progress", "Source", "VideoLook", "look_at_video", "opened"]

VIDEO = "video"
_LEAST_CLOSER_S, _CLOSER_SHARE = 5.0, 0.25  # of time for a closer look, and of what the first one took

Progress = Callable[[float, float | None], None]
Source = bytes | Path


@dataclass(frozen=True, slots=True)
class PictureHit:
    """A frame near a listed picture: how near, which frame, in which view."""

    distance_bits: int
    frame: int
    time_s: float
    code: bytes = field(repr=False)
    family: str
    words: str


@dataclass(frozen=True, slots=True)
class VideoLook:
    """What was found, and how far it could be looked. ``pictures`` by fingerprint, the nearest first.

    ``plain`` is the vPDQ hash of what was looked at, nearly: its frames were decoded a little faster.
    ``compared`` is how many codes were looked up among pictures; ``length_s`` the time that was looked at.
    """

    checked: Checked
    finds: tuple[BankMatch, ...]
    plain: VideoHash
    pictures: dict[int, list[PictureHit]]
    compared: int
    length_s: float

    @property
    def has_match(self) -> bool:
        """Whether it shows a listed video beyond doubt."""
        return any(find.match.is_sure for find in self.finds)


def look_at_video(
    pool: DecodePool,
    limits: VideoLimits,
    source: Source,
    bank: VideoBank | None,
    lists: ListIndex,
    on_progress: Progress | None = None,
    *,
    keyframes: bool = False,
    local: LocalBank | None = None,
) -> VideoLook:
    """Every track with pictures: videos in the order of players, covers last. Raises `UnreadableError`.

    With ``keyframes`` only frames that stand alone are looked at first. That is all where they are a match,
    and where nothing is found: the answer then says that the rest was not looked at. Where something is found
    that is no match, all of the video is looked at. ``local`` are the local features of listed videos, which
    are asked where codes find no match.
    """
    if keyframes:
        look = _looked(_Look(pool, limits, bank, lists, VideoMode.KEYFRAMES), source, on_progress)
        if look.has_match or not (look.finds or look.pictures):
            return look
    return _looked(_Look(pool, limits, bank, lists, VideoMode.QUICK, local), source, on_progress)


def _looked(work: _Look, source: Source, on_progress: Progress | None) -> VideoLook:
    number, tracks = 0, 1
    while number < tracks and work.has_time(number):
        tracks = max(tracks, work.track(source, number, on_progress))
        number += 1
    work.look_closer(source)
    return work.result()


class _Look:
    """The tracks of one file, one after the other."""

    def __init__(
        self,
        pool: DecodePool,
        limits: VideoLimits,
        bank: VideoBank | None,
        lists: ListIndex,
        mode: VideoMode,
        local: LocalBank | None = None,
    ) -> None:
        self._local = local
        self._pool, self._limits, self._bank, self._lists, self._mode = pool, limits, bank, lists, mode
        self._finds: list[BankMatch] = []
        self._pictures: dict[int, list[PictureHit]] = {}
        self._problem: tuple[Reason, str] | None = None
        self._compared = 0
        self._length_s = 0.0
        self._has_features = False
        self._plain: list[VideoHash] = []
        self._tracks: list[tuple[int, list[list[BankMatch]]]] = []
        self._started_s = time.monotonic()
        self._until_s = self._started_s + limits.wall_s  # for all tracks together: a file may have many

    def has_time(self, number: int) -> bool:
        """Whether there is any left for track ``number``; that there is none is noted."""
        if time.monotonic() < self._until_s:
            return True
        words = f"tracks from number {number} on were not looked at within {self._limits.wall_s:g} s"
        self._note(Reason.TOO_SLOW, f"Not matchable as a whole: {words} ({self._limits.section}.wall_s).")
        return False

    def track(self, source: Source, number: int, on_progress: Progress | None) -> int:
        """Looks at one track; how many the file says it has."""
        try:
            with self._opened(source, number, every_s(self._mode), on_progress) as reader:
                looked = self._read(reader)
        except NotMatchableError as error:
            said = str(error) if number == 0 else f"Track {number} of the file: {error}"
            self._note(Reason(error.reason), said)
            return 1
        self._tracks.append((number, looked))
        return reader.info.tracks

    def look_closer(self, source: Source) -> None:
        """Once all tracks were looked at: what is not decided, in a share of the time that these took."""
        from holdfast.matching.video import joined

        now_s = time.monotonic()
        more_s = max(_LEAST_CLOSER_S, _CLOSER_SHARE * (now_s - self._started_s))
        self._until_s = min(self._until_s, now_s + more_s)
        bank = None if self._mode is VideoMode.KEYFRAMES else self._bank
        for number, looked in self._tracks:
            stretch = partial(self._stretch, source, number)
            self._finds += joined(looked if bank is None else looked_closer(looked, bank, stretch))

    @contextmanager
    def _opened(
        self,
        source: Source,
        track: int,
        every: float,
        on_progress: Progress | None = None,
        span_s: tuple[float, float] | None = None,
    ) -> Iterator[VideoReader]:
        """A track, or a stretch of it, within the time that is left. Raises `NotMatchableError`."""
        left_s = max(self._until_s - time.monotonic(), 0.001)
        limits = replace(self._limits, wall_s=left_s, cpu_s=min(self._limits.cpu_s, left_s))
        with (
            opened(source) as readable,
            self._pool.open_video(
                readable,
                limits,
                every_s=every,
                mode=self._mode,
                track=track,
                span_s=span_s,
                on_progress=on_progress,
            ) as reader,
        ):
            yield reader

    def _stretch(
        self, source: Source, track: int, span_s: tuple[float, float]
    ) -> AbstractContextManager[VideoReader]:
        from holdfast.hashing.videoviews.closer import CLOSE_S

        return self._opened(source, track, CLOSE_S, span_s=span_s)

    def result(self) -> VideoLook:
        if self._mode is VideoMode.KEYFRAMES:
            words = "only frames that stand alone were looked at (scan.keyframes_only)"
            self._note(Reason.KEYFRAMES_ONLY, f"Not matchable as a whole: {words}.")
        reason, detail = self._problem or (None, "")
        if reason is None and not self._has_features:
            reason = Reason.FEATURELESS
            detail = "Not matchable: too plain for a perceptual hash. Equal files would still be found."
        for hits in self._pictures.values():
            hits.sort(key=lambda hit: (hit.distance_bits, hit.frame))
        finds = tuple(self._finds)
        return VideoLook(
            Checked(VIDEO, reason, detail),
            finds,
            _together(self._plain),
            self._pictures,
            self._compared,
            self._length_s,
        )

    def _read(self, reader: VideoReader) -> list[list[BankMatch]]:
        """Looks at all of it; what was found of each piece."""
        from holdfast.hashing.videoviews import video_views

        looked, plain = [], list[VideoHash]()
        for piece in pieces(reader, self._mode):
            views = None  # what it keeps is freed before the next is made
            views = video_views(piece.frames, piece.between)
            if views is None:
                self._note(Reason.TOO_SMALL, "Not matchable: under 8 pixels high or wide.")
            else:
                frames = [frame.index for frame in piece.frames]
                due_s = 0.0 if self._mode is VideoMode.KEYFRAMES else 1.0
                plain.append(_plain(views, frames, plain, due_s))
                self._look_up_pictures(views, frames)
                looked.append(self._look_up_videos(views, piece.frames))
        self._plain += plain
        end = reader.outcome()
        self._length_s = max(self._length_s, end.duration_s)
        if end.incomplete is not None:
            self._note(end.incomplete, f"Not matchable as a whole: {end.incomplete_detail}.")
        return looked

    def _look_up_videos(self, views: VideoViews, piece: list[VideoFrame]) -> list[BankMatch]:
        from holdfast.matching.video import VideoQuery, search

        query = VideoQuery.of(
            views.codes,
            views.quality,
            views.time_s,
            step_s=STEP_S,
            families=views.families,
            words=views.words,
            fit=views.fitted,
            look=views.look,
        )
        self._has_features = self._has_features or bool((query.frames.weight > 0).any())
        if self._bank is None:
            return []
        found = search(query, self._bank)
        if self._local is None:
            return found
        from holdfast.hashing.videolocal_query import LocalQuery
        from holdfast.matching.video.local_search import search_local

        return search_local(found, query, LocalQuery(piece, STEP_S), self._bank, self._local)

    def _look_up_pictures(self, views: VideoViews, frames: list[int]) -> None:
        """Frames as they are, turned or freed of a border, as an uploaded photo is looked up."""
        plain = np.array([family in PLAIN_VIEWS for family in views.families])
        view, column = np.nonzero(plain[:, np.newaxis] & (views.quality >= MIN_QUALITY))
        if not len(view) or not len(self._lists):
            return
        codes, first = np.unique(views.codes[view, column], axis=0, return_index=True)
        self._compared += len(codes)
        rows, ids, bits = self._lists.search(codes, DECISIVE_DISTANCE_BITS)
        for row, fingerprint_id, distance in zip(rows.tolist(), ids.tolist(), bits.tolist(), strict=True):
            seen, at = int(view[first[row]]), int(column[first[row]])
            hit = PictureHit(
                distance,
                frames[at],
                float(views.time_s[at]),
                codes[row].tobytes(),
                views.families[seen],
                views.words[seen],
            )
            self._pictures.setdefault(fingerprint_id, []).append(hit)

    def _note(self, reason: Reason, detail: str) -> None:
        self._problem = self._problem or (reason, detail)


def _plain(views: VideoViews, frames: list[int], before: list[VideoHash], due_s: float) -> VideoHash:
    """The frames as they are, one in ``due_s`` seconds (0: all), of those after the pieces before."""
    last_s = max((float(part.time_s[-1]) for part in before if len(part)), default=-1.0)
    is_due = views.time_s > last_s
    if due_s:
        is_due &= np.mod(views.time_s, due_s) == 0
    rows = np.flatnonzero(is_due & (views.quality[0] >= 0))
    return VideoHash(
        np.array(frames, np.int64)[rows], views.time_s[rows], views.quality[0][rows], views.codes[0][rows]
    )


def _together(parts: list[VideoHash]) -> VideoHash:
    names = ("frame", "time_s", "quality", "codes")
    if not parts:
        no_codes = np.empty((0, CODE_BYTES), np.uint8)
        return VideoHash(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int32), no_codes)
    return VideoHash(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@contextmanager
def opened(source: Source) -> Iterator[bytes | BinaryIO]:
    """The source as the decode pool takes it. Raises `UnreadableError`."""
    if isinstance(source, bytes):
        yield source
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise UnreadableError(f"cannot be opened: {error.strerror}. It was not checked.") from error
    with file:
        yield file
