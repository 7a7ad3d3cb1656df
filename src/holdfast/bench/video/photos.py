"""Clips made of ordinary photographs: still, held by hand, panned over, and slides.

Real clips are few, and those in which little moves are the hardest to judge. Photographs are parted by a
digest of their file's name, so that none is in both parts. Ten seconds each, with a camera's noise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from holdfast.bench.video.clips import EDIT_FPS, Clip, Picture, encoded
from holdfast.errors import UnreadableError

__all__ = ["photo_clips"]

_FRAMES, _CRF, _SIZE = 125, 23, (384, 288)
_LEAST_SIDE = 240  # pixels of a photograph
_SLIDES = 5
_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
_COUNTS = (("still", 5), ("hand", 4), ("pan", 4), ("slides", 3))
_PANS = ((0.0, 0.0, 1.0, 0.6), (1.0, 0.0, 0.0, 0.8), (0.5, 1.0, 0.5, 0.0), (0.0, 0.5, 1.0, 0.5))

Make = Callable[[list[Path], Random, np.random.Generator], list[Picture]]


def photo_clips(photos: Path, folder: Path) -> list[Path]:
    """Writes 16 clips for the part ``fresh`` and 16 for ``tuning`` into a folder.

    They are called photo-KIND-PART-NUMBER.mp4; those that are there already stay as they are. Raises
    `UnreadableError` where there are too few photographs: some 28 for each part are needed.
    """
    paths = sorted(path for path in photos.rglob("*") if path.suffix.lower() in _SUFFIXES)
    large = [path for path in paths if _shorter_side(path) >= _LEAST_SIDE]
    tuning = [path for path in large if hashlib.sha256(path.name.encode()).digest()[0] < 128]
    others = [path for path in large if path not in set(tuning)]
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for part, pool in (("tuning", tuning), ("fresh", others)):
        draw = Random(f"gen/{part}")
        draw.shuffle(pool)
        for kind, count in _COUNTS:
            for number in range(1, count + 1):
                path = folder / f"photo-{kind}-{part}-{number}.mp4"
                _write(path, kind, pool, draw)
                out.append(path)
    return out


def _shorter_side(path: Path) -> int:
    with Image.open(path) as file:
        return min(file.size)


def _write(path: Path, kind: str, pool: list[Path], draw: Random) -> None:
    wanted = _SLIDES if kind == "slides" else 1
    if len(pool) < wanted:
        raise UnreadableError(
            f"{path.name} was not made: no {wanted} photographs of {_LEAST_SIDE} pixels are left for it. "
            "Name a folder with more photographs."
        )
    chosen = [pool.pop() for _ in range(wanted)]
    numbers = np.random.default_rng(int(hashlib.sha256(path.stem.encode()).hexdigest()[:8], 16))
    pictures = _MAKERS[kind](chosen, draw, numbers)
    if not path.exists():
        path.write_bytes(encoded(Clip(tuple(pictures), EDIT_FPS, _CRF)))


def _still(paths: list[Path], _draw: Random, numbers: np.random.Generator) -> list[Picture]:
    """A tripod: noise, and light that wavers by two grey levels."""
    picture = _fitted(paths[0], _SIZE)
    out = []
    for frame in range(_FRAMES):
        light = 2 * np.sin(frame / 7)
        out.append(_noisy(picture.point(lambda value, light=light: value + light), numbers, 3))
    return out


def _hand(paths: list[Path], _draw: Random, numbers: np.random.Generator) -> list[Picture]:
    """Held by hand: it sways by some per cent, and turns by less than a degree."""
    picture, phase = _fitted(paths[0], (480, 360)), numbers.uniform(0, 6, 6)
    out = []
    for frame in range(_FRAMES):
        time_s = frame / EDIT_FPS
        across = 8 * np.sin(0.9 * time_s + phase[0]) + 3 * np.sin(3.1 * time_s + phase[1])
        down = 6 * np.sin(0.7 * time_s + phase[2]) + 3 * np.sin(2.7 * time_s + phase[3])
        degrees = 0.8 * np.sin(0.5 * time_s + phase[4])
        moved = picture.rotate(degrees, Image.Resampling.BILINEAR, translate=(across, down))
        out.append(_noisy(moved.crop((48, 36, 432, 324)), numbers, 2))
    return out


def _pan(paths: list[Path], draw: Random, numbers: np.random.Generator) -> list[Picture]:
    """Over a photograph, of which two thirds or less are seen at a time."""
    width, height = 640, 480
    picture = _fitted(paths[0], (width, height))
    ends, zooms = draw.choice(_PANS), draw.choice(((1, 1), (1, 0.75), (0.75, 1)))
    out = []
    for frame in range(_FRAMES):
        share = frame / (_FRAMES - 1)
        zoom = (zooms[0] + (zooms[1] - zooms[0]) * share) * 0.65
        across, down = width * zoom, height * zoom
        x = (ends[0] + (ends[2] - ends[0]) * share) * (width - across)
        y = (ends[1] + (ends[3] - ends[1]) * share) * (height - down)
        seen = picture.resize(_SIZE, Image.Resampling.BICUBIC, box=(x, y, x + across, y + down))
        out.append(_noisy(seen, numbers, 2))
    return out


def _slides(paths: list[Path], _draw: Random, numbers: np.random.Generator) -> list[Picture]:
    pictures = [_fitted(path, _SIZE) for path in paths]
    return [_noisy(pictures[frame * len(pictures) // _FRAMES], numbers, 2) for frame in range(_FRAMES)]


_MAKERS: dict[str, Make] = {"still": _still, "hand": _hand, "pan": _pan, "slides": _slides}


def _fitted(path: Path, size: tuple[int, int]) -> Picture:
    """A photograph that fills a size, its middle."""
    with Image.open(path) as file:
        picture = file.convert("RGB")
    scale = max(size[0] / picture.width, size[1] / picture.height)
    large = picture.resize(
        (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS
    )
    left, top = (large.width - size[0]) // 2, (large.height - size[1]) // 2
    return large.crop((left, top, left + size[0], top + size[1]))


def _noisy(picture: Picture, numbers: np.random.Generator, deviation: float) -> Picture:
    noise = numbers.normal(0, deviation, (picture.height, picture.width, 1))
    return Image.fromarray(np.clip(np.asarray(picture, np.float32) + noise, 0, 255).astype(np.uint8))
