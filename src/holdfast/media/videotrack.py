"""The one video track of a file that is looked at: found, checked against the limits, its decoder set up."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from holdfast.errors import NotMatchableError
from holdfast.media.types import Reason, VideoInfo, VideoLimits, VideoMode
from holdfast.media.videofile import MemoryFile, open_container
from holdfast.media.videoformats import CODECS, DEMUXERS, video_format

__all__ = ["Track", "open_track", "seconds"]

_NO_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails
_MOST_FPS = 1000


@dataclass(frozen=True, slots=True)
class Track:
    """An open track, what the head says of it, and notes on what beside it is not looked at."""

    container: InputContainer
    stream: VideoStream
    info: VideoInfo
    notes: tuple[str, ...]


def open_track(data: bytes | memoryview, limits: VideoLimits, mode: VideoMode) -> Track:
    """The track of ``data`` that players show. Raises `NotMatchableError` where there is none to look at."""
    name = video_format(data)
    if name is None:
        raise NotMatchableError(
            Reason.NOT_MEDIA, "Not matchable: the bytes are of no video format known here."
        )
    container = open_container(MemoryFile(data), DEMUXERS[name], name)
    stream, notes = _shown_stream(container)
    info = _info(name, container, stream)
    if info.width * info.height > limits.max_pixels:
        raise NotMatchableError(
            Reason.TOO_LARGE,
            f"Not matchable: {info.width} x {info.height} pixels, the limit is {limits.max_pixels:,}. "
            "Nothing was decoded. Raise video.max_pixels to look at it.",
        )
    codec = stream.codec_context
    codec.thread_count = 1  # the workers are the parallelism, and limits on memory stay predictable
    codec.options = {"max_pixels": str(limits.max_pixels)}
    if mode is not VideoMode.FULL:
        codec.options = {**codec.options, "skip_loop_filter": "all"}
    if mode is VideoMode.KEYFRAMES:
        codec.skip_frame = "NONKEY"
    return Track(container, stream, info, notes)


def seconds(value: int | None, base: Fraction | None) -> float | None:
    """A time stamp in its time base as seconds; None where one of the two is missing."""
    return None if value is None or base is None else float(value * base)


def _shown_stream(container: InputContainer) -> tuple[VideoStream, tuple[str, ...]]:
    """The first video stream that is marked as default, else the first; covers are no video."""
    streams = [stream for stream in container.streams.video if not stream.disposition & _NO_VIDEO]
    notes = []
    if len(streams) < len(container.streams.video):
        notes.append("a cover picture or thumbnails beside the video were not looked at")
    if not streams:
        raise NotMatchableError(
            Reason.NOT_MEDIA,
            "Not matchable: the file holds no video: only sound, a cover picture, or nothing.",
        )
    if len(streams) > 1:
        notes.append(f"{len(streams)} video tracks: only the one that players show was looked at")
    default = [stream for stream in streams if stream.disposition & Disposition.default]
    chosen = (default or streams)[0]
    if chosen.codec_context is None or chosen.codec_context.codec.name not in CODECS:
        raise NotMatchableError(
            Reason.NOT_MEDIA, "Not matchable: the video is in a coding that is not decoded here."
        )
    return chosen, tuple(notes)


def _info(name: str, container: InputContainer, stream: VideoStream) -> VideoInfo:
    codec = stream.codec_context
    length_s = seconds(stream.duration, stream.time_base)
    if length_s is None and container.duration:
        length_s = container.duration / av.time_base
    if length_s is not None and length_s < 0:  # damaged
        length_s = None
    rate = stream.average_rate or stream.base_rate
    fps = float(rate) if rate and 0 < rate <= _MOST_FPS else None
    return VideoInfo(name, codec.codec.name, codec.width, codec.height, length_s, fps)
