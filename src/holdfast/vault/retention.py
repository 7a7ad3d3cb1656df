"""How long an item stays: release, second thoughts, preservation, legal holds, destruction of its key.

Everything here is rows in the caller's transaction, so that a decision and what it does to an item are
written together. Who may do it is for the caller to know; every step is written down with its actor.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from holdfast.errors import HeldError, NotFoundError, ObjectDestroyedError
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_access, vault_items, vault_keys, vault_legal_holds
from holdfast.vault.models import Action, LegalHold, checked_text

__all__ = [
    "CLEARED_WINDOW",
    "active_legal_holds",
    "destroy_keys",
    "forbid_if_kept",
    "hold_again",
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
    keep_until = max(until, row.keep_until or until)
    destroy_at = None if row.destroy_at is None else max(row.destroy_at, keep_until)
    _set(connection, item_id, keep_until=keep_until, destroy_at=destroy_at)
    write_access(connection, [item_id], actor, Action.PRESERVE, purpose)
    return keep_until


def place_legal_hold(connection: sa.Connection, item_id: str, *, reference: str, actor: str) -> int:
    """Forbid the item's destruction until the hold is lifted; the hold's id. Raises as `lock`."""
    lock(connection, item_id)
    values = {"item_id": item_id, "reference": checked_text("reference", reference), "placed_at": now()}
    done = connection.execute(sa.insert(vault_legal_holds).values(placed_by=actor, **values))
    write_access(connection, [item_id], actor, Action.LEGAL_HOLD, reference)
    assert done.inserted_primary_key is not None  # noqa: S101  (the table has one)
    return int(done.inserted_primary_key[0])


def lift_legal_hold(connection: sa.Connection, hold_id: int, *, actor: str, purpose: str) -> None:
    """Lift one legal hold; others on the same item stay. Raises `NotFoundError` when it is not in force."""
    table = vault_legal_holds
    item_id = connection.scalar(
        sa.update(table)
        .where(table.c.id == hold_id, table.c.lifted_at.is_(None))
        .values(lifted_at=now(), lifted_by=actor)
        .returning(table.c.item_id)
    )
    if item_id is None:
        raise NotFoundError(f"No legal hold {hold_id} is in force; nothing was lifted.")
    write_access(connection, [item_id], actor, Action.LIFT_LEGAL_HOLD, purpose)


def active_legal_holds(connection: sa.Connection, item_ids: Sequence[str]) -> dict[str, list[LegalHold]]:
    """Item id -> the legal holds in force on it; items without one are absent."""
    table = vault_legal_holds
    rows = connection.execute(
        sa.select(table)
        .where(table.c.item_id.in_(item_ids), table.c.lifted_at.is_(None))
        .order_by(table.c.id)
    )
    found: dict[str, list[LegalHold]] = {}
    for row in rows:
        found.setdefault(row.item_id, []).append(
            LegalHold(row.id, row.reference, row.placed_at, row.placed_by)
        )
    return found


def forbid_if_kept(connection: sa.Connection, item_id: str) -> None:
    """Raises `HeldError` when a legal hold or a preservation duty forbids destruction. Lock the row first."""
    if holds := active_legal_holds(connection, [item_id]).get(item_id):
        raise HeldError(
            f"Item {item_id} is under legal hold ({', '.join(hold.reference for hold in holds)}); it was not "
            "destroyed. Lift the hold first."
        )
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
    connection.execute(sa.delete(vault_keys).where(vault_keys.c.item_id.in_(item_ids)))
    connection.execute(
        sa.update(vault_items)
        .where(vault_items.c.id.in_(item_ids))
        .values(
            state="destroyed",
            sealed_facts=None,
            destroyed_at=now(),
            destroyed_by=checked_text("actor", actor),
            destroyed_why=checked_text("purpose", purpose),
        )
    )
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


def _set(connection: sa.Connection, item_id: str, **values: object) -> None:
    connection.execute(sa.update(vault_items).where(vault_items.c.id == item_id).values(**values))


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError("a released item has a moment of destruction")
    return value
