"""One video file to the pictures that it shows, under limits. Runs inside a decode worker.

The bytes are read from memory through functions of our own, by one demuxer that is named beforehand:
FFmpeg is never given a path or an address, and whatever it asks to open is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

import av

from holdfast.errors import NotMatchableError
from holdfast.media.types import DecodedVideo, Reason, VideoFrame, VideoLimits, VideoMode
from holdfast.media.videoluma import Picture, picture_of
from holdfast.media.videopackets import FrameSource
from holdfast.media.videotime import Clock, Sampler, Shown
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
    ) -> None:
        """Open it. Raises `NotMatchableError` for bytes that hold no video within ``limits``.

        Looked at is the frame shown at each of the moments 0, ``every_s``, 2 ``every_s``, ... (0: every
        frame); of keyframes, each that comes ``every_s`` or more after the last. Pictures are reduced by a
        whole number while neither side falls under ``min_side`` pixels. ``track`` is one of ``info.tracks``.
        """
        opened = open_track(data, limits, mode, track)
        self.info, self.reached_s = opened.info, 0.0
        self._limits, self._min_side = limits, min_side
        self._base = opened.stream.time_base  # the last frames come without their own
        self._frame_s = 1 / (opened.info.fps or _USUAL_FPS)
        self._clock = Clock(self._frame_s, jumps=opened.info.format in _OWN_CLOCK)
        self._sampler = Sampler(0.0 if mode is VideoMode.KEYFRAMES else every_s)
        self._source = FrameSource(opened, mode, every_s)
        self._notes = dict.fromkeys(opened.notes)  # in the order in which they came, once each
        self._decoded = self._given = self._damaged = 0
        self._stopped: tuple[Reason, str] | None = None

    def frames(self) -> Iterator[VideoFrame | None]:
        """What is to be looked at, in order; between, None again and again while nothing is ready.

        Raises `NotMatchableError` where no frame at all can be decoded, and MemoryError.
        """
        last: Shown | None = None
        for frame in self._source:
            if frame is None:
                yield None
                continue
            last = self._place(frame)
            after_loss = self._source.lost_before(self._source.stamp_s(frame))
            yield from self._pictures(self._sampler.add(last, after_loss))
            if self._stopped:
                return
        if last is not None:
            yield from self._pictures(self._sampler.finish(last.end_s, self._source.lost_before(None)))
        if self._given == 0:
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
        reason, detail = self._stopped or self._source.missing_end() or self._missed() or (None, "")
        return DecodedVideo(
            info=self.info,
            frames=(),
            duration_s=self.reached_s,
            frames_decoded=self._decoded,
            incomplete=reason,
            incomplete_detail=detail,
            notes=tuple(self._notes),
        )

    def _place(self, frame: av.VideoFrame) -> Shown:
        """The frame with its number and its time."""
        start_s = self._clock.time(self._source.stamp_s(frame))
        end_s = start_s + (seconds(frame.duration, self._base) or self._frame_s)
        self._decoded += 1
        self._damaged += frame.is_corrupt
        self.reached_s = end_s
        return Shown(frame, self._decoded - 1, start_s, end_s)

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
        self._stopped = problem[0], f"looked at the first {moment_s:.0f} s{told}: {problem[1]}"
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

    def _missed(self) -> tuple[Reason, str] | None:
        """The answer where damage hid a moment."""
        missed, given = self._sampler.missed, self._given
        if not missed:
            return None
        return (
            Reason.DAMAGED,
            f"damaged: {missed} of about {missed + given} moments could not be seen, or not whole",
        )
