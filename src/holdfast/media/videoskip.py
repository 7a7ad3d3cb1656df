"""Late in a video without decoding all that comes before: packets are dropped up to a keyframe.

Only where packets carry the times of their frames, and a keyframe makes everything anew. That it does is
seen of the keyframe itself; where it does not, the video is decoded from its beginning after all. Files
that contradict themselves can still look other than from the beginning: where frames build on what lies
before the last keyframe against its promise, or their times go against the order of the coding.
"""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Generator, Iterator

import av
from av.video.stream import VideoStream

from holdfast.media.types import VideoInfo, VideoMode
from holdfast.media.videopackets import FrameSource
from holdfast.media.videostart import Start, as_shown, last_start
from holdfast.media.videotime import Clock
from holdfast.media.videotrack import Track

__all__ = ["LateSource", "can_skip"]

_FORMATS = frozenset(("MP4", "MATROSKA"))
_CODECS = frozenset(("h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "mpeg4", "mjpeg", "prores"))
_SOON = 32  # packets within which a frame comes out, where all is well


class _FalseStartError(Exception):
    """The keyframe is none, or its frame does not come."""


def can_skip(info: VideoInfo) -> bool:
    """Whether a video is of a kind in which packets can be dropped and the rest is as it was."""
    return info.format in _FORMATS and info.codec in _CODECS


class LateSource(FrameSource):
    """A `FrameSource` that gives the first frame, and goes on at the last keyframe before a moment.

    What is decoded is never more than from the beginning, but for ``_SOON`` packets at either place.
    """

    def __init__(
        self, reopen: Callable[[], Track], track: Track, mode: VideoMode, clock: Clock, moment_s: float
    ) -> None:
        """``reopen``: the same track once more; ``clock`` tells the time of each frame that is given."""
        super().__init__(track, mode, 0.0)
        self._reopen, self._mode, self._clock, self._moment_s = reopen, mode, clock, moment_s
        self._start: Start | None = None
        self._is_proven = False
        self._passed = self._given = 0  # packets of the track, frames

    def __iter__(self) -> Iterator[av.VideoFrame | None]:
        """Raises MemoryError, and nothing else that `FrameSource` does not."""
        try:
            for frame in super().__iter__():
                self._given += frame is not None
                yield frame
                if frame is not None and self._given == 1 and self._passed <= _SOON:
                    self._start = yield from self._search(frame.pts)
        except _FalseStartError:
            pass  # and with it goes what it holds of the frames
        else:
            return
        yield from self._from_the_beginning()

    def _from_the_beginning(self) -> Iterator[av.VideoFrame | None]:
        """All frames, but for those that were given already."""
        self._track.container.close()
        del self._track, self._codec
        gc.collect()  # at 8K there is no room for two decoders, and a track is a cycle of references
        super().__init__(self._reopen(), self._mode, 0.0)
        self._start, known = None, self._given
        for frame in super().__iter__():
            if frame is None or known == 0:
                yield frame
            else:
                known -= 1

    def _search(self, first_pts: int | None) -> Generator[None, None, Start | None]:
        """Where to go on, found in the packets alone; None: with the next of them."""
        if first_pts is None:
            return None
        scout = FrameSource(self._track.without_decoder(), VideoMode.FULL, 0.0)
        try:
            packets = scout._packets(scout._track.stream)
            shown = as_shown(packets, self._passed, self._codec.reorder_depth)
            clock, base = copy.copy(self._clock), self._track.stream.time_base
            return (yield from last_start(shown, first_pts, base, clock, self._moment_s))
        finally:
            scout._track.container.close()

    def _is_wanted(self, packet: av.Packet[VideoStream]) -> bool:
        if not super()._is_wanted(packet):
            return False
        number, start = self._passed, self._start
        self._passed += 1
        if start is None or number > start.packet:
            return True
        if number < start.packet:
            return False
        self._codec.flush_buffers()
        return True

    def _decode(self, packet: av.Packet[VideoStream] | None) -> list[av.VideoFrame]:
        frames, start = super()._decode(packet), self._start
        if start is None or self._is_proven:
            return frames
        # Pictures that are shown before the keyframe may build on what was dropped.
        frames = [frame for frame in frames if frame.pts is None or frame.pts >= start.pts]
        if frames:
            if frames[0].pts != start.pts or not frames[0].key_frame or frames[0].is_corrupt:
                raise _FalseStartError
            self._is_proven, self.skipped = True, start.frame - self._given
        elif packet is None or self._passed - start.packet > _SOON:
            raise _FalseStartError
        return frames

    def _lose(self, packet: av.Packet[VideoStream]) -> None:
        if self._start is None or packet.pts is None or packet.pts >= self._start.pts:
            super()._lose(packet)
