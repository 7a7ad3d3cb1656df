"""One video file to the pictures that it shows, under limits. Runs inside a decode worker.

The bytes are read from memory through functions of our own, by one demuxer that is named beforehand:
FFmpeg is never given a path or an address, and whatever it asks to open is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import av

from holdfast.errors import NotMatchableError
from holdfast.media.types import DecodedVideo, Reason, VideoFrame, VideoLimits, VideoMode
from holdfast.media.videoluma import Picture, picture_of
from holdfast.media.videopackets import FrameSource
from holdfast.media.videoskip import LateSource, can_skip
from holdfast.media.videotime import ROUNDING_S, WHOLE, Clock, Sampler, Shown, checked_span
from holdfast.media.videotrack import open_track, seconds

__all__ = ["VideoDecoder"]

_USUAL_FPS = 25
_OWN_CLOCK = ("MPEG-TS", "MPEG-PS", "FLV")  # their time stamps may jump ahead


class VideoDecoder:
    """The pictures of one video, in order. Used once.

    ``info`` is there from the start, ``reached_s`` tells how far `frames` has come, `outcome` the rest.
    """

    def __init__(
        self,
        data: bytes | memoryview,
        limits: VideoLimits,
        *,
        every_s: float = 1.0,
        mode: VideoMode = VideoMode.FULL,
        min_side: int = 512,
        track: int = 0,
        span_s: tuple[float, float] | None = None,
    ) -> None:
        """Open it. Raises `NotMatchableError` for bytes that hold no video within ``limits``.

        Looked at is the frame shown at each of the moments 0, ``every_s``, 2 ``every_s``, ... (0: every
        frame); of keyframes, each that comes ``every_s`` or more after the last. Pictures are reduced by a
        whole number while neither side falls under ``min_side`` pixels. ``track`` is one of ``info.tracks``.

        ``span_s``, (start, end) in seconds: only those of the moments are given for which start <= moment
        <= end, with the pictures that they have without it; none where the video ends before. What lies
        outside is not missed, and of MP4 and Matroska hardly any of what comes before is decoded. ``index``
        then counts packets, which may be more or fewer than the frames that would have come of them.
        Raises ValueError for a span that means nothing, and with keyframes.
        """
        self._span, self._every_s = checked_span(span_s, every_s, mode), every_s
        opened = open_track(data, limits, mode, track)
        self.info, self.reached_s = opened.info, 0.0
        self._limits, self._min_side = limits, min_side
        self._base = opened.stream.time_base  # the last frames come without their own
        self._nought_s: float | None = None  # the time stamp of nought, by the clock as it goes now
        self._frame_s = 1 / (opened.info.fps or _USUAL_FPS)
        self._clock = Clock(self._frame_s, jumps=opened.info.format in _OWN_CLOCK)
        self._sampler = Sampler(0.0 if mode is VideoMode.KEYFRAMES else every_s, self._span)
        self._source = FrameSource(opened, mode, every_s)
        if self._span.start_s > 0 and can_skip(opened.info):
            needed_s = self._sampler.next_s + (ROUNDING_S if every_s else 0)
            reopen = partial(open_track, data, limits, mode, track)
            self._source = LateSource(reopen, opened, mode, self._clock, needed_s)
        self._notes = dict.fromkeys(opened.notes)  # in the order in which they came, once each
        self._decoded = self._given = self._damaged = 0
        self._stopped: tuple[Reason, str] | None = None

    def frames(self) -> Iterator[VideoFrame | None]:
        """What is to be looked at, in order; between, None again and again while nothing is ready.

        Raises `NotMatchableError` where no frame at all can be decoded, and MemoryError. Where a span
        holds nothing of a video that can be decoded there are none, and that is no error.
        """
        last: Shown | None = None
        if self._sampler.is_settled:  # no moment falls into the span
            return
        for frame in self._source:
            if frame is None:
                yield None
                continue
            stamp_s = self._source.stamp_s(frame)
            last = self._place(frame, stamp_s)
            if last.start_s < self._span.start_s:
                if self._is_over(last.start_s, last):
                    return
                yield None
            yield from self._pictures(self._sampler.add(last, self._is_after_loss(stamp_s)))
            if self._stopped or self._sampler.is_settled:
                return
        if last is not None:
            yield from self._pictures(self._sampler.finish(last.end_s, self._is_end_lost()))
        if self._given == 0 and (last is None or self._span is WHOLE):
            raise NotMatchableError(
                Reason.DAMAGED,
                f"Not matchable: no frame of this {self.info.format} video ({self.info.codec}) "
                "can be decoded.",
            )

    def outcome(self) -> DecodedVideo:
        """All but the frames, to be asked after the last of them."""
        damaged = self._damaged + self._source.damaged
        if damaged:
            self._notes[f"{damaged} damaged pieces were met"] = None
        if self._clock.broken:
            self._notes["its time stamps jump; they were counted on"] = None
        reason, detail = self._stopped or self._unread() or self._missed() or (None, "")
        return DecodedVideo(
            info=self.info,
            frames=(),
            duration_s=self.reached_s,
            frames_decoded=self._decoded,
            incomplete=reason,
            incomplete_detail=detail,
            notes=tuple(self._notes),
        )

    def _place(self, frame: av.VideoFrame, stamp_s: float | None) -> Shown:
        """The frame with its number and its time."""
        start_s = self._clock.time(stamp_s)
        end_s = start_s + (seconds(frame.duration, self._base) or self._frame_s)
        self._nought_s = None if stamp_s is None else stamp_s - start_s
        self._decoded += 1
        self._damaged += frame.is_corrupt
        self.reached_s = end_s
        return Shown(frame, self._decoded - 1 + self._source.skipped, start_s, end_s)

    def _is_after_loss(self, stamp_s: float | None) -> bool:
        """Whether frames were lost between the last one and that of this time stamp; told once.

        Where every frame is wanted: frames of the span. Else one that is lost before it may be shown in it.
        """
        if (
            stamp_s is not None
            and self._nought_s is not None
            and self._every_s == 0
            and self._span is not WHOLE
        ):
            if self._span.start_s:
                self._source.lost_before(self._nought_s + self._span.start_s - ROUNDING_S)
            stamp_s = min(stamp_s, self._nought_s + self._span.end_s + ROUNDING_S)
        return self._source.lost_before(stamp_s)

    def _is_end_lost(self) -> bool:
        """Whether what is shown after the last frame was lost, and reaches into the span."""
        end_s, nought_s, start_s = self._source.track_end_s(), self._nought_s, self._span.start_s
        if start_s and end_s is not None and nought_s is not None and end_s - nought_s <= start_s:
            return False
        return self._source.lost_before(None)

    def _pictures(self, moments: Iterator[tuple[float, Shown]]) -> Iterator[VideoFrame]:
        for moment_s, shown in moments:
            if self._is_over(moment_s, shown):
                return
            picture = self._picture(shown)
            if picture is not None:
                self._given += 1
                yield VideoFrame(
                    moment_s,
                    shown.index,
                    picture.luma,
                    picture.width,
                    picture.height,
                    picture.scale,
                    picture.full_range,
                )

    def _is_over(self, moment_s: float, shown: Shown) -> bool:
        """Whether a limit ends the work here; it is then noted."""
        limits, told = self._limits, f" of {self.info.duration_s:.0f} s" if self.info.duration_s else ""
        if moment_s > limits.max_duration_s:
            problem = Reason.TOO_MANY_FRAMES, "video.max_duration_s is reached"
        elif self._given >= limits.max_frames:
            problem = Reason.TOO_MANY_FRAMES, "video.max_frames is reached"
        elif shown.frame is not None and shown.frame.width * shown.frame.height > limits.max_pixels:
            problem = Reason.TOO_LARGE, "there it grows beyond video.max_pixels"
        else:
            return False
        how = "looked at the first" if self._span is WHOLE else "came to"
        self._stopped = problem[0], f"{how} {moment_s:.0f} s{told}: {problem[1]}"
        self.reached_s = moment_s
        return True

    def _picture(self, shown: Shown) -> Picture | None:
        """The luma of a frame, made once; None, and counted as missed, where there is no way to it."""
        if shown.picture is None:
            try:
                shown.picture = picture_of(shown.frame, self._min_side)
            except MemoryError:
                raise
            except (av.FFmpegError, ValueError):
                self._damaged += 1
                self._sampler.missed += 1
                return None
            self._notes.update(dict.fromkeys(shown.picture.notes))
            self._sampler.missed += shown.frame.is_corrupt  # it may match, but was not looked at whole
            shown.frame = None
        picture: Picture = shown.picture
        return picture

    def _unread(self) -> tuple[Reason, str] | None:
        """The answer where the file is not all there, or not all of it looked at."""
        if self._sampler.is_settled:
            return self._source.further_track()
        return self._source.further_track() or self._source.missing_end(self._span.start_s)

    def _missed(self) -> tuple[Reason, str] | None:
        """The answer where damage hid a moment."""
        missed, given = self._sampler.missed, self._given
        if not missed:
            return None
        return (
            Reason.DAMAGED,
            f"damaged: {missed} of about {missed + given} moments could not be seen, or not whole",
        )
