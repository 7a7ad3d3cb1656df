"""The flood brake: an entry that suddenly matches far more than it ever did is held for confirmation.

A flood is either something real going round or an entry that should not be on the list (a logo, a meme,
a damaged import). Only a person can tell, so until then the entry may not act with full force (`brakes`).

Matches are counted by entry and minute (UTC) in the records, in the transaction that writes the match down:
all processes count together, and what was answered was counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from holdfast.decisions.standing import standings
from holdfast.decisions.webhooks import outbox
from holdfast.records import events
from holdfast.records.dialect import upsert
from holdfast.records.tables.decisions import entry_match_counts as table
from holdfast.records.tables.decisions import flooded_entries

__all__ = ["Flood", "FloodBrake", "FloodSettings", "flood_threshold", "is_flood"]

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
BATCH: Final = 5_000  # rows in one statement


@dataclass(frozen=True, slots=True)
class FloodSettings:
    """An entry floods with more than max(``least``, ``factor`` x its daily mean) matches within an hour."""

    least: int = 20  # matches in an hour that are never a flood, however quiet the entry was
    factor: float = 8.0  # of the trailing daily mean
    trailing_days: int = 28  # days before today that make the mean, or fewer since its first match in them

    def __post_init__(self) -> None:
        if self.least < 1 or self.factor <= 0 or self.trailing_days < 1:
            raise ValueError("every setting of the flood brake has to be above zero")


@dataclass(frozen=True, slots=True)
class Flood:
    """An entry that floods: matches of the last hour, its daily mean, and the threshold that they passed."""

    entry: int
    last_hour: int
    daily_mean: float
    threshold: float


def flood_threshold(daily_mean: float, settings: FloodSettings) -> float:
    """Matches an hour that an entry with this trailing daily mean may have."""
    return max(float(settings.least), settings.factor * daily_mean)


def is_flood(last_hour: int, daily_mean: float, settings: FloodSettings) -> bool:
    """Whether ``last_hour`` matches of one entry are a flood."""
    return last_hour > flood_threshold(daily_mean, settings)


class FloodBrake:
    """Counts matches by entry and holds an entry that floods. Without state: threads may share it."""

    def __init__(self, settings: FloodSettings | None = None) -> None:
        self.settings = settings or FloodSettings()

    def record(self, connection: sa.Connection, entry_id: int, at: datetime) -> Flood | None:
        """Count one match of an entry at ``at`` (with zone), in the caller's transaction.

        Answers the flood that this match sets off: the entry is then held, with an event and a webhook
        ``brake.tripped``. None otherwise: also while it is held already, and when people have confirmed it.

        Append the match's own event first. Its lock puts writers in a row; without it, two that count the
        same entries in another order would wait for each other.
        """
        minute = _minute(at)
        _add(connection, Counter({(entry_id, minute): 1}))
        flood = self._flood(connection, entry_id, minute)
        if flood is None or standings(connection, [entry_id])[entry_id] in ("confirmed", "held"):
            return None
        return flood if _hold(connection, flood, at) else None

    def fold(self, connection: sa.Connection, before: datetime) -> int:
        """Add up the minutes of each day (UTC) before that of ``before`` into one row, and forget what is
        older than the trailing days; how many rows went away. For housekeeping, once a day or oftener."""
        today = _minute(before).replace(hour=0, minute=0)
        first = today - self.settings.trailing_days * _DAY
        gone = connection.execute(sa.delete(table).where(table.c.minute < first)).rowcount
        day = first
        while day < today:
            gone += _fold_day(connection, day)
            day += _DAY
        return gone

    def _flood(self, connection: sa.Connection, entry_id: int, minute: datetime) -> Flood | None:
        today = minute.replace(hour=0, minute=0)
        window = today - self.settings.trailing_days * _DAY
        last_hour, earlier, first = connection.execute(
            sa.select(
                _sum_where(table.c.minute > minute - _HOUR),
                _sum_where(table.c.minute < today),
                sa.func.min(table.c.minute),
            ).where(table.c.entry_id == entry_id, table.c.minute >= window, table.c.minute <= minute)
        ).one()
        mean = earlier / max(1, (today - first.replace(hour=0, minute=0)).days)
        if not is_flood(last_hour, mean, self.settings):
            return None
        return Flood(entry_id, last_hour, mean, flood_threshold(mean, self.settings))


def _hold(connection: sa.Connection, flood: Flood, at: datetime) -> bool:
    """Holds the entry and tells of it; False where another writer did so first."""
    values = {
        "entry_id": flood.entry,
        "since": at,
        "last_hour": flood.last_hour,
        "daily_mean": flood.daily_mean,
    }
    insert = upsert(connection, flooded_entries).values(values).on_conflict_do_nothing()
    if connection.execute(insert).rowcount == 0:
        return False
    counts = {"last_hour": flood.last_hour, "daily_mean": flood.daily_mean, "threshold": flood.threshold}
    told = {"brake": "flood", **counts}
    event = events.append(connection, "brake.tripped", {"entry": flood.entry, **told})
    outbox.publish(connection, "brake.tripped", told, event_id=event)
    return True


def _fold_day(connection: sa.Connection, midnight: datetime) -> int:
    # The row of midnight stays and takes in the rest of its day: folding twice changes nothing.
    rest = sa.delete(table).where(table.c.minute > midnight, table.c.minute < midnight + _DAY)
    sums: Counter[tuple[int, datetime]] = Counter()
    gone = 0
    for entry_id, matches in connection.execute(rest.returning(table.c.entry_id, table.c.matches)):
        sums[entry_id, midnight] += matches
        gone += 1
    _add(connection, sums)
    return gone


def _add(connection: sa.Connection, counts: Counter[tuple[int, datetime]]) -> None:
    insert = upsert(connection, table)
    statement = insert.on_conflict_do_update(
        index_elements=[table.c.entry_id, table.c.minute],
        set_={"matches": table.c.matches + insert.excluded.matches},
    )
    rows = [
        {"entry_id": entry_id, "minute": minute, "matches": matches}
        for (entry_id, minute), matches in sorted(counts.items())
    ]
    for start in range(0, len(rows), BATCH):
        connection.execute(statement, rows[start : start + BATCH])


def _sum_where(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, table.c.matches), else_=0)), 0)


def _minute(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a match at a moment without a time zone cannot be counted")
    return at.astimezone(UTC).replace(second=0, microsecond=0)
