"""Edits of geometry: crops, rotations, perspective, zoom, a photograph of a screen."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

from holdfast.bench.edits.drawing import Picture, Random

__all__ = ["cropped", "cropped_at_corner", "perspective", "rephotographed", "rotated"]


def cropped(picture: Picture, rng: Random, share: float) -> Picture:
    """Without ``share`` of the width and of the height: in the middle, at an edge, anywhere."""
    width, height = picture.size
    x, y = width * share, height * share
    places = [(0.5, 0.5), (rng.choice((0, 0.5, 1)), rng.choice((0, 0.5, 1))), (rng.random(), rng.random())]
    at_x, at_y = rng.choice(places)
    left, top = round(x * at_x), round(y * at_y)
    return picture.crop((left, top, left + round(width - x), top + round(height - y)))


def cropped_at_corner(picture: Picture, rng: Random, share: float) -> Picture:
    """What is left when all of the crop falls on two neighbouring sides."""
    width, height = picture.size
    kept = round(width * (1 - share)), round(height * (1 - share))
    left, top = rng.choice((0, width - kept[0])), rng.choice((0, height - kept[1]))
    return picture.crop((left, top, left + kept[0], top + kept[1]))


def rotated(picture: Picture, rng: Random, degrees: float) -> Picture:
    """Turned a little: the corners filled with black or white, or cut away, as photo apps do."""
    degrees *= rng.choice((-1, 1))
    style = rng.choice(("same size", "grown", "cut"))
    fill = rng.choice(((0, 0, 0), (255, 255, 255)))
    turned = picture.rotate(degrees, Image.Resampling.BICUBIC, expand=style == "grown", fillcolor=fill)
    if style != "cut":
        return turned
    width, height = picture.size
    tangent = math.tan(math.radians(abs(degrees)))
    shrink = 1 / (1 + tangent * max(width / height, height / width))
    x, y = round(width * (1 - shrink) / 2), round(height * (1 - shrink) / 2)
    return turned.crop((x, y, width - x, height - y))


def perspective(picture: Picture, rng: Random, share: float) -> Picture:
    """Seen a little from the side: each corner moved by up to ``share``, cut to the picture or filled."""
    width, height = picture.size
    inward = rng.choice((-1, 1))  # a part of the picture is cut off, or something around it is seen
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    moved = []
    for x, y in corners:
        dx = rng.uniform(0.2, 1) * share * width * (1 if x == 0 else -1) * inward
        dy = rng.uniform(0.2, 1) * share * height * (1 if y == 0 else -1) * inward
        moved.append((x + dx, y + dy))
    fill = rng.choice(((0, 0, 0), (255, 255, 255), (90, 84, 78)))
    return _warped(picture, moved, corners, fill)


def rephotographed(picture: Picture, rng: Random) -> Picture:
    """A phone's photograph of a screen: a slight tilt, moire, uneven light, soft focus."""
    tilted = perspective(picture, rng, rng.uniform(0.01, 0.03))
    pixels = np.asarray(tilted, np.float32)
    y, x = np.mgrid[: tilted.height, : tilted.width].astype(np.float32)
    angle, pitch = rng.uniform(0, math.pi), rng.uniform(3.5, 9.0)
    wave = np.sin(2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / pitch)
    light = 1 + 0.15 * (x / tilted.width - 0.5) * rng.uniform(-1, 1) + 0.15 * (y / tilted.height - 0.5)
    grain = np.random.default_rng(rng.randrange(2**32)).normal(0, 4, pixels.shape)
    pixels = pixels * light[..., np.newaxis] + rng.uniform(6, 14) * wave[..., np.newaxis] + grain
    seen = Image.fromarray(np.clip(pixels * 0.92 + 8, 0, 255).astype(np.uint8))
    return seen.filter(ImageFilter.GaussianBlur(rng.uniform(0.6, 1.2)))


def _warped(
    picture: Picture, source: list[tuple[float, float]], target: list[tuple[int, int]], fill: tuple[int, ...]
) -> Picture:
    """The picture with the four points ``source`` brought to the four points ``target``."""
    rows, right = [], []
    for (sx, sy), (tx, ty) in zip(source, target, strict=True):
        rows += [[tx, ty, 1, 0, 0, 0, -sx * tx, -sx * ty], [0, 0, 0, tx, ty, 1, -sy * tx, -sy * ty]]
        right += [sx, sy]
    numbers = np.linalg.solve(np.array(rows, float), np.array(right, float)).tolist()
    return picture.transform(
        picture.size, Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BICUBIC, fillcolor=fill
    )
