"""Screenshots: phones and desktops, light and dark, each laid out anew."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from holdfast.bench.edits.drawing import (
    Colour,
    Picture,
    Random,
    dark,
    font,
    light,
    lines_of_text,
    resized_to_width,
    words,
)

__all__ = ["desktop_screenshot", "phone_screenshot"]


@dataclass(frozen=True, slots=True)
class _Theme:
    paper: Colour
    ink: Colour
    faint: Colour
    accent: Colour


def _theme(rng: Random, is_dark: bool) -> _Theme:
    accent = rng.choice(((32, 90, 160), (0, 128, 105), (229, 57, 53), (80, 80, 200)))
    if is_dark:
        return _Theme(dark(rng), (228, 228, 232), (120, 122, 128), accent)
    return _Theme(light(rng), (20, 20, 24), (110, 112, 118), accent)


def phone_screenshot(picture: Picture, rng: Random, is_dark: bool = False) -> Picture:
    """The picture in a messenger or a feed on a phone: bars above and below, text around it."""
    width, height = rng.choice(((1080, 2200), (1080, 1920), (1170, 2532), (720, 1600)))
    theme = _theme(rng, is_dark)
    page = Image.new("RGB", (width, height), theme.paper)
    unit = width / 27
    top = _phone_head(page, rng, theme, unit)
    style = rng.choice(("chat", "feed", "edge"))
    margin = 0 if style == "edge" else round(width * rng.uniform(0.03, 0.09))
    shown_width = width - 2 * margin
    if style == "chat":
        shown_width = round(width * rng.uniform(0.68, 0.84))
    shown = resized_to_width(picture, shown_width)
    text_height = round(unit * rng.uniform(1.5, 5))
    shown = shown.crop((0, 0, shown.width, min(shown.height, height - top - text_height - round(4 * unit))))
    lines_of_text(page, rng, (round(unit), top, width - round(unit), top + text_height), theme.ink, unit)
    left = margin if rng.random() < 0.7 else width - margin - shown.width
    y = top + text_height + round(unit * 0.6)
    _paste(page, shown, (left, y), round(unit * rng.uniform(0.4, 1.0)) if style == "chat" else 0)
    rest = (round(unit), y + shown.height + round(unit), width - round(unit), height - round(2.4 * unit))
    lines_of_text(page, rng, rest, theme.faint, unit * rng.uniform(0.8, 1.0))
    ImageDraw.Draw(page).rectangle(
        (0, height - 2 * unit, width, height), fill=theme.paper, outline=theme.faint
    )
    return page


def _phone_head(page: Picture, rng: Random, theme: _Theme, unit: float) -> int:
    """Status bar and title; gives where they end."""
    draw = ImageDraw.Draw(page)
    bar = round(unit * rng.uniform(3, 5))
    coloured = rng.random() < 0.5
    draw.rectangle((0, 0, page.width, bar), fill=theme.accent if coloured else theme.paper)
    ink: Colour = (255, 255, 255) if coloured else theme.ink
    clock = f"{rng.randint(1, 23)}:{rng.randint(10, 59)}"
    draw.text((unit, unit * 0.3), clock, ink, font(unit * 0.9))
    draw.text((page.width - 4 * unit, unit * 0.3), f"{rng.randint(12, 99)} %", ink, font(unit * 0.9))
    draw.ellipse((unit, bar - 1.8 * unit, 2.6 * unit, bar - 0.2 * unit), fill=theme.faint)
    draw.text((3.2 * unit, bar - 1.5 * unit), words(rng, 2), ink, font(unit))
    return bar + round(unit * 0.5)


def desktop_screenshot(picture: Picture, rng: Random, is_dark: bool = False) -> Picture:
    """The picture on a web page in a browser window: tabs, side columns, text."""
    width, height = rng.choice(((1920, 1080), (1440, 900), (1366, 768), (2560, 1440)))
    theme = _theme(rng, is_dark)
    page = Image.new("RGB", (width, height), theme.paper)
    unit = height / 54
    top = _browser_head(page, rng, theme, unit)
    left, right = round(width * rng.uniform(0.03, 0.3)), round(width * rng.uniform(0.03, 0.3))
    y = top + round(unit * rng.uniform(1, 5))
    room_width, room_height = width - left - right, height - y - round(unit * rng.uniform(0.5, 5))
    scale = min(room_width / picture.width, room_height / picture.height)
    shown = resized_to_width(picture, round(picture.width * scale))
    lines_of_text(page, rng, (left, top + round(0.3 * unit), width - right, y), theme.ink, unit * 0.9)
    x = left + (room_width - shown.width) // 2 if rng.random() < 0.5 else left
    _paste(page, shown, (x, y), 0)
    beside = x + shown.width + round(unit)
    lines_of_text(page, rng, (beside, y, width - round(unit), height - round(unit)), theme.faint, unit * 0.9)
    lines_of_text(
        page, rng, (x, y + shown.height + round(unit / 2), x + shown.width, height), theme.ink, unit
    )
    if left > 8 * unit:
        lines_of_text(page, rng, (round(unit), y, x - round(unit), height - round(unit)), theme.faint, unit)
    return page


def _browser_head(page: Picture, rng: Random, theme: _Theme, unit: float) -> int:
    """Tabs and address; gives where they end."""
    draw = ImageDraw.Draw(page)
    bar = round(unit * rng.uniform(3.5, 5.5))
    grey = 60 if sum(theme.paper) < 380 else 222
    draw.rectangle((0, 0, page.width, bar), fill=(grey, grey, grey + 4))
    for tab in range(rng.randint(1, 5)):
        draw.text((unit + 11 * unit * tab, unit * 0.3), words(rng, 2), theme.ink, font(unit))
    draw.rounded_rectangle((6 * unit, bar / 2, page.width * 0.8, bar - 4), unit / 2, fill=theme.paper)
    draw.text((7 * unit, bar / 2 + 2), "example.org/" + words(rng, 1), theme.faint, font(unit * 0.9))
    return bar


def _paste(page: Picture, shown: Picture, at: tuple[int, int], radius: int) -> None:
    """With rounded corners where ``radius`` says so."""
    mask = Image.new("L", shown.size, 255 if radius == 0 else 0)
    if radius:
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, shown.width - 1, shown.height - 1), radius, fill=255)
    page.paste(shown, at, mask)
