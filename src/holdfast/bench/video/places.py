"""Edits of where things lie in the picture: size, crops, turns, slants."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image

from holdfast.bench.video.clips import Clip, Picture

__all__ = ["cropped", "perspective", "resized", "tilted", "turned"]

_BILINEAR = Image.Resampling.BILINEAR


def resized(clip: Clip, across: float, down: float) -> Clip:
    width, height = clip.pictures[0].size
    size = (max(16, round(width * across)), max(16, round(height * down)))
    return clip.mapped(lambda picture: picture.resize(size, Image.Resampling.LANCZOS))


def cropped(clip: Clip, share: float, corner: Random | None) -> Clip:
    """Without ``share`` of each side, half of it at either end, or all of it at one drawn ``corner``."""
    width, height = clip.pictures[0].size
    kept = round(width * (1 - share)), round(height * (1 - share))
    if corner is None:
        left, top = (width - kept[0]) // 2, (height - kept[1]) // 2
    else:
        left, top = corner.choice((0, width - kept[0])), corner.choice((0, height - kept[1]))
    return clip.mapped(lambda picture: picture.crop((left, top, left + kept[0], top + kept[1])))


def turned(clip: Clip, degrees: int) -> Clip:
    way = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180}[degrees]
    return clip.mapped(lambda picture: picture.transpose(way))


def tilted(clip: Clip, degrees: float) -> Clip:
    """Turned by a few degrees, the corners black."""
    return clip.mapped(lambda picture: picture.rotate(degrees, _BILINEAR))


def perspective(clip: Clip, rng: Random) -> Clip:
    """Seen at a slant: each corner of what is shown lies up to 10 % inside, so that a little is cut off."""
    width, height = clip.pictures[0].size
    moved = []
    for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)):
        inward = rng.uniform(0, 0.10), rng.uniform(0, 0.10)
        moved.append(((abs(x - inward[0])) * width, (abs(y - inward[1])) * height))
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    coefficients = _homography(corners, moved)

    def warped(picture: Picture) -> Picture:
        return picture.transform((width, height), Image.Transform.PERSPECTIVE, coefficients, _BILINEAR)

    return clip.mapped(warped)


def _homography(shown: list[tuple[int, int]], original: list[tuple[float, float]]) -> tuple[float, ...]:
    """Pillow's eight numbers that take points ``shown`` to points of the ``original``."""
    rows, values = [], []
    for (x, y), (u, v) in zip(shown, original, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(np.linalg.solve(np.array(rows, float), np.array(values, float)).tolist())
