"""Points and spans of time in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.console.texts import Texts

__all__ = ["ago", "clock", "moment", "span", "units"]

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def span(t: Texts, seconds: float) -> str:
    """At most two units: "2 d 4 h", "9 min 40 s". Less than a second is "0 s"."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, size in _UNITS:
        if left >= size or (unit == "second" and not parts):
            parts.append(t(f"time.{unit}", number=left // size))
            left %= size
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)


def units(t: Texts) -> dict[str, str]:
    """How each unit is written, for clocks that a page counts itself: "{number} min"."""
    return {unit: t(f"time.{unit}", number="{number}") for unit, _ in _UNITS}


def ago(t: Texts, at: datetime | None, now: datetime) -> str:
    """ "4 min ago"; "never" without a time."""
    if at is None:
        return t("time.never")
    seconds = (now - at).total_seconds()
    return t("time.now") if seconds < 5 else t("time.ago", span=span(t, seconds))


def clock(t: Texts, due: datetime | None, now: datetime) -> str:
    """What is left until ``due``, or by how much it is over."""
    if due is None:
        return t("time.no_clock")
    seconds = (due - now).total_seconds()
    if seconds < 0:
        return t("time.over", span=span(t, -seconds))
    return t("time.left", span=span(t, seconds))


def moment(at: datetime) -> str:
    """Date and time to the second, in UTC: what a record says, the same in every language."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
