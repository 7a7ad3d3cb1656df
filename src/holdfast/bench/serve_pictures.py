"""Distinct pictures the size of phone photographs, made from freely licensed ones: 1600 x 1004, about 360 kB.

Each is a photograph filled with cuttings of others, all chosen by its number, with the grain of a sensor.
So every picture has its own bytes, its own fingerprint, and takes a decoder as long as a real one does.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

from holdfast.bench.samples import sample_photographs

__all__ = ["SIZE", "make_pictures"]

SIZE = (1600, 1004)
CUTTINGS = 9
GRAIN = 5.0  # standard deviation, of 255
QUALITY = 85


def make_pictures(folder: Path, count: int, tell: Callable[[int], object] = lambda _: None) -> list[Path]:
    """``count`` JPEG files in ``folder``; those that are there already are not made again.

    Raises UnreadableError where the photographs are not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:05d}.jpg" for number in range(count)]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    if missing:
        known, others = sample_photographs()
        photographs = [Image.open(path).convert("RGB") for path in (*known, *others)]
        grain = _grain()
        for done, number in enumerate(missing, 1):
            partial = paths[number].with_suffix(".partial")
            partial.write_bytes(_picture(photographs, grain, number))
            partial.replace(paths[number])
            tell(done)
    return paths


def _grain() -> Image.Image:
    """Noise around mid-grey, the same in all colours; moved to another place for each picture."""
    noise = np.random.default_rng(0).normal(128, GRAIN, (SIZE[1], SIZE[0]))
    band = Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))
    return Image.merge("RGB", (band, band, band))


def _picture(photographs: list[Image.Image], grain: Image.Image, number: int) -> bytes:
    random = np.random.default_rng(number)
    canvas = _cutting(photographs, random).resize(SIZE, Image.Resampling.BICUBIC)
    for _ in range(CUTTINGS):
        width, height = int(random.integers(240, 900)), int(random.integers(200, 640))
        place = int(random.integers(-100, SIZE[0] - 140)), int(random.integers(-100, SIZE[1] - 100))
        canvas.paste(_cutting(photographs, random).resize((width, height), Image.Resampling.BICUBIC), place)
    moved = ImageChops.offset(grain, int(random.integers(SIZE[0])), int(random.integers(SIZE[1])))
    grainy = ImageChops.add(canvas, moved, offset=-128)
    buffer = io.BytesIO()
    grainy.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _cutting(photographs: list[Image.Image], random: np.random.Generator) -> Image.Image:
    """A part of one photograph, at least a third of each side, sometimes mirrored."""
    photograph = photographs[int(random.integers(len(photographs)))]
    width, height = (int(side * random.uniform(0.34, 1)) for side in photograph.size)
    left = int(random.integers(photograph.width - width + 1))
    top = int(random.integers(photograph.height - height + 1))
    part = photograph.crop((left, top, left + width, top + height))
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.random() < 0.5 else part
