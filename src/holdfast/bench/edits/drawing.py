"""Words, colours and sizes for the edits: all from the random numbers that the caller hands in."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw, ImageFont

__all__ = [
    "Colour",
    "Picture",
    "dark",
    "fitted",
    "font",
    "light",
    "lines_of_text",
    "resized_to_width",
    "words",
]

Picture = Image.Image
Colour = tuple[int, int, int]
Random = random.Random

_TEXT = (
    "when you see it my friends told me this would happen look at the weather today so good where was "
    "this taken nobody knows Monday again coffee first holiday pictures are here at last the best day "
    "of summer can not believe how big it got since last year ask your mother she was there too"
)
_WORDS = tuple(_TEXT.split())


def words(rng: Random, count: int) -> str:
    """``count`` everyday words."""
    return " ".join(rng.choice(_WORDS) for _ in range(count))


def font(height: float) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=max(8, round(height)))


def light(rng: Random) -> Colour:
    """A colour of paper: white more often than not."""
    return (255, 255, 255) if rng.random() < 0.5 else _near(rng, rng.randint(225, 250))


def dark(rng: Random) -> Colour:
    """A background of dark mode: black, or nearly."""
    return (0, 0, 0) if rng.random() < 0.3 else _near(rng, rng.randint(12, 42))


def _near(rng: Random, grey: int) -> Colour:
    red, green, blue = (max(0, min(255, grey + rng.randint(-6, 8))) for _ in range(3))
    return red, green, blue


def lines_of_text(
    page: Picture, rng: Random, box: tuple[int, int, int, int], ink: Colour, size: float
) -> None:
    """Ragged lines of text from the top of ``box`` (left, top, right, bottom) to its bottom."""
    draw = ImageDraw.Draw(page)
    left, top, right, bottom = box
    y, line_height = float(top), size * rng.uniform(1.3, 1.7)
    while y + size <= bottom:
        count = max(1, int((right - left) / (size * 2.6) * rng.uniform(0.35, 1.0)))
        draw.text((left, y), words(rng, count), ink, font(size))
        y += line_height


def resized_to_width(picture: Picture, width: int) -> Picture:
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((max(1, width), height), Image.Resampling.LANCZOS)


def fitted(picture: Picture, width: int, height: int) -> Picture:
    """The middle of the picture that fills width x height, as collages and feeds crop it."""
    scale = max(width / picture.width, height / picture.height)
    size = (max(width, round(picture.width * scale)), max(height, round(picture.height * scale)))
    large = picture.resize(size, Image.Resampling.LANCZOS)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return large.crop((left, top, left + width, top + height))
