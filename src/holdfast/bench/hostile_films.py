"""Benign films for `bench hostile`, encoded from made-up pictures as they are needed."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

import av
import numpy as np
import numpy.typing as npt

__all__ = ["FPS", "SIZE", "Plane", "film", "mosaic", "picture", "scenes", "sound"]

FPS = 4
SIZE = (160, 120)  # width, height in pixels
_SHAPES = 40  # of a picture: enough for a perceptual hash
_SOUND_HZ = 8000
_SOUND_SAMPLES = 1024  # of a packet of AAC

Plane = npt.NDArray[np.uint8]


def picture(seed: int, size: tuple[int, int] = SIZE) -> Plane:
    """A picture of blobs, uint8 (h, w), another for each ``seed``; ``size`` is (width, height) in pixels."""
    random = np.random.default_rng(seed)
    width, height = size
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    plane = np.zeros((height, width))
    for _ in range(_SHAPES):
        (at_x, at_y), radius = random.random(2), random.uniform(0.03, 0.25)
        plane[((x - at_x) ** 2 + (y - at_y) ** 2) < radius**2] = random.random() * 255
    return plane.astype(np.uint8)


def scenes(seeds: Iterable[int], size: tuple[int, int] = SIZE) -> Iterator[tuple[int, Plane]]:
    """(number of the frame, picture): another picture every second, `FPS` frames of each."""
    number = 0
    for seed in seeds:
        shown = picture(seed, size)
        for _ in range(FPS):
            yield number, shown
            number += 1


def mosaic(seed: int, size: tuple[int, int], tile_px: int) -> Plane:
    """A picture of that size in plain square tiles, quickly made and encoded."""
    width, height = (side // tile_px for side in size)
    return np.kron(picture(seed, (width, height)), np.ones((tile_px, tile_px), np.uint8))


def film(
    frames: Iterable[tuple[int, Plane]],
    codec: str = "libx264",
    container: str = "mp4",
    *,
    fps: int = FPS,
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> bytes:
    """A grey film without sound: each picture, all of one even size, at its time stamp in units of 1/``fps``.

    Raises av.FFmpegError where this FFmpeg lacks the codec.
    """
    stream = io.BytesIO()
    with av.open(stream, "w", format=container, container_options=container_options or {}) as output:
        track: Any = output.add_stream(codec, rate=fps, options=options or {})
        track.codec_context.thread_count, track.pix_fmt = 1, pixel_format
        for number, (stamp, plane) in enumerate(frames):
            if number == 0:
                track.height, track.width = plane.shape
            frame = av.VideoFrame.from_ndarray(plane, "gray").reformat(format=pixel_format)
            frame.pts = stamp
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
    return stream.getvalue()


def sound(seconds: int = 2) -> bytes:
    """An MP4 of a hum alone."""
    stream = io.BytesIO()
    samples = (np.sin(np.arange(_SOUND_HZ * seconds) / 9) * 9000).astype(np.int16)
    with av.open(stream, "w", format="mp4") as output:
        voice: Any = output.add_stream("aac", rate=_SOUND_HZ, layout="mono")
        for start in range(0, len(samples) - _SOUND_SAMPLES + 1, _SOUND_SAMPLES):
            part = samples[np.newaxis, start : start + _SOUND_SAMPLES]
            frame = av.AudioFrame.from_ndarray(part, "s16", "mono")
            frame.sample_rate, frame.pts = _SOUND_HZ, start
            output.mux(voice.encode(frame))
        output.mux(voice.encode(None))
    return stream.getvalue()
