"""Made-up films for the tests of screening: another picture every second."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence
from typing import Any

import av
from PIL import Image

from tests.pictures import picture

__all__ = ["FPS", "SIZE", "compiled", "film", "shown"]

FPS = 4
SIZE = (160, 120)

Edit = Callable[[Image.Image], Image.Image]


@functools.cache
def shown(seed: int) -> Image.Image:
    """The picture of one second of a film."""
    return picture(1000 + seed, *SIZE)


def film(
    seeds: Sequence[int],
    edit: Edit = lambda image: image,
    *,
    also: Sequence[int] = (),
    codec: str = "libx264",
    container: str = "mp4",
) -> bytes:
    """A film of a second for each seed; ``also``: the same for a second track that players do not show."""
    return compiled([edit(shown(seed)) for seed in seeds], [shown(seed) for seed in also], codec, container)


def compiled(
    pictures: Sequence[Image.Image],
    also: Sequence[Image.Image] = (),
    codec: str = "libx264",
    container: str = "mp4",
) -> bytes:
    """A film that shows each picture for a second."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as output:
        parts: list[tuple[Any, Sequence[Image.Image]]] = []
        for images in (pictures, also):
            if images:
                track: Any = output.add_stream(codec, rate=FPS)
                track.width, track.height = images[0].size
                track.pix_fmt = "yuv420p"
                track.codec_context.thread_count = 1
                parts.append((track, images))
        for track, images in parts:
            for number in range(len(images) * FPS):
                frame: Any = av.VideoFrame.from_image(images[number // FPS])  # type: ignore[no-untyped-call]
                frame.pts = number
                output.mux(track.encode(frame))
            output.mux(track.encode(None))
    return stream.getvalue()
