"""What people said of entries, and the standing that follows: kept in `entry_reviews`, one row a word.

`brakes` says what a standing means and what it takes away from a decision; `flood` holds entries that match
too much. What is said is never changed: who thinks otherwise says so, and of each person the latest counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from holdfast.decisions.brakes import Review, standing_of
from holdfast.decisions.webhooks import outbox
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records import events
from holdfast.records.dialect import moment
from holdfast.records.tables.banks import entries
from holdfast.records.tables.decisions import entry_reviews as table
from holdfast.records.tables.decisions import flooded_entries

__all__ = ["MAX_REASON", "EntryReview", "list_reviews", "review_entry", "standings"]

Verdict = Literal["confirm", "dispute", "withdraw"]

MAX_REASON = 500
BATCH = 5_000  # entries in one statement: SQLite allows 32,766 parameters


@dataclass(frozen=True, slots=True)
class EntryReview:
    """One thing that one person said of an entry; ``event_id`` is the match that it was said about."""

    id: int
    entry_id: int
    person: str
    verdict: Verdict
    reason: str
    event_id: int | None
    at: datetime


def standings(connection: sa.Connection, entry_ids: Sequence[int]) -> dict[int, str]:
    """The standing of each entry: "none", "confirmed", "disputed" or "held". Unknown ids are "none"."""
    said: dict[int, list[Review]] = defaultdict(list)
    flooded: set[int] = set()
    for start in range(0, len(entry_ids), BATCH):
        ids = entry_ids[start : start + BATCH]
        reviews = sa.select(table.c.entry_id, table.c.person, table.c.verdict, table.c.at)
        for row in connection.execute(reviews.where(table.c.entry_id.in_(ids)).order_by(table.c.id)):
            said[row.entry_id].append(Review(row.person, row.verdict, row.at))
        held = sa.select(flooded_entries.c.entry_id).where(flooded_entries.c.entry_id.in_(ids))
        flooded.update(connection.scalars(held))
    return {entry_id: standing_of(said.get(entry_id, ()), entry_id in flooded) for entry_id in entry_ids}


def review_entry(
    connection: sa.Connection,
    entry_id: int,
    *,
    person: str,
    verdict: Verdict,
    reason: str,
    event_id: int | None = None,
    content_reference: str | None = None,
) -> str:
    """Write down what ``person`` says of an entry; the standing that follows.

    "confirm" ends the hold of the flood brake; "withdraw" takes the person's own last word back.
    ``event_id`` and ``content_reference`` name the match that it was said about. An event and a webhook
    ``decision.reviewed`` are written, without the reason. Raises `NotFoundError`, `UsageError` for a reason
    that is empty or too long, `ConflictError` where there is nothing of this person's to withdraw.
    """
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise UsageError(f"A review needs a reason of 1 to {MAX_REASON} characters. Nothing was written.")
    if connection.execute(sa.select(entries.c.id).where(entries.c.id == entry_id)).first() is None:
        raise NotFoundError(f"There is no entry {entry_id}. Nothing was written.")
    if verdict == "withdraw" and _last_word(connection, entry_id, person) in (None, "withdraw"):
        raise ConflictError(f"You said nothing of entry {entry_id} that stands. Nothing was withdrawn.")
    values = {"entry_id": entry_id, "person": person, "verdict": verdict, "reason": reason}
    connection.execute(sa.insert(table).values(event_id=event_id, at=moment(connection), **values))
    if verdict == "confirm":
        events.lock(connection)  # who writes a match down counts floods behind its event
        connection.execute(sa.delete(flooded_entries).where(flooded_entries.c.entry_id == entry_id))
    standing = standings(connection, [entry_id])[entry_id]
    told = {"verdict": verdict, "event": event_id, "content_reference": content_reference}
    facts = {"entry": entry_id, "by": person, "standing": standing, "verdict": verdict, "event": event_id}
    written = events.append(connection, "decision.reviewed", facts, content_reference=content_reference)
    outbox.publish(connection, "decision.reviewed", told, event_id=written)
    return standing


def list_reviews(connection: sa.Connection, entry_id: int, limit: int = 100) -> list[EntryReview]:
    """What was said of an entry, newest first."""
    query = sa.select(table).where(table.c.entry_id == entry_id).order_by(table.c.id.desc()).limit(limit)
    return [EntryReview(**row._mapping) for row in connection.execute(query)]


def _last_word(connection: sa.Connection, entry_id: int, person: str) -> str | None:
    query = sa.select(table.c.verdict).where(table.c.entry_id == entry_id, table.c.person == person)
    return connection.execute(query.order_by(table.c.id.desc()).limit(1)).scalar()
