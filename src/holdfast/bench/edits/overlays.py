"""Edits on the picture itself: logos, stickers, emoji, memes, filters."""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from holdfast.bench.edits.drawing import Colour, Picture, Random, font, words

__all__ = ["blurred", "filtered", "logo", "meme_text", "recompressed_small", "sketched", "stickers"]


def logo(picture: Picture, rng: Random) -> Picture:
    """A round or square logo in one of the corners, with letters in it."""
    marked = picture.copy()
    side = round(max(picture.size) * rng.uniform(0.08, 0.15))
    margin = round(side * rng.uniform(0.1, 0.5))
    x = rng.choice((margin, picture.width - side - margin))
    y = rng.choice((margin, picture.height - side - margin))
    draw = ImageDraw.Draw(marked)
    shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
    shape((x, y, x + side, y + side), fill=_vivid(rng), outline="white", width=max(2, side // 30))
    middle = (x + side // 2, y + side // 2)
    draw.text(middle, rng.choice(("TV", "HD", "24")), "white", font(side / 2), anchor="mm")
    return marked


def stickers(picture: Picture, rng: Random) -> Picture:
    """Some laughing faces and diamonds on top."""
    marked = picture.copy()
    draw = ImageDraw.Draw(marked)
    for _ in range(rng.randint(1, 4)):
        side = round(min(picture.size) * rng.uniform(0.1, 0.24))
        x, y = rng.randint(0, picture.width - side), rng.randint(0, picture.height - side)
        if rng.random() < 0.3:
            draw.polygon(
                [
                    (x, y + side // 3),
                    (x + side // 2, y + side),
                    (x + side, y + side // 3),
                    (x + side // 2, y),
                ],
                fill=(226, 32, 60),
            )
            continue
        draw.ellipse((x, y, x + side, y + side), fill=(255, 204, 51), outline=(160, 110, 0))
        eye = side // 9
        for at in (0.3, 0.7):
            cx, cy = x + round(at * side), y + round(0.36 * side)
            draw.ellipse((cx - eye, cy - eye, cx + eye, cy + eye), fill=(60, 40, 20))
        draw.chord(
            (x + side // 4, y + side // 3, x + 3 * side // 4, y + 5 * side // 6), 0, 180, fill=(90, 20, 20)
        )
    return marked


def meme_text(picture: Picture, rng: Random) -> Picture:
    """Large white capitals with a black edge along the top and the bottom."""
    marked = picture.copy()
    draw = ImageDraw.Draw(marked)
    size = picture.width * rng.uniform(0.07, 0.11)
    for y, anchor in ((picture.height * 0.03, "ma"), (picture.height * 0.97, "md")):
        text = words(rng, rng.randint(2, 4)).upper()
        draw.text(
            (picture.width / 2, y), text, "white", font(size), anchor, stroke_width=round(size / 12),
            stroke_fill="black",
        )  # fmt: skip
    return marked


def filtered(picture: Picture, rng: Random) -> Picture:
    """One of the usual colour filters: strong, faded, sepia, negative contrast of light and shade."""
    style = rng.choice(("strong", "faded", "sepia", "dark"))
    if style == "strong":
        return ImageEnhance.Color(ImageEnhance.Contrast(picture).enhance(1.5)).enhance(1.7)
    if style == "faded":
        return Image.blend(
            ImageEnhance.Color(picture).enhance(0.6), Image.new("RGB", picture.size, "white"), 0.3
        )
    if style == "sepia":
        return ImageOps.colorize(picture.convert("L"), (30, 16, 4), (255, 236, 200))
    vignette = Image.radial_gradient("L").resize(picture.size)
    shade = ImageOps.invert(vignette).point([min(255, 90 + value) for value in range(256)])
    return ImageChops.multiply(picture, Image.merge("RGB", [shade] * 3))


def sketched(picture: Picture, rng: Random) -> Picture:
    """A pencil drawing of the picture: what is left are its edges."""
    grey = picture.convert("L")
    soft = ImageOps.invert(grey).filter(
        ImageFilter.GaussianBlur(max(picture.size) * rng.uniform(0.006, 0.015))
    )
    dodge = ImageChops.add(grey, soft, 1.0, 0)
    return Image.merge("RGB", [ImageOps.autocontrast(dodge)] * 3)


def blurred(picture: Picture, rng: Random) -> Picture:
    return picture.filter(ImageFilter.GaussianBlur(max(picture.size) * rng.uniform(0.0012, 0.0025)))


def recompressed_small(picture: Picture, rng: Random) -> Picture:
    """Shrunk, saved at a quality of 8 to 15, and enlarged again."""
    small = ImageOps.contain(picture, (rng.randint(220, 360),) * 2, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=rng.randint(8, 15))
    return Image.open(buffer).convert("RGB").resize(picture.size, Image.Resampling.BICUBIC)


def _vivid(rng: Random) -> Colour:
    return rng.choice(((220, 30, 60), (20, 90, 200), (10, 140, 80), (240, 160, 0), (20, 20, 24)))
