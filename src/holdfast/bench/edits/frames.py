"""Edits around the picture: borders, caption bars, polaroid and story frames, collages."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from holdfast.bench.edits.drawing import Picture, Random, dark, fitted, font, light, resized_to_width, words

__all__ = ["bordered", "captioned", "collage", "collage_of_four", "polaroid", "split_screen", "story"]


def bordered(picture: Picture, rng: Random) -> Picture:
    colour = rng.choice((light(rng), dark(rng), (190, 40, 50)))
    return ImageOps.expand(picture, round(max(picture.size) * rng.uniform(0.03, 0.12)), colour)


def captioned(picture: Picture, rng: Random) -> Picture:
    """A bar with one or two lines of text above or below the picture."""
    width, height = picture.size
    bar = round(height * rng.uniform(0.1, 0.22))
    above, is_dark = rng.random() < 0.65, rng.random() < 0.25
    page = Image.new("RGB", (width, height + bar), dark(rng) if is_dark else light(rng))
    page.paste(picture, (0, bar if above else 0))
    draw, top = ImageDraw.Draw(page), 0 if above else height
    lines = rng.randint(1, 2)
    size = min(bar / (lines + 0.8), width / 14) * rng.uniform(0.7, 0.95)
    ink = "white" if is_dark else "black"
    for line in range(lines):
        y = top + bar * (line + 1) / (lines + 1)
        draw.text((width / 2, y), words(rng, rng.randint(3, 6)), ink, font(size), anchor="mm")
    return page


def polaroid(picture: Picture, rng: Random) -> Picture:
    """A white frame, broad below, with a word or two in it."""
    edge = round(max(picture.size) * rng.uniform(0.03, 0.06))
    foot = round(edge * rng.uniform(3, 4.5))
    page = Image.new("RGB", (picture.width + 2 * edge, picture.height + edge + foot), (250, 249, 245))
    page.paste(picture, (edge, edge))
    middle = (page.width / 2, page.height - foot / 2)
    ImageDraw.Draw(page).text(middle, words(rng, 2), (40, 40, 60), font(foot * 0.4), anchor="mm")
    return page


def story(picture: Picture, rng: Random) -> Picture:
    """The picture across an upright screen, a blurred copy of itself above and below."""
    width, height = 1080, 1920
    page = fitted(picture, width, height).filter(ImageFilter.GaussianBlur(rng.uniform(25, 45)))
    page = ImageEnhance.Brightness(page).enhance(rng.uniform(0.55, 0.9))
    shown = resized_to_width(picture, round(width * rng.uniform(0.86, 1.0)))
    shown = shown.crop((0, 0, shown.width, min(shown.height, 1500)))
    page.paste(shown, ((width - shown.width) // 2, (height - shown.height) // 2))
    draw = ImageDraw.Draw(page)
    draw.text((60, 60), words(rng, 2), "white", font(44))
    draw.text((width / 2, height - 90), words(rng, 4), "white", font(48), anchor="mm")
    return page


def collage(picture: Picture, rng: Random, other: Picture) -> Picture:
    """Two pictures beside or above each other, brought to one height or width, with or without a gap."""
    gap, beside = rng.choice((0, 0, 6, 16)), rng.random() < 0.65
    first, second = (picture, other) if rng.random() < 0.5 else (other, picture)
    if beside:
        height = min(picture.height, 1000)
        parts = [p.resize((round(p.width * height / p.height), height)) for p in (first, second)]
        page = Image.new("RGB", (parts[0].width + gap + parts[1].width, height), light(rng))
        page.paste(parts[0], (0, 0))
        page.paste(parts[1], (parts[0].width + gap, 0))
        return page
    parts = [resized_to_width(p, min(picture.width, 1000)) for p in (first, second)]
    page = Image.new("RGB", (parts[0].width, parts[0].height + gap + parts[1].height), light(rng))
    page.paste(parts[0], (0, 0))
    page.paste(parts[1], (0, parts[0].height + gap))
    return page


def collage_of_four(picture: Picture, rng: Random, others: list[Picture]) -> Picture:
    """Two by two, each cell with the picture's own proportions."""
    width = 640
    height = round(width * picture.height / picture.width)
    gap = rng.choice((0, 4, 12))
    cells = [picture.resize((width, height), Image.Resampling.LANCZOS)]
    cells += [fitted(other, width, height) for other in others[:3]]
    rng.shuffle(cells)
    page = Image.new("RGB", (2 * width + gap, 2 * height + gap), light(rng))
    for number, cell in enumerate(cells):
        page.paste(cell, ((width + gap) * (number % 2), (height + gap) * (number // 2)))
    return page


def split_screen(picture: Picture, rng: Random, other: Picture) -> Picture:
    """A duet: the picture in one half of an upright screen, another in the other half, cropped to fit."""
    width, height = 1080, 1920
    halves = [fitted(picture, width, height // 2), fitted(other, width, height // 2)]
    rng.shuffle(halves)
    page = Image.new("RGB", (width, height))
    page.paste(halves[0], (0, 0))
    page.paste(halves[1], (0, height // 2))
    return page
