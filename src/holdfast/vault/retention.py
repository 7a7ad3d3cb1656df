"""How long an item stays: release, second thoughts, preservation, legal holds, destruction of its key.

Everything here is rows in the caller's transaction, so that a decision and what it does to an item are
written together. Who may do it is for the caller to know; every step is written down with its actor. What
must survive the loss of the database is noted for the journal too (see `journal`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from holdfast.errors import HeldError, NotFoundError, ObjectDestroyedError, UsageError
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_access, vault_items, vault_keys, vault_legal_holds
from holdfast.vault import journal
from holdfast.vault.models import Action, LegalHold, checked_text

__all__ = [
    "CLEARED_WINDOW",
    "REPORT_KEPT",
    "active_legal_holds",
    "destroy_keys",
    "filed",
    "forbid_if_held",
    "forbid_if_kept",
    "hold_again",
    "in_force",
    "keep_at_least",
    "lift_legal_hold",
    "lock",
    "place_legal_hold",
    "preserve",
    "release",
    "write_access",
]

# Long enough that a wrong clearing is noticed over a weekend and a holiday, short enough that content of
# people who did nothing is soon gone. A setting may make it shorter or longer.
CLEARED_WINDOW = timedelta(days=7)

# 18 U.S.C. 2258A(h): one year from the filing of the report. In a leap year too.
REPORT_KEPT = timedelta(days=366)
BATCH = 400  # items in one statement


def release(
    connection: sa.Connection, item_id: str, *, actor: str, purpose: str, window: timedelta = CLEARED_WINDOW
) -> datetime:
    """The item was cleared: destroy it after ``window``, not before its preservation ends. That moment.

    Releasing twice changes nothing and gives the first moment. Raises `NotFoundError`,
    `ObjectDestroyedError`.
    """
    row = lock(connection, item_id)
    if row.state == "released":
        return _moment(row.destroy_at)
    moment = now()
    destroy_at = max(moment + window, row.keep_until or moment)
    _set(connection, item_id, state="released", released_at=moment, destroy_at=destroy_at)
    write_access(connection, [item_id], actor, Action.RELEASE, purpose)
    return destroy_at


def hold_again(connection: sa.Connection, item_id: str, *, actor: str, purpose: str) -> None:
    """The clearing was wrong: hold the item as before. Raises `ObjectDestroyedError` when it is too late."""
    if lock(connection, item_id).state == "released":
        _set(connection, item_id, state="held", released_at=None, destroy_at=None)
        write_access(connection, [item_id], actor, Action.HOLD_AGAIN, purpose)


def preserve(
    connection: sa.Connection, item_id: str, until: datetime, *, actor: str, purpose: str
) -> datetime:
    """Keep the item at least until then; a longer duty that it has already stays. The moment in force."""
    row = lock(connection, item_id)
    keep_at_least(connection, [item_id], until)
    write_access(connection, [item_id], actor, Action.PRESERVE, purpose)
    return max(until, row.keep_until or until)


def filed(
    connection: sa.Connection,
    item_ids: Sequence[str],
    at: datetime,
    *,
    actor: str,
    purpose: str = "a report of it was filed",
) -> list[str]:
    """A report of the items was filed at ``at``: keep each of them for a year from then on.

    A longer duty stays, and no later release or retraction makes it shorter. The items that live; what is
    destroyed or was never held here is passed over.
    """
    kept = keep_at_least(connection, item_ids, at + REPORT_KEPT)
    if kept:
        write_access(connection, kept, actor, Action.PRESERVE, purpose)
    return kept


def keep_at_least(connection: sa.Connection, item_ids: Sequence[str], until: datetime) -> list[str]:
    """Let nothing destroy the items before ``until``; longer duties stay. The items that live."""
    table, moment = vault_items, sa.literal(until, vault_items.c.keep_until.type)
    keep = sa.case((table.c.keep_until > moment, table.c.keep_until), else_=moment)
    go = sa.case((table.c.destroy_at < moment, moment), else_=table.c.destroy_at)
    kept: list[str] = []
    for batch in _batches(item_ids):
        statement = sa.update(table).where(table.c.id.in_(batch), table.c.state != "destroyed")
        statement = statement.values(keep_until=keep, destroy_at=go)
        kept += connection.scalars(statement.returning(table.c.id)).all()
    journal.note(connection, [{"kind": "kept", "item": item, "until": until.isoformat()} for item in kept])
    return kept


def place_legal_hold(
    connection: sa.Connection,
    item_id: str,
    *,
    reference: str,
    actor: str,
    agency: str | None = None,
    until: datetime | None = None,
) -> int:
    """Forbid the item's destruction until the hold is lifted, or ``until`` then; the hold's id.

    A law-enforcement preservation request has an ``agency`` and usually an end (18 U.S.C. 2703(f): 90 days,
    once renewed: place another one). Raises as `lock`, and `UsageError` for an end that is past.
    """
    lock(connection, item_id)
    at = now()
    if until is not None and until <= at:
        raise UsageError("A legal hold ends in the future, or when it is lifted; none was placed.")
    if agency is not None:
        checked_text("agency", agency)
    values = {"reference": checked_text("reference", reference), "agency": agency}
    row = {"item_id": item_id, "until": until, "placed_at": at, "placed_by": actor, **values}
    done = connection.execute(sa.insert(vault_legal_holds).values(**row))
    end = None if until is None else until.isoformat()
    entry = {"kind": "legal_hold", "item": item_id, "until": end, "at": at.isoformat(), "by": actor, **values}
    journal.note(connection, [entry])
    write_access(connection, [item_id], actor, Action.LEGAL_HOLD, reference)
    assert done.inserted_primary_key is not None  # noqa: S101  (the table has one)
    return int(done.inserted_primary_key[0])


def lift_legal_hold(connection: sa.Connection, hold_id: int, *, actor: str, purpose: str) -> None:
    """Lift one legal hold; others on the same item stay. Raises `NotFoundError` when it is not in force."""
    table, at = vault_legal_holds, now()
    lifted = connection.execute(
        sa.update(table)
        .where(table.c.id == hold_id, in_force(at))
        .values(lifted_at=at, lifted_by=actor)
        .returning(table.c.item_id, table.c.reference, table.c.placed_at)
    ).one_or_none()
    if lifted is None:
        raise NotFoundError(f"No legal hold {hold_id} is in force; nothing was lifted.")
    names = {"item": lifted.item_id, "reference": lifted.reference, "by": actor}
    moments = {"placed_at": lifted.placed_at.isoformat(), "at": at.isoformat()}
    journal.note(connection, [{"kind": "legal_hold_lifted", **names, **moments}])
    write_access(connection, [lifted.item_id], actor, Action.LIFT_LEGAL_HOLD, purpose)


def in_force(at: datetime) -> sa.ColumnElement[bool]:
    """The condition of a row of `vault_legal_holds` that forbids destruction at that moment."""
    table = vault_legal_holds
    return sa.and_(table.c.lifted_at.is_(None), sa.or_(table.c.until.is_(None), table.c.until > at))


def active_legal_holds(connection: sa.Connection, item_ids: Sequence[str]) -> dict[str, list[LegalHold]]:
    """Item id -> the legal holds in force on it; items without one are absent."""
    table, at = vault_legal_holds, now()
    names = [column for column in table.c if column.name not in ("item_id", "lifted_at", "lifted_by")]
    found: dict[str, list[LegalHold]] = {}
    for batch in _batches(item_ids):
        query = sa.select(table.c.item_id, *names).where(table.c.item_id.in_(batch), in_force(at))
        for item_id, *values in connection.execute(query.order_by(table.c.id)):
            hold = LegalHold(**dict(zip((column.name for column in names), values, strict=True)))
            found.setdefault(item_id, []).append(hold)
    return found


def forbid_if_held(connection: sa.Connection, item_id: str) -> None:
    """Raises `HeldError` when a legal hold forbids destruction. Lock the row first."""
    if holds := active_legal_holds(connection, [item_id]).get(item_id):
        raise HeldError(
            f"Item {item_id} is under legal hold ({', '.join(hold.reference for hold in holds)}); it was not "
            "destroyed. Lift the hold first."
        )


def forbid_if_kept(connection: sa.Connection, item_id: str) -> None:
    """Raises `HeldError` when a legal hold or a preservation duty forbids destruction. Lock the row first."""
    forbid_if_held(connection, item_id)
    keep_until = connection.scalar(sa.select(vault_items.c.keep_until).where(vault_items.c.id == item_id))
    if keep_until is not None and keep_until > now():
        raise HeldError(
            f"Item {item_id} must be kept until {keep_until:%Y-%m-%d %H:%M} UTC; it was not destroyed. "
            "Destroy it after that."
        )


def destroy_keys(connection: sa.Connection, item_ids: Sequence[str], *, actor: str, purpose: str) -> None:
    """Destroy the items' keys and facts, leaving tombstones. Nothing opens them from the commit on.

    The rows must be locked and free of holds. The objects, now noise, are removed after the commit.
    """
    at = now()
    told = {"at": at.isoformat(), "by": checked_text("actor", actor), "why": checked_text("purpose", purpose)}
    gone = {"state": "destroyed", "sealed_facts": None, "destroyed_at": at}
    for batch in _batches(item_ids):
        connection.execute(sa.delete(vault_keys).where(vault_keys.c.item_id.in_(batch)))
        statement = sa.update(vault_items).where(vault_items.c.id.in_(batch))
        connection.execute(statement.values(**gone, destroyed_by=actor, destroyed_why=purpose))
    journal.note(connection, [{"kind": "destroyed", "item": item, **told} for item in item_ids])
    write_access(connection, item_ids, actor, Action.DESTROY, purpose)


def lock(connection: sa.Connection, item_id: str) -> sa.Row[tuple[object, ...]]:
    """The item's row, kept from others until the end of the transaction.

    Raises `NotFoundError` and, for a tombstone, `ObjectDestroyedError`.
    """
    statement = sa.select(vault_items).where(vault_items.c.id == item_id).with_for_update()
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise NotFoundError(f"The vault has no item {item_id!r}; nothing was done.")
    if row.state == "destroyed":
        raise ObjectDestroyedError(
            f"Item {item_id} was destroyed on {row.destroyed_at:%Y-%m-%d %H:%M} UTC ({row.destroyed_why}); "
            "nothing was done and nothing can bring it back."
        )
    return row


def write_access(
    connection: sa.Connection, item_ids: Sequence[str], actor: str, action: Action, purpose: str
) -> None:
    """Write down who did what to the items, and why."""
    row = {
        "actor": checked_text("actor", actor),
        "action": str(action),
        "purpose": checked_text("purpose", purpose, 500),
        "at": now(),
    }
    connection.execute(sa.insert(vault_access), [{"item_id": item_id, **row} for item_id in item_ids])


def _batches(item_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(item_ids), BATCH):
        yield item_ids[start : start + BATCH]


def _set(connection: sa.Connection, item_id: str, **values: object) -> None:
    connection.execute(sa.update(vault_items).where(vault_items.c.id == item_id).values(**values))


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError("a released item has a moment of destruction")
    return value
