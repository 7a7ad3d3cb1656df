"""The one video track of a file that is looked at: found, checked against the limits, its decoder set up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from holdfast.errors import NotMatchableError
from holdfast.media.types import Reason, VideoInfo, VideoLimits, VideoMode
from holdfast.media.videofile import MemoryFile, open_container
from holdfast.media.videoformats import CODECS, DEMUXERS, video_format
from holdfast.media.videosize import told_size_bytes

__all__ = ["Track", "open_track", "seconds"]

_COVER = Disposition.attached_pic | Disposition.timed_thumbnails
_MOST_FPS = 1000
_WITH_TABLE_OF_STREAMS = frozenset({"MP4", "MATROSKA", "AVI"})  # no other sound can come on the way


@dataclass(frozen=True, slots=True)
class Track:
    """An open track, what the head says of it, and notes on what beside it is not looked at.

    ``data`` are the bytes of the whole file, of which it is one.
    """

    container: InputContainer
    stream: VideoStream
    info: VideoInfo
    notes: tuple[str, ...]
    data: bytes | memoryview = field(repr=False)

    def missing_bytes(self) -> int:
        """How many bytes are not there of the size that the file gives of itself, at least."""
        return max(0, told_size_bytes(self.data, self.info.format) - len(self.data))

    def without_decoder(self) -> Track:
        """The track once more, to read its packets alone: nothing is decoded, not even for the head."""
        name = self.info.format
        container = open_container(MemoryFile(self.data), DEMUXERS[name], name, 1, frozenset(("none",)))
        stream = next(each for each in container.streams.video if each.index == self.stream.index)
        return replace(self, container=container, stream=stream)


def open_track(data: bytes | memoryview, limits: VideoLimits, mode: VideoMode, number: int = 0) -> Track:
    """Track ``number`` of ``data``; 0 is what players show. Raises `NotMatchableError` for want of one."""
    name = video_format(data)
    if name is None:
        raise NotMatchableError(
            Reason.NOT_MEDIA, "Not matchable: the bytes are of no video format known here."
        )
    container = open_container(MemoryFile(data), DEMUXERS[name], name, _backstop(limits))
    tracks = _tracks(container)
    if number >= len(tracks):
        raise NotMatchableError(
            Reason.NOT_MEDIA, f"Not matchable: tracks with pictures in this file: {len(tracks)}, no more."
        )
    stream = tracks[number]
    if stream.codec_context is None or stream.codec_context.codec.name not in CODECS:
        raise NotMatchableError(
            Reason.NOT_MEDIA, "Not matchable: the video is in a coding that is not decoded here."
        )
    info = _info(name, container, stream, len(tracks))
    if info.width * info.height > limits.max_pixels:
        raise NotMatchableError(
            Reason.TOO_LARGE,
            f"Not matchable: {info.width} x {info.height} pixels, the limit is {limits.max_pixels:,}. "
            "Nothing was decoded. Raise video.max_pixels to look at it.",
        )
    _set_up(stream, limits, mode)
    others = (f"{len(tracks)} tracks with pictures: only number {number} was looked at here",)
    return Track(container, stream, info, others if len(tracks) > 1 else (), data)


def seconds(value: int | None, base: Fraction | None) -> float | None:
    """A time stamp in its time base as seconds; None where one of the two is missing."""
    return None if value is None or base is None else value * base.numerator / base.denominator


def _tracks(container: InputContainer) -> list[VideoStream]:
    """The streams with pictures: what players show (marked as default, else the first), others, covers."""
    videos = [stream for stream in container.streams.video if not stream.disposition & _COVER]
    if not videos:
        raise NotMatchableError(
            Reason.NOT_MEDIA,
            "Not matchable: the file holds no video: only sound, a cover picture, or nothing.",
        )
    shown = next((stream for stream in videos if stream.disposition & Disposition.default), videos[0])
    rest = [stream for stream in videos if stream is not shown]
    return [shown, *rest, *(stream for stream in container.streams.video if stream.disposition & _COVER)]


def _set_up(stream: VideoStream, limits: VideoLimits, mode: VideoMode) -> None:
    codec = stream.codec_context
    codec.thread_count = 1  # the workers are the parallelism, and limits on memory stay predictable
    # Viewers show the wreckage before the first whole frame, so it is looked at too; it comes marked.
    codec.flags |= Flags.output_corrupt.value
    codec.options = {"max_pixels": str(_backstop(limits))}
    if mode is not VideoMode.FULL:
        codec.options = {**codec.options, "skip_loop_filter": "all"}
    if mode is VideoMode.KEYFRAMES:
        codec.skip_frame = "NONKEY"


def _backstop(limits: VideoLimits) -> int:
    """Pixels at which a decoder itself gives up: it counts rounded sides, so it must not be too exact."""
    return 2 * limits.max_pixels


def _info(name: str, container: InputContainer, stream: VideoStream, tracks: int) -> VideoInfo:
    codec = stream.codec_context
    length_s = seconds(stream.duration, stream.time_base)
    if length_s is None and container.duration:
        length_s = container.duration / av.time_base
    if length_s is not None and length_s < 0:  # damaged
        length_s = None
    rate = stream.average_rate or stream.base_rate
    fps = float(rate) if rate and 0 < rate <= _MOST_FPS else None
    sounds = len(container.streams.audio)
    if name not in _WITH_TABLE_OF_STREAMS:
        sounds = max(1, sounds)
    return VideoInfo(name, codec.codec.name, codec.width, codec.height, length_s, fps, tracks, sounds)
