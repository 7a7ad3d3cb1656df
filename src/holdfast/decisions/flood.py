"""The flood brake: an entry that suddenly matches far more than it ever did is held for confirmation.

A flood is either something real going round or an entry that should not be on the list (a logo, a meme,
a damaged import). Only a person can tell, so until then the entry may not act with full force (`brakes`).

Counts are kept by entry and minute (UTC). The counter lives in memory; what has to outlast the process,
or be shared among several, goes out by `FloodBrake.take_changes` and comes in by `FloodBrake.add`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["Flood", "FloodBrake", "FloodSettings", "MatchCount", "flood_threshold", "is_flood"]

MINUTES_AN_HOUR: Final = 60
MINUTES_A_DAY: Final = 1440
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FloodSettings:
    """An entry floods with more than max(``least``, ``factor`` x its daily mean) matches within an hour."""

    least: int = 20  # matches in an hour that are never a flood, however quiet the entry was
    factor: float = 8.0  # of the trailing daily mean
    trailing_days: int = 28  # days before today that make the mean, or fewer since its first match
    max_entries: int = 100_000  # entries counted at once; the longest idle ones are forgotten first

    def __post_init__(self) -> None:
        if self.least < 1 or self.factor <= 0 or self.trailing_days < 1 or self.max_entries < 1:
            raise ValueError("every setting of the flood brake has to be above zero")


@dataclass(frozen=True, slots=True)
class MatchCount:
    """A row to keep: matches of one entry in one minute. Rows of an earlier day may be added up into one."""

    entry: int
    minute: datetime
    matches: int


@dataclass(frozen=True, slots=True)
class Flood:
    """An entry that floods: matches of the last hour, its daily mean, and the threshold that they passed."""

    entry: int
    last_hour: int
    daily_mean: float
    threshold: float

    def sentence(self) -> str:
        """What happened, for people."""
        return (
            f"Entry {self.entry} matched {self.last_hour} uploads within an hour; its daily mean is "
            f"{self.daily_mean:.1f}. It is held: confirm or dispute it."
        )


def flood_threshold(daily_mean: float, settings: FloodSettings) -> float:
    """Matches an hour that an entry with this trailing daily mean may have."""
    return max(float(settings.least), settings.factor * daily_mean)


def is_flood(last_hour: int, daily_mean: float, settings: FloodSettings) -> bool:
    """Whether ``last_hour`` matches of one entry are a flood."""
    return last_hour > flood_threshold(daily_mean, settings)


@dataclass(slots=True)
class _History:
    minutes: dict[int, int] = field(default_factory=dict)  # minute since 1970 -> matches, of the last hour
    days: dict[int, int] = field(default_factory=dict)  # day since 1970 -> matches, today included
    latest: int = 0  # the last minute seen


class FloodBrake:
    """Counts matches by entry and tells when one floods. Threads may share it."""

    def __init__(self, settings: FloodSettings | None = None) -> None:
        self.settings = settings or FloodSettings()
        self._histories: dict[int, _History] = {}
        self._changes: dict[tuple[int, int], int] = {}
        self._lock = threading.Lock()

    def record(self, entry: int, at: datetime) -> Flood | None:
        """Count one match of ``entry`` at ``at`` (with zone). Answers the flood it makes, else None.

        It answers for every match of a flood, not the first alone: holding an entry twice does no harm,
        missing the one answer would. Do not ask for confirmed entries: a person has released them.
        """
        minute = _minute(at)
        with self._lock:
            self._count(entry, minute, 1)
            self._changes[entry, minute] = self._changes.get((entry, minute), 0) + 1
            return self._flood(entry, minute)

    def add(self, count: MatchCount) -> None:
        """Take in a row that was kept before a restart or counted by another process: no change of ours."""
        with self._lock:
            self._count(count.entry, _minute(count.minute), count.matches)

    def check(self, entry: int, at: datetime) -> Flood | None:
        """Whether ``entry`` floods at ``at``, without counting anything."""
        with self._lock:
            return self._flood(entry, _minute(at))

    def take_changes(self) -> list[MatchCount]:
        """What was recorded here since the last call, oldest first: add each row to those already kept.

        Give them back by `return_changes` when they could not be kept.
        """
        with self._lock:
            changes, self._changes = self._changes, {}
        rows = [MatchCount(entry, _moment(minute), matches) for (entry, minute), matches in changes.items()]
        return sorted(rows, key=lambda row: (row.minute, row.entry))

    def return_changes(self, rows: list[MatchCount]) -> None:
        """Rows of `take_changes` that could not be kept: the next call answers them again."""
        with self._lock:
            for row in rows:
                place = row.entry, _minute(row.minute)
                self._changes[place] = self._changes.get(place, 0) + row.matches

    def _count(self, entry: int, minute: int, matches: int) -> None:
        # Taken out and put back: the order of the dictionary is then the order of last use.
        history = self._histories.pop(entry, None) or _History()
        self._histories[entry] = history
        history.latest = max(history.latest, minute)
        history.minutes[minute] = history.minutes.get(minute, 0) + matches
        day = minute // MINUTES_A_DAY
        history.days[day] = history.days.get(day, 0) + matches
        self._forget(history)
        while len(self._histories) > self.settings.max_entries:
            del self._histories[next(iter(self._histories))]

    def _forget(self, history: _History) -> None:
        if len(history.minutes) > 2 * MINUTES_AN_HOUR:
            oldest = history.latest - MINUTES_AN_HOUR
            history.minutes = {minute: count for minute, count in history.minutes.items() if minute > oldest}
        if len(history.days) > 2 * self.settings.trailing_days:
            first = history.latest // MINUTES_A_DAY - self.settings.trailing_days
            history.days = {day: count for day, count in history.days.items() if day >= first}

    def _flood(self, entry: int, minute: int) -> Flood | None:
        history = self._histories.get(entry)
        if history is None:
            return None
        last_hour = sum(_window(history.minutes, minute - MINUTES_AN_HOUR + 1, minute))
        today = minute // MINUTES_A_DAY
        earlier = sum(_window(history.days, today - self.settings.trailing_days, today - 1))
        days = min(self.settings.trailing_days, today - min(history.days))
        mean = earlier / max(1, days)
        if not is_flood(last_hour, mean, self.settings):
            return None
        return Flood(entry, last_hour, mean, flood_threshold(mean, self.settings))


def _window(counts: dict[int, int], first: int, last: int) -> Iterator[int]:
    return (count for place, count in counts.items() if first <= place <= last)


def _minute(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("a match at a moment without a time zone cannot be counted")
    return (at - _EPOCH) // timedelta(minutes=1)


def _moment(minute: int) -> datetime:
    return _EPOCH + timedelta(minutes=minute)
