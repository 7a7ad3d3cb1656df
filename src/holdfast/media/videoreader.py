"""The service's side of one video in work: frames as they come from its decode worker."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from holdfast.errors import NotMatchableError
from holdfast.media.remote import RemoteWorker
from holdfast.media.types import DecodedVideo, Reason, VideoFrame, VideoInfo, VideoLimits, VideoMode
from holdfast.media.videomessages import VideoPart, part_from_message
from holdfast.media.videotime import WHOLE, checked_span

__all__ = ["Progress", "VideoReader"]

# (seconds looked at, length in seconds as far as the file tells it)
Progress = Callable[[float, float | None], None]

_NOT_YET = VideoInfo("", "", 0, 0, None, None)  # until the first part has come


class VideoReader:
    """An iterator of the frames of one video. Only a part of them is in memory at a time.

    ``info`` is what the head of the file says. A limit, a crash or damage after the first frames
    ends the iteration early, without an error: `outcome` says so. Used by one thread.
    """

    def __init__(
        self,
        worker: RemoteWorker,
        data: bytes | memoryview | None,
        limits: VideoLimits,
        *,
        every_s: float,
        mode: VideoMode,
        min_side: int,
        track: int,
        span_s: tuple[float, float] | None = None,
        on_progress: Progress | None,
    ) -> None:
        """Decode the first part.

        Raises `NotMatchableError` for content that gives no frame, ValueError for numbers that mean nothing.
        """
        if not (math.isfinite(every_s) and every_s >= 0) or min_side < 1 or track < 0:
            raise ValueError("every_s and track begin at 0, min_side at 1")
        self._span = checked_span(span_s, every_s, mode)
        arguments = {
            "limits": asdict(limits),
            "every_s": every_s,
            "mode": mode,
            "min_side": min_side,
            "track": track,
            "span_s": span_s,
        }
        self._worker, self._limits, self._on_progress = worker, limits, on_progress
        self._parts: Iterator[tuple[Any, list[Any]]] = worker.run_in_parts("video", data, arguments)
        self._ready: deque[VideoFrame] = deque()
        self.info = _NOT_YET
        self._reached_s = self._last_s = 0.0
        self._given = self._taken = 0
        self._end: DecodedVideo | None = None
        while not self._ready and self._end is None:
            self._fetch()

    def __iter__(self) -> VideoReader:
        return self

    def __next__(self) -> VideoFrame:
        while not self._ready:
            if self._end is not None:
                raise StopIteration
            self._fetch()
        self._given += 1
        return self._ready.popleft()

    @property
    def peak_bytes(self) -> int:
        """The most memory that the decode worker has taken so far."""
        return self._worker.peak_bytes

    def outcome(self) -> DecodedVideo:
        """All but the frames, once they have all come. Raises ValueError before."""
        if self._end is None or self._ready:
            raise ValueError("the outcome of a video is known only after its last frame")
        return self._end

    def _fetch(self) -> None:
        """The next part into ``_ready``; an end for want of one is kept as the outcome."""
        known = None if self.info is _NOT_YET else self.info
        try:
            part = self._next_part(known)
        except NotMatchableError as error:
            if self._given == 0 and not self._ready:
                raise
            self._end = self._cut_short(error)
            return
        self.info = part.info or self.info
        self._taken += len(part.frames)
        self._ready.extend(part.frames)
        self._reached_s = part.reached_s
        if part.end is not None:
            self._end = part.end
        if self._on_progress is not None:
            self._on_progress(part.reached_s, self.info.duration_s)

    def _next_part(self, known: VideoInfo | None) -> VideoPart:
        """Raises `NotMatchableError`, also for what no sound worker sends."""
        try:
            value, arrays = next(self._parts)
            part = part_from_message(value, arrays, self._limits, known)
        except (ValueError, StopIteration) as error:  # an end without an outcome, too
            raise self._worker.distrust() from error
        times_s = [self._last_s, *(frame.time_s for frame in part.frames)]
        back_in_time = any(later < earlier for earlier, later in pairwise(times_s))
        is_outside = any(not self._span.start_s <= time_s <= self._span.end_s for time_s in times_s[1:])
        if back_in_time or is_outside or self._taken + len(part.frames) > self._limits.max_frames:
            raise self._worker.distrust()
        self._last_s = times_s[-1]
        return part

    def _cut_short(self, error: NotMatchableError) -> DecodedVideo:
        told = str(error).removeprefix("Not matchable: ")
        how = "looked at the first" if self._span is WHOLE else "came to"
        return DecodedVideo(
            info=self.info,
            frames=(),
            duration_s=self._reached_s,
            frames_decoded=self._given,
            incomplete=Reason(error.reason),
            incomplete_detail=f"{how} {self._reached_s:.1f} s; then: {told}",
        )
