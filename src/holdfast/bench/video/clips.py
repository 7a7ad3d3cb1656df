"""Clips as the edits see them, and back into files."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

__all__ = ["EDIT_FPS", "Clip", "Picture", "cycled", "encoded", "read_clip"]

EDIT_FPS = 12.5
_MOST_SIDE = 448  # pixels: what people send one another
_MOST_S = 15.0

Picture = Image.Image


@dataclass(frozen=True, slots=True)
class Clip:
    """RGB pictures of one size at ``fps``; ``crf`` says how hard x264 is to compress them (51: hardest).

    ``source_start_s`` and ``source_end_s`` tell what of its source it shows, ``start_s`` and ``end_s`` where
    in itself it shows it.
    """

    pictures: tuple[Picture, ...]
    fps: float = EDIT_FPS
    crf: int = 28
    source_start_s: float = 0.0
    source_end_s: float = 0.0
    start_s: float = 0.0
    end_s: float = 0.0

    @property
    def duration_s(self) -> float:
        return len(self.pictures) / self.fps

    def mapped(self, function: Any) -> Clip:
        """With ``function`` applied to every picture."""
        return replace(self, pictures=tuple(function(picture) for picture in self.pictures))


def read_clip(path: Path, most_s: float = _MOST_S) -> Clip:
    """The first seconds of a file, reduced to the edits' size and rate. Raises av.FFmpegError, ValueError."""
    pictures: list[Picture] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for moment, frame in _at_rate(container.decode(stream), most_s):
            if moment == len(pictures):
                pictures.append(_reduced(frame))
    if len(pictures) < 3:
        raise ValueError(f"{path.name} has no more than {len(pictures)} frames to edit")
    duration_s = len(pictures) / EDIT_FPS
    return Clip(tuple(pictures), source_end_s=duration_s, end_s=duration_s)


def _at_rate(frames: Iterator[Any], most_s: float) -> Iterator[tuple[int, Any]]:
    """(number of the moment, the frame shown then)."""
    first, moment, last = None, 0, None
    for number, frame in enumerate(frames):
        time_s = frame.time if frame.time is not None else number / 25
        first = time_s if first is None else first
        while last is not None and moment / EDIT_FPS < time_s - first - 1e-6:
            yield moment, last
            moment += 1
        if moment / EDIT_FPS >= most_s:
            return
        last = frame
    if last is not None:
        yield moment, last


def _reduced(frame: Any) -> Picture:
    scale = min(1.0, _MOST_SIDE / max(frame.width, frame.height))
    size = [max(2, round(side * scale / 2) * 2) for side in (frame.width, frame.height)]
    picture: Picture = frame.reformat(*size, format="rgb24").to_image()
    return picture


def encoded(clip: Clip, keyframe_s: float = 0) -> bytes:
    """The clip as H.264 in MP4, by x264, without sound.

    With a keyframe every ``keyframe_s`` seconds; 0: where x264 sets them, 20 seconds apart or at cuts.
    """
    stream = io.BytesIO()
    width, height = (side - side % 2 for side in clip.pictures[0].size)
    with av.open(stream, "w", format="mp4") as output:
        options = {"crf": str(clip.crf), "preset": "veryfast"}
        if keyframe_s:
            options["g"] = str(max(1, round(keyframe_s * clip.fps)))
        track: Any = output.add_stream("libx264", rate=Fraction(clip.fps), options=options)
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        track.codec_context.thread_count = 1
        for number, picture in enumerate(clip.pictures):
            values = np.asarray(picture.convert("RGB"))[:height, :width]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(values), format="rgb24")
            frame.pts = number
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
    return stream.getvalue()


def cycled(clip: Clip, count: int, start: int = 0) -> list[Picture]:
    """``count`` pictures of a clip, from ``start`` on, again from its beginning where it ends."""
    return list(itertools.islice(itertools.cycle(clip.pictures), start, start + count))
