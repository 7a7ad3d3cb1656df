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
_PASSED = 100  # packets; so often does whoever waits hear of a stretch without frames
_DEEP_PIXEL_BYTES = 3  # of the usual colour format, 4:2:0
_MISSING_S, _MISSING_SHARE = 1.0, 0.02  # of the end of a file, which is no loss


class FrameSource:
    """Iterates over decoded frames, with a None now and then between; keeps account of what is lost.

    ``damaged`` counts packets that gave nothing, ``skipped`` frames that were not asked for (see `LateSource`
    of `holdfast.media.videoskip`). Of the keyframes, those are decoded that come ``every_s`` or more after
    the last.
    """

    def __init__(self, track: Track, mode: VideoMode, every_s: float) -> None:
        self._track, self._codec = track, track.stream.codec_context
        self._keyframes, self._every_s = mode is VideoMode.KEYFRAMES, every_s
        self._last_key_s: float | None = None
        self._lost_stamps_s: list[float] = []  # a heap
        self._by_decoding = track.info.format == "AVI"  # which knows no other times
        self._index = track.stream.index
        self._ends: dict[int, int] = {}  # of the last packet of each stream, in its own time base
        self._broken_off = ""
        self.damaged = self.skipped = 0

    def __iter__(self) -> Iterator[av.VideoFrame | None]:
        """Raises MemoryError, and nothing else."""
        passed = 0
        for packet in self._packets():
            if self._is_wanted(packet):
                yield from self._decode(packet)
                passed = 0
            passed += 1
            if passed % _PASSED == 1:
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

    def further_track(self) -> tuple[Reason, str] | None:
        """The answer where a track has come up that nobody looks at."""
        if streams_by_now(self._track.container) <= len(self._track.container.streams):
            return None
        return Reason.TRUNCATED, "a further track begins on the way, and was not looked at"

    def missing_end(self, since_s: float = 0.0) -> tuple[Reason, str] | None:
        """Why the file ended too early, if it did, to be asked after the last frame.

        ``since_s``: what comes before is not asked for.
        """
        if self._broken_off:
            return Reason.DAMAGED, f"reading broke off after {self._end_s():.1f} s ({self._broken_off})"
        return self._missing_time(since_s) or self._missing_bytes()

    def track_end_s(self) -> float | None:
        """The time stamp at which the track's last packet so far ends, as far as it is known."""
        return seconds(self._ends.get(self._index), self._track.stream.time_base)

    def _missing_time(self, since_s: float) -> tuple[Reason, str] | None:
        start, length = self._track.container.start_time, self._track.container.duration
        if self._track.info.format not in _TELLS_LENGTH or not length:
            return None
        length_s = length / av.time_base
        there_s = max(self._end_s() - (start or 0) / av.time_base, 0.0)
        if length_s <= since_s:
            return None
        if length_s - there_s <= max(_MISSING_S, _MISSING_SHARE * length_s):
            return None
        return Reason.TRUNCATED, f"the file ends early: {there_s:.1f} s of {length_s:.1f} s are there"

    def _missing_bytes(self) -> tuple[Reason, str] | None:
        missing = self._track.missing_bytes()
        return (
            (Reason.TRUNCATED, f"the file ends early: {missing:,} bytes are not there") if missing else None
        )

    def _decode(self, packet: av.Packet[VideoStream] | None) -> list[av.VideoFrame]:
        try:
            return self._codec.decode(packet)
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError):
            self._check_memory()
            if packet is not None:
                self._lose(packet)
            return []

    def _lose(self, packet: av.Packet[VideoStream]) -> None:
        """Note that nothing came of it."""
        self.damaged += 1
        stamp_s = seconds(packet.dts if self._by_decoding else packet.pts, packet.time_base)
        heapq.heappush(self._lost_stamps_s, -math.inf if stamp_s is None else stamp_s)

    def _end_s(self) -> float:
        """Where the last packet of any stream ends."""
        streams = self._track.container.streams
        return max((seconds(end, streams[n].time_base) or 0.0 for n, end in self._ends.items()), default=0.0)

    def _check_memory(self) -> None:
        """Raises MemoryError where there is no room for a frame: decoders may call that damage."""
        np.empty((self._codec.width, self._codec.height, _DEEP_PIXEL_BYTES), np.uint8)

    def _packets(self, *streams: VideoStream) -> Iterator[av.Packet[VideoStream]]:
        """The packets of these streams, of all by default, as far as they can be read."""
        packets = self._track.container.demux(*streams)
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
                yield packet

    def _is_wanted(self, packet: av.Packet[VideoStream]) -> bool:
        """Whether it is to be decoded. Notes its end."""
        stamp, index = packet.pts, packet.stream_index
        if stamp is None:
            stamp = packet.dts
        if stamp is not None:
            end = stamp + (packet.duration or 0)
            if end > self._ends.get(index, 0):
                self._ends[index] = end
        if index != self._index or not self._keyframes:
            return index == self._index
        if not packet.is_keyframe:
            return False
        last_s, stamp_s = self._last_key_s, seconds(stamp, packet.time_base)
        if last_s is not None and stamp_s is not None and abs(stamp_s - last_s) < self._every_s:
            return False
        self._last_key_s = stamp_s
        if self._by_decoding:  # its frame comes out much later, but among keyframes no order is changed
            packet.pts = packet.dts
        return True
