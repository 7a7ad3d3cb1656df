"""Geometry of small charts: numbers in, coordinates of an SVG out. Pages show the numbers as a table too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Chart", "Column", "columns", "spark", "ticks"]

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 12, 28


@dataclass(frozen=True, slots=True)
class Column:
    """One bar: its corner, size and label, in units of the drawing."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: float
    shows_label: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of ``width`` x ``height`` units with (y, value) of its horizontal lines."""

    columns: tuple[Column, ...]
    lines: tuple[tuple[float, float], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM


def columns(rows: Sequence[tuple[str, float]]) -> Chart:
    """Columns of (label, value >= 0), from zero. At most eight labels are written below."""
    marks = ticks(max((value for _, value in rows), default=0.0))
    top, inner = marks[-1], HEIGHT - TOP - BOTTOM
    step = (WIDTH - LEFT - RIGHT) / max(1, len(rows))
    every = -(-len(rows) // 8) or 1
    drawn = tuple(
        Column(
            x=round(LEFT + index * step + step * 0.15, 1),
            y=round(TOP + inner * (1 - value / top), 1),
            width=round(step * 0.7, 1),
            height=round(inner * value / top, 1),
            label=label,
            value=value,
            shows_label=index % every == 0,
        )
        for index, (label, value) in enumerate(rows)
    )
    return Chart(drawn, tuple((round(TOP + inner * (1 - mark / top), 1), mark) for mark in marks))


def spark(values: Sequence[float | None], width: float = 96, height: float = 20) -> str:
    """Points of a polyline of ``width`` x ``height`` for values of 0 to 1; what is unknown is left out."""
    if len(values) < 2:
        return ""
    step = width / (len(values) - 1)
    return " ".join(
        f"{index * step:.1f},{2 + (height - 4) * (1 - min(1.0, max(0.0, value))):.1f}"
        for index, value in enumerate(values)
        if value is not None
    )


def ticks(top: float) -> tuple[float, ...]:
    """Two to five round numbers from 0 to at least ``top``; whole ones, since columns are counts."""
    if top <= 0:
        return (0.0, 1.0)
    power = 1.0
    while power * 10 <= top:
        power *= 10
    for step in (max(1.0, power / 2), power, power * 2, power * 5):
        if step * 4 >= top:
            break
    count = -int(-top // step) or 1
    return tuple(step * index for index in range(count + 1))
