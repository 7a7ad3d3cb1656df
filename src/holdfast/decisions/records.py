"""The decisions that were taken, and what people said of them. `brakes` and `standing` are about entries.

The open queue holds what a person is to look at: the first priority first, then the oldest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from holdfast.errors import NotFoundError
from holdfast.records.bank_scope import ALL_BANKS, decision_is_seen
from holdfast.records.dialect import moment
from holdfast.records.tables.banks import banks, entries
from holdfast.records.tables.decisions import decisions as table
from holdfast.records.tables.decisions import entry_reviews

__all__ = [
    "DecisionRow",
    "bank_of",
    "disputers",
    "get_decision",
    "lock_decision",
    "mark_reviewed",
    "of_item",
    "read_decided",
    "read_open",
]

Verdict = Literal["confirm", "dispute"]


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision as it was taken, and the first review of it. ``event_id`` names it."""

    event_id: int
    outcome: str
    rule: str
    rule_class: str
    rules_version: str
    actions: dict[str, Any]
    queue: int | None
    entry_id: int | None
    trusted: bool
    item_id: str | None
    content_reference: str | None
    decided_at: datetime
    reviewed_at: datetime | None
    reviewed_by: str | None
    verdict: Verdict | None
    review_reason: str | None


def read_open(
    connection: sa.Connection,
    *,
    after: tuple[int, int] = (0, 0),
    banks_seen: tuple[str, ...] = ALL_BANKS,
    limit: int = 100,
) -> list[DecisionRow]:
    """What waits for a person: by priority, then oldest first.

    ``after`` is priority and event of the last one of the page before. ``banks_seen`` are names, or
    beginnings of names with a ``*``: decisions about entries of other banks are left out.
    """
    queue, event = after
    later = sa.or_(table.c.queue > queue, sa.and_(table.c.queue == queue, table.c.event_id > event))
    query = sa.select(table).where(table.c.queue.is_not(None), table.c.reviewed_at.is_(None), later)
    query = (
        query.where(decision_is_seen(table, banks_seen))
        .order_by(table.c.queue, table.c.event_id)
        .limit(limit)
    )
    return [DecisionRow(**row._mapping) for row in connection.execute(query)]


def read_decided(
    connection: sa.Connection,
    *,
    is_reviewed: bool | None = None,
    before: int | None = None,
    banks_seen: tuple[str, ...] = ALL_BANKS,
    limit: int = 100,
) -> list[DecisionRow]:
    """Decisions, newest first, with ``is_reviewed`` only those that a person reviewed, or not.

    For the next page give the last event as ``before``; ``banks_seen`` as for `read_open`.
    """
    query = (
        sa.select(table)
        .where(decision_is_seen(table, banks_seen))
        .order_by(table.c.event_id.desc())
        .limit(limit)
    )
    if is_reviewed is not None:
        query = query.where(table.c.reviewed_at.is_not(None) == is_reviewed)
    if before is not None:
        query = query.where(table.c.event_id < before)
    return [DecisionRow(**row._mapping) for row in connection.execute(query)]


def get_decision(connection: sa.Connection, event_id: int) -> DecisionRow:
    """One decision. Raises `NotFoundError`."""
    return _one(connection, sa.select(table).where(table.c.event_id == event_id), event_id)


def lock_decision(connection: sa.Connection, event_id: int) -> DecisionRow:
    """As `get_decision`, and nobody else reviews it until the end of the transaction."""
    query = sa.select(table).where(table.c.event_id == event_id).with_for_update()
    return _one(connection, query, event_id)


def of_item(connection: sa.Connection, item_id: str) -> DecisionRow | None:
    """The decision that held an item of the vault; None for an item that no decision is about."""
    row = connection.execute(sa.select(table).where(table.c.item_id == item_id)).first()
    return None if row is None else DecisionRow(**row._mapping)


def bank_of(connection: sa.Connection, decision: DecisionRow) -> str | None:
    """The name of the bank of the decision's entry; None without one, or when it is gone."""
    query = sa.select(banks.c.name).join(entries, entries.c.bank_id == banks.c.id)
    return connection.execute(query.where(entries.c.id == decision.entry_id)).scalar()


def mark_reviewed(
    connection: sa.Connection, event_id: int, *, by: str, verdict: Verdict, reason: str
) -> DecisionRow:
    """Write the first review of a decision; a later one changes nothing here. Raises `NotFoundError`."""
    statement = sa.update(table).where(table.c.event_id == event_id, table.c.reviewed_at.is_(None))
    values = {"reviewed_by": by, "verdict": verdict, "review_reason": reason}
    connection.execute(statement.values(reviewed_at=moment(connection), **values))
    return get_decision(connection, event_id)


def disputers(connection: sa.Connection, decision: DecisionRow) -> set[str]:
    """Who disputes the decision: of each person the latest word about this event counts."""
    reviews = sa.select(entry_reviews.c.person, entry_reviews.c.verdict)
    said = {decision.reviewed_by: decision.verdict} if decision.reviewed_by else {}
    rows = connection.execute(
        reviews.where(entry_reviews.c.event_id == decision.event_id).order_by(entry_reviews.c.id)
    )
    said |= {row.person: row.verdict for row in rows}
    return {person for person, verdict in said.items() if verdict == "dispute"}


def _one(connection: sa.Connection, query: sa.Select[Any], event_id: int) -> DecisionRow:
    row = connection.execute(query).first()
    if row is None:
        raise NotFoundError(f"There is no decision about an event {event_id}. Nothing was done.")
    return DecisionRow(**row._mapping)
