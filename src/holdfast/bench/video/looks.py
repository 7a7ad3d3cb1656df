"""Edits of what the pictures look like: colours, noise, and what is drawn over them."""

from __future__ import annotations

import io
from dataclasses import replace
from random import Random
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from holdfast.bench.edits.drawing import font, words
from holdfast.bench.video.clips import Clip, Picture, encoded

__all__ = ["blurred", "compressed_twice", "contrasted", "gamma", "logo", "noisy", "stickers", "text"]


def contrasted(clip: Clip, factor: float, lift: float) -> Clip:
    """Every value moved away from the middle by ``factor``, and up by ``lift`` grey levels."""
    table = np.clip((np.arange(256) - 128) * factor + 128 + lift, 0, 255).astype(np.uint8).tolist()
    return clip.mapped(lambda picture: picture.point(table * 3))


def gamma(clip: Clip, power: float) -> Clip:
    """Darker where ``power`` is over 1."""
    table = (255 * (np.arange(256) / 255) ** power).round().astype(np.uint8).tolist()
    return clip.mapped(lambda picture: picture.point(table * 3))


def blurred(clip: Clip, radius: float) -> Clip:
    return clip.mapped(lambda picture: picture.filter(ImageFilter.GaussianBlur(radius)))


def noisy(clip: Clip, rng: Random, deviation: float) -> Clip:
    """Other noise in every picture."""
    numbers = np.random.default_rng(rng.getrandbits(32))

    def noise(picture: Picture) -> Picture:
        values = np.asarray(picture, np.float32)
        values = values + numbers.normal(0, deviation, values.shape[:2])[..., np.newaxis].astype(np.float32)
        return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))

    return clip.mapped(noise)


def logo(clip: Clip, rng: Random) -> Clip:
    """A channel's sign, a fifth of the shorter side, in a corner."""
    width, height = clip.pictures[0].size
    side = round(0.22 * min(width, height))
    left = rng.choice((6, width - side - 6))
    top = rng.choice((6, height - side - 6))
    colour = tuple(rng.randint(60, 255) for _ in range(3))

    def drawn(picture: Picture) -> Picture:
        marked = picture.copy()
        draw = ImageDraw.Draw(marked)
        draw.ellipse((left, top, left + side, top + side), fill=colour, outline="white", width=3)
        draw.text((left + side // 2, top + side // 2), "TV", "white", font(side / 2), anchor="mm")
        return marked

    return clip.mapped(drawn)


def text(clip: Clip, rng: Random) -> Clip:
    """Two lines of large outlined text, one at the top and one at the bottom."""
    width, height = clip.pictures[0].size
    size = height / 9
    upper, lower = (words(rng, max(2, int(width / (size * 3.2)))) for _ in range(2))

    def drawn(picture: Picture) -> Picture:
        marked = picture.copy()
        draw = ImageDraw.Draw(marked)
        for line, y in ((upper, 0.06 * height + size / 2), (lower, 0.94 * height - size / 2)):
            draw.text(
                (width // 2, y), line, "white", font(size), anchor="mm", stroke_width=2, stroke_fill="black"
            )
        return marked

    return clip.mapped(drawn)


def stickers(clip: Clip, rng: Random) -> Clip:
    """Three round yellow faces, a fifth to a third of the shorter side, that stay where they are."""
    width, height = clip.pictures[0].size
    faces = []
    for _ in range(3):
        side = round(rng.uniform(0.2, 0.33) * min(width, height))
        faces.append((rng.randint(0, width - side), rng.randint(0, height - side), side))

    def drawn(picture: Picture) -> Picture:
        marked = picture.copy()
        draw = ImageDraw.Draw(marked)
        for left, top, side in faces:
            draw.ellipse((left, top, left + side, top + side), fill=(255, 205, 50), outline=(120, 90, 0))
            for eye in (0.3, 0.6):
                x, y = left + eye * side, top + 0.3 * side
                draw.ellipse((x, y, x + 0.12 * side, y + 0.16 * side), fill=(60, 40, 0))
            draw.arc(
                (left + 0.25 * side, top + 0.4 * side, left + 0.75 * side, top + 0.8 * side), 10, 170,
                (60, 40, 0), max(2, side // 18),
            )  # fmt: skip
        return marked

    return clip.mapped(drawn)


def compressed_twice(clip: Clip) -> Clip:
    """Through x264 at 34, then, when it is written, at 36."""
    with av.open(io.BytesIO(encoded(replace(clip, crf=34))), "r") as container:
        frames: Any = container.decode(video=0)
        pictures = tuple(frame.to_image() for frame in frames)
    return replace(clip, pictures=pictures, crf=36)
