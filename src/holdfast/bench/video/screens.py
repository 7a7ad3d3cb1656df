"""Edits that put the video into something else: bars, captions, other videos, a phone's screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from holdfast.bench.edits.drawing import dark, fitted, font, words
from holdfast.bench.video.clips import Clip, Picture, cycled

__all__ = ["blurred_backdrop", "captioned", "framed", "green_screen", "inside", "phone"]


def framed(clip: Clip, across: float, down: float) -> Clip:
    """With black bars: ``across`` of the width at either side, ``down`` of the height above and below."""
    width, height = clip.pictures[0].size
    x, y = round(width * across), round(height * down)

    def put(picture: Picture) -> Picture:
        page = Image.new("RGB", (width + 2 * x, height + 2 * y), "black")
        page.paste(picture, (x, y))
        return page

    return clip.mapped(put)


def captioned(clip: Clip, rng: Random) -> Clip:
    """Under a white bar of a fifth of the height, with one or two lines of black text."""
    width, height = clip.pictures[0].size
    bar = round(0.2 * height)
    size = bar / rng.choice((2.2, 3.2))
    count = max(2, int(width / (size * 3)))
    lines = [words(rng, count) for _ in range(1 if size > bar / 3 else 2)]
    head = Image.new("RGB", (width, bar), "white")
    draw = ImageDraw.Draw(head)
    for number, line in enumerate(lines):
        y = bar * (number + 1) / (len(lines) + 1)
        draw.text((width // 2, y), line, "black", font(size), anchor="mm")

    def put(picture: Picture) -> Picture:
        page = Image.new("RGB", (width, height + bar))
        page.paste(head, (0, 0))
        page.paste(picture, (0, bar))
        return page

    return clip.mapped(put)


def blurred_backdrop(clip: Clip) -> Clip:
    """Upright, 9:16, the video across the middle and a blurred, darker copy filling the rest.

    A video that is upright itself goes on a wide page, 16:9.
    """
    width, height = clip.pictures[0].size
    size = (252, 448) if width >= height else (448, 252)
    scale = min(size[0] / width, size[1] / height)
    inner = (round(width * scale), round(height * scale))

    def put(picture: Picture) -> Picture:
        page = fitted(picture, *size).filter(ImageFilter.GaussianBlur(12)).point(lambda value: value * 0.8)
        page.paste(
            picture.resize(inner, Image.Resampling.LANCZOS),
            ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2),
        )
        return page

    return clip.mapped(put)


def inside(clip: Clip, rng: Random, others: Sequence[Clip], share: float) -> Clip:
    """On ``share`` of each side of another video, anywhere in it."""
    host = others[0]
    width, height = host.pictures[0].size
    own = clip.pictures[0].size
    scale = min(share * width / own[0], share * height / own[1])
    inner = (max(16, round(own[0] * scale)), max(16, round(own[1] * scale)))
    at = (rng.randint(0, width - inner[0]), rng.randint(0, height - inner[1]))
    pictures = []
    for page, picture in zip(cycled(host, len(clip.pictures)), clip.pictures, strict=True):
        whole = page.copy()
        whole.paste(picture.resize(inner, Image.Resampling.LANCZOS), at)
        pictures.append(whole)
    return replace(clip, pictures=tuple(pictures))


def green_screen(clip: Clip, rng: Random, others: Sequence[Clip]) -> Clip:
    """A figure in front, as cut out before a green screen: an oval of another video over a third of it."""
    width, height = clip.pictures[0].size
    inner = (round(0.42 * width), round(0.75 * height))
    at = (rng.choice((0, width - inner[0])), height - inner[1])
    mask = Image.new("L", inner, 0)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((0.25 * inner[0], 0, 0.75 * inner[0], 0.45 * inner[1]), fill=255)
    draw.ellipse((0, 0.35 * inner[1], inner[0], 1.6 * inner[1]), fill=255)
    pictures = []
    for figure, picture in zip(cycled(others[0], len(clip.pictures)), clip.pictures, strict=True):
        page = picture.copy()
        page.paste(fitted(figure, *inner), at, mask)
        pictures.append(page)
    return replace(clip, pictures=tuple(pictures))


def phone(clip: Clip, rng: Random) -> Clip:
    """In a feed on a phone: head, the video across the page, and text and buttons below."""
    width, height = 252, 448
    own = clip.pictures[0].size
    inner = (width, min(300, round(own[1] * width / own[0])))
    page = Image.new("RGB", (width, height), dark(rng) if rng.random() < 0.5 else "white")
    ink = "white" if np.asarray(page)[0, 0].mean() < 128 else "black"
    draw = ImageDraw.Draw(page)
    top = rng.randint(40, 70)
    draw.text((8, 4), "12:41", ink, font(12))
    draw.ellipse((8, top - 24, 26, top - 6), fill=(200, 90, 60))
    draw.text((32, top - 22), words(rng, 2), ink, font(11))
    for line in range(4):
        draw.text((8, top + inner[1] + 8 + 18 * line), words(rng, 5), ink, font(12))

    def put(picture: Picture) -> Picture:
        whole = page.copy()
        whole.paste(fitted(picture, *inner), (0, top))
        return whole

    return clip.mapped(put)
