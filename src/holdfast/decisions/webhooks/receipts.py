"""Receipts of actions: the platform was asked to block or remove something, and says that it did.

An action without a receipt is a promise nobody kept: `unconfirmed` is what alarms. The moments of upload,
match, asking and removal are kept, so that `removal_times` can say how long known material stayed up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records import events
from holdfast.records.dialect import moment
from holdfast.records.tables.base import now
from holdfast.records.tables.outbox import action_receipts as table

__all__ = [
    "Receipt",
    "RemovalTimes",
    "Spread",
    "ask",
    "confirm",
    "get",
    "of_event",
    "removal_times",
    "take_overdue",
    "unconfirmed",
]

Outcome = Literal["removed", "already_gone"]

CLOCK_TOLERANCE = timedelta(minutes=5)  # how far the platform's clock may be ahead of ours
MAX_REMOVED = 1000


@dataclass(frozen=True, slots=True)
class Receipt:
    """One action asked for, and what came of it. Unconfirmed: `confirmed_at` is None."""

    id: int
    event_id: int
    action: str
    content_reference: str
    uploaded_at: datetime | None
    matched_at: datetime
    asked_at: datetime
    confirmed_at: datetime | None
    outcome: Outcome | None
    removed: list[str] | None
    removed_at: datetime | None
    confirmed_by: str | None
    overdue_at: datetime | None


@dataclass(frozen=True, slots=True)
class Spread:
    """How durations are spread, in seconds, by the nearest rank. None where there were none."""

    count: int
    p50_s: float | None
    p95_s: float | None
    max_s: float | None


@dataclass(frozen=True, slots=True)
class RemovalTimes:
    """From upload and from match to removal, for actions asked for in a period; and what is still open."""

    asked: int
    unconfirmed: int
    already_gone: int
    from_upload: Spread
    from_match: Spread


def ask(
    connection: sa.Connection,
    *,
    event_id: int,
    action: str,
    content_reference: str,
    matched_at: datetime,
    uploaded_at: datetime | None = None,
) -> int:
    """Note that the platform is asked for an action; the receipt's id, which the message must carry."""
    statement = sa.insert(table).values(
        event_id=event_id,
        action=action,
        content_reference=content_reference,
        uploaded_at=uploaded_at,
        matched_at=matched_at,
        asked_at=moment(connection),
    )
    return int(connection.execute(statement.returning(table.c.id)).scalar_one())


def confirm(
    connection: sa.Connection,
    receipt_id: int,
    *,
    by: str,
    outcome: Outcome = "removed",
    removed: Sequence[str] = (),
    removed_at: datetime | None = None,
) -> Receipt:
    """The platform says what it removed and when (now, if it does not say); the key ``by`` said so.

    ``removed`` names the copies, in the platform's words. The same confirmation again is answered with
    the first; an event ``action.confirmed`` is written once. Raises `NotFoundError`, `UsageError` for a
    moment in the future, and `ConflictError` when it was confirmed otherwise before.
    """
    if removed_at is not None and removed_at > now() + CLOCK_TOLERANCE:
        raise UsageError("removed_at lies in the future; nothing was confirmed. Confirm when it is removed.")
    if len(removed) > MAX_REMOVED:
        raise UsageError(f"{len(removed)} things are named as removed, more than {MAX_REMOVED}.")
    statement = (
        sa.update(table)
        .where(table.c.id == receipt_id, table.c.confirmed_at.is_(None))
        .values(
            confirmed_at=moment(connection),
            outcome=outcome,
            removed=list(removed),
            removed_at=removed_at or moment(connection),
            confirmed_by=by,
        )
    )
    changed = connection.execute(statement).rowcount
    receipt = get(connection, receipt_id)
    if changed == 0:
        same = receipt.outcome == outcome and receipt.removed == list(removed)
        if same and removed_at in (None, receipt.removed_at):
            return receipt
        raise ConflictError(
            f"Action {receipt_id} was confirmed otherwise before, at {receipt.confirmed_at}; that stands. "
            "Nothing was changed."
        )
    facts = {
        "receipt": receipt.id,
        "event": receipt.event_id,
        "action": receipt.action,
        "outcome": outcome,
        "by": by,
    }
    events.append(connection, "action.confirmed", facts, content_reference=receipt.content_reference)
    return receipt


def get(connection: sa.Connection, receipt_id: int) -> Receipt:
    """One receipt. Raises `NotFoundError`."""
    row = connection.execute(sa.select(table).where(table.c.id == receipt_id)).first()
    if row is None:
        raise NotFoundError(f"There is no action {receipt_id}.")
    return _receipt(row)


def of_event(connection: sa.Connection, event_id: int) -> list[Receipt]:
    """The actions that were asked for because of one event."""
    query = sa.select(table).where(table.c.event_id == event_id).order_by(table.c.id)
    return [_receipt(row) for row in connection.execute(query)]


def unconfirmed(
    connection: sa.Connection, *, older_than_s: float, after_id: int | None = None, limit: int = 1000
) -> list[Receipt]:
    """Actions asked for more than ``older_than_s`` seconds ago and not confirmed, oldest first.

    For the next page give the last id of this one as ``after_id``. Raises `NotFoundError` for an unknown one.
    """
    query = (
        sa.select(table)
        .where(table.c.confirmed_at.is_(None), table.c.asked_at <= moment(connection, -older_than_s))
        .order_by(table.c.asked_at, table.c.id)
        .limit(limit)
    )
    if after_id is not None:
        asked_at = get(connection, after_id).asked_at
        later = sa.and_(table.c.asked_at == asked_at, table.c.id > after_id)
        query = query.where(sa.or_(table.c.asked_at > asked_at, later))
    return [_receipt(row) for row in connection.execute(query)]


def take_overdue(connection: sa.Connection, *, older_than_s: float, limit: int = 1000) -> list[Receipt]:
    """As `unconfirmed`, but each action once in its life: for whoever raises the alarm, there and then."""
    late = (
        sa.select(table.c.id)
        .where(
            table.c.confirmed_at.is_(None),
            table.c.overdue_at.is_(None),
            table.c.asked_at <= moment(connection, -older_than_s),
        )
        .order_by(table.c.asked_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("late")
    )
    statement = (
        sa.update(table)
        .where(table.c.id.in_(sa.select(late.c.id)))
        .values(overdue_at=moment(connection))
        .returning(table)
    )
    return sorted(map(_receipt, connection.execute(statement)), key=lambda one: (one.asked_at, one.id))


def removal_times(connection: sa.Connection, *, since: datetime, until: datetime) -> RemovalTimes:
    """Percentiles over the actions asked for in [since, until).

    A removal before the upload or match (clocks differ) counts as 0 s. What is not confirmed has no time
    yet: read the percentiles together with `unconfirmed`.
    """
    query = sa.select(table.c.outcome, table.c.uploaded_at, table.c.matched_at, table.c.removed_at).where(
        table.c.asked_at >= since, table.c.asked_at < until
    )
    rows = connection.execute(query).all()
    removed = [row for row in rows if row.outcome == "removed"]
    return RemovalTimes(
        asked=len(rows),
        unconfirmed=sum(row.outcome is None for row in rows),
        already_gone=sum(row.outcome == "already_gone" for row in rows),
        from_upload=_spread(
            [row.removed_at - row.uploaded_at for row in removed if row.uploaded_at is not None]
        ),
        from_match=_spread([row.removed_at - row.matched_at for row in removed]),
    )


def _spread(durations: Sequence[timedelta]) -> Spread:
    if not durations:
        return Spread(0, None, None, None)
    seconds = sorted(max(duration.total_seconds(), 0.0) for duration in durations)

    def rank(share: float) -> float:
        return seconds[math.ceil(share * len(seconds)) - 1]

    return Spread(len(seconds), rank(0.5), rank(0.95), seconds[-1])


def _receipt(row: sa.Row[Any]) -> Receipt:
    return Receipt(**row._mapping)
