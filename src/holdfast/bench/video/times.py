"""Edits of time: speed, excerpts, order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from PIL import Image

from holdfast.bench.edits.drawing import fitted
from holdfast.bench.video.clips import Clip, cycled

__all__ = ["at_rate", "backwards", "faster", "inserted", "part", "slideshow"]

_LONGEST_EXCERPT_S = 10.0
_STILL_S = 1.5


def at_rate(clip: Clip, fps: float) -> Clip:
    """With fewer frames a second."""
    count = int(clip.duration_s * fps)
    pictures = tuple(
        clip.pictures[min(len(clip.pictures) - 1, round(n * clip.fps / fps))] for n in range(count)
    )
    return replace(clip, pictures=pictures, fps=fps)


def faster(clip: Clip, speed: float) -> Clip:
    """At ``speed`` times the speed, and as many frames a second as before."""
    count = max(1, int(len(clip.pictures) / speed))
    pictures = tuple(clip.pictures[min(len(clip.pictures) - 1, int(n * speed))] for n in range(count))
    return replace(clip, pictures=pictures, end_s=count / clip.fps)


def part(clip: Clip, start: float, end: float) -> Clip:
    """What lies between two shares of its length."""
    first, last = int(start * len(clip.pictures)), max(int(end * len(clip.pictures)), 2)
    pictures = clip.pictures[first:last]
    return replace(
        clip,
        pictures=pictures,
        source_start_s=first / clip.fps,
        source_end_s=last / clip.fps,
        end_s=len(pictures) / clip.fps,
    )


def inserted(clip: Clip, rng: Random, others: Sequence[Clip]) -> Clip:
    """An excerpt of 40 %, 10 s at most, between two pieces of another video, fitted to its size."""
    share = min(0.4, _LONGEST_EXCERPT_S / clip.duration_s)
    start = rng.uniform(0, 1 - share)
    excerpt = part(clip, start, start + share)
    host = others[0]
    width, height = host.pictures[0].size
    before, after = (round(rng.uniform(4, 8) * clip.fps) for _ in range(2))
    own = excerpt.pictures[0].size
    scale = min(width / own[0], height / own[1])
    size = (round(own[0] * scale), round(own[1] * scale))
    middle = []
    for picture in excerpt.pictures:
        page = Image.new("RGB", (width, height), "black")
        page.paste(
            picture.resize(size, Image.Resampling.LANCZOS), ((width - size[0]) // 2, (height - size[1]) // 2)
        )
        middle.append(page)
    pictures = (
        *cycled(host, before),
        *middle,
        *(fitted(p, width, height) for p in cycled(host, after, before)),
    )
    start_s = before / clip.fps
    return replace(
        excerpt, pictures=pictures, start_s=start_s, end_s=start_s + len(excerpt.pictures) / clip.fps
    )


def slideshow(clip: Clip) -> Clip:
    """Stills from it, one for each second and a half, each shown for a second and a half."""
    hold = round(_STILL_S * clip.fps)
    stills = clip.pictures[::hold]
    return replace(clip, pictures=tuple(picture for picture in stills for _ in range(hold)))


def backwards(clip: Clip) -> Clip:
    return replace(clip, pictures=clip.pictures[::-1])
