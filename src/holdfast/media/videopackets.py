"""The decoded frames of a track, in the order in which they are shown, past whatever is damaged."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.video.stream import VideoStream

from holdfast.media.types import Reason, VideoMode
from holdfast.media.videofile import streams_by_now, words
from holdfast.media.videotrack import Track, seconds

__all__ = ["FrameSource"]

_TELLS_LENGTH = ("MP4", "MATROSKA", "FLV")  # by a number in the head, not by an estimate
_DEEP_PIXEL_BYTES = 3  # of the usual colour format, 4:2:0
_MISSING_S, _MISSING_SHARE = 1.0, 0.02  # of the end of a file, which is no loss


class FrameSource:
    """Iterates over decoded frames, with a None after each packet; keeps account of what is lost.

    ``damaged`` counts packets that gave nothing. Of the keyframes, those are decoded that come
    ``every_s`` or more after the last.
    """

    def __init__(self, track: Track, mode: VideoMode, every_s: float) -> None:
        self._track, self._codec = track, track.stream.codec_context
        self._keyframes, self._every_s = mode is VideoMode.KEYFRAMES, every_s
        self._last_key_s: float | None = None
        self._lost_stamps_s: list[float] = []  # a heap
        self._by_decoding = track.info.format == "AVI"  # which knows no other times
        self._end_s = 0.0  # of the last packet of any track
        self._broken_off = ""
        self.damaged = 0

    def __iter__(self) -> Iterator[av.VideoFrame | None]:
        """Raises MemoryError, and nothing else."""
        for packet in self._packets():
            if packet is not None:
                yield from self._decode(packet)
            yield None
        yield from self._decode(None)

    def stamp_s(self, frame: av.VideoFrame) -> float | None:
        """When the file says that ``frame`` is shown."""
        own = not self._by_decoding or self._keyframes
        return seconds(frame.pts if own else frame.dts, self._track.stream.time_base)

    def lost_before(self, stamp_s: float | None) -> bool:
        """Whether a packet was lost whose frame came before this time stamp (None: any). Told once."""
        bound_s = math.inf if stamp_s is None else stamp_s
        lost = False
        while self._lost_stamps_s and self._lost_stamps_s[0] < bound_s:
            heapq.heappop(self._lost_stamps_s)
            lost = True
        return lost

    def missing_end(self) -> tuple[Reason, str] | None:
        """Why the file ended too early, if it did, after the last frame."""
        if streams_by_now(self._track.container) > len(self._track.container.streams):
            return Reason.TRUNCATED, "a further track begins on the way, and was not looked at"
        if self._broken_off:
            return Reason.DAMAGED, f"reading broke off after {self._end_s:.1f} s ({self._broken_off})"
        if self._track.missing_bytes:
            return Reason.TRUNCATED, f"the file ends early: {self._track.missing_bytes:,} bytes are not there"
        start, length = self._track.container.start_time, self._track.container.duration
        if self._track.info.format not in _TELLS_LENGTH or not length:
            return None
        length_s = length / av.time_base
        there_s = max(self._end_s - (start or 0) / av.time_base, 0.0)
        if length_s - there_s <= max(_MISSING_S, _MISSING_SHARE * length_s):
            return None
        return Reason.TRUNCATED, f"the file ends early: {there_s:.1f} s of {length_s:.1f} s are there"

    def _decode(self, packet: av.Packet[VideoStream] | None) -> list[av.VideoFrame]:
        try:
            return self._codec.decode(packet)
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError):
            self._check_memory()
            if packet is not None:
                self.damaged += 1
                stamp_s = seconds(packet.dts if self._by_decoding else packet.pts, packet.time_base)
                heapq.heappush(self._lost_stamps_s, -math.inf if stamp_s is None else stamp_s)
            return []

    def _check_memory(self) -> None:
        """Raises MemoryError where there is no room for a frame: decoders may call that damage."""
        np.empty((self._codec.width, self._codec.height, _DEEP_PIXEL_BYTES), np.uint8)

    def _packets(self) -> Iterator[av.Packet[VideoStream] | None]:
        """Packets of the track that are to be decoded; None for each other packet."""
        packets = self._track.container.demux()
        while True:
            try:
                packet: Any = next(packets, None)
            except MemoryError:
                raise
            except (av.FFmpegError, ValueError) as error:
                self._broken_off = words(error)
                return
            except IndexError:  # PyAV's end of a file with more streams than it had at first
                return
            if packet is None:
                return
            if packet.size:  # else the mark of an end
                yield packet if self._is_wanted(packet) else None

    def _is_wanted(self, packet: av.Packet[VideoStream]) -> bool:
        stamp_s = seconds(packet.pts if packet.pts is not None else packet.dts, packet.time_base)
        if stamp_s is not None:
            length_s = seconds(packet.duration, packet.time_base) or 0.0
            self._end_s = max(self._end_s, stamp_s + length_s)
        if packet.stream_index != self._track.stream.index:
            return False
        if not self._keyframes:
            return True
        last_s = self._last_key_s
        is_due = last_s is None or stamp_s is None or abs(stamp_s - last_s) >= self._every_s
        if not packet.is_keyframe or not is_due:
            return False
        self._last_key_s = stamp_s
        if self._by_decoding:  # its frame comes out much later, but among keyframes no order is changed
            packet.pts = packet.dts
        return True
