"""Destruction that was asked for: by law enforcement, or because the period of a report is over.

One person asks, another approves. A request of law enforcement (18 U.S.C. 2258B(c)) ends a preservation
duty; a legal hold, also of another agency, forbids it until it is lifted. Nothing of what was preserved for a
report goes by the clock alone: when its period is over, it is asked for like the rest.

Everything here is rows in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from holdfast.errors import (
    ConflictError,
    HeldError,
    NotAllowedError,
    NotFoundError,
    ObjectDestroyedError,
    UsageError,
)
from holdfast.records.bank_scope import ALL_BANKS, item_is_seen
from holdfast.records.tables.base import now
from holdfast.records.tables.evidence import vault_destruction_items, vault_destructions
from holdfast.records.tables.vault import vault_items, vault_legal_holds
from holdfast.records.two_people import are_two_people
from holdfast.vault import retention
from holdfast.vault.models import checked_text

__all__ = ["Destruction", "Kind", "approve", "ask", "get", "list_destructions", "period_over", "withdraw"]

MAX_ITEMS = 10_000
BATCH = 400

d, di = vault_destructions, vault_destruction_items


class Kind(StrEnum):
    """Why it is asked for."""

    LAW_ENFORCEMENT = "law_enforcement"
    PERIOD_OVER = "period_over"


@dataclass(frozen=True, slots=True)
class Destruction:
    """One request. ``decision``: "approved", "withdrawn", or None while it waits for a second person."""

    id: int
    kind: Kind
    reference: str
    agency: str | None
    asked_by: str
    asked_at: datetime
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    items: tuple[str, ...]


def ask(
    connection: sa.Connection,
    item_ids: Sequence[str],
    *,
    kind: Kind,
    reference: str,
    actor: str,
    agency: str | None = None,
) -> int:
    """Ask for the destruction of items; the request's id. Nothing is destroyed yet.

    Raises `UsageError`, `NotFoundError`, `ObjectDestroyedError`, and `HeldError` for what must be kept.
    """
    items = sorted(set(item_ids))
    if not 1 <= len(items) <= MAX_ITEMS:
        raise UsageError(f"A request is for 1 to {MAX_ITEMS} items; nothing was asked for.")
    if (kind is Kind.LAW_ENFORCEMENT) != (agency is not None):
        raise UsageError("A request of law enforcement names its agency, and no other does. None was kept.")
    rows = {row.id: row for row in _locked(connection, items)}
    for item_id in items:
        _check(rows.get(item_id), item_id, kind)
    _forbid_under_hold(connection, items)
    values = {"kind": kind, "reference": checked_text("reference", reference), "agency": agency}
    if agency is not None:
        checked_text("agency", agency)
    statement = sa.insert(d).values(**values, asked_by=checked_text("actor", actor), asked_at=now())
    made = int(connection.execute(statement.returning(d.c.id)).scalar_one())
    connection.execute(sa.insert(di), [{"destruction_id": made, "item_id": item} for item in items])
    return made


def approve(connection: sa.Connection, destruction_id: int, *, actor: str) -> list[str]:
    """Destroy the keys of the items as the second person; the items. Their objects go with the next sweep.

    All of them or none. Items that were destroyed since it was asked are passed over. Raises
    `NotFoundError`, `ConflictError` where it was decided, `NotAllowedError` for who asked, `HeldError`.
    """
    request = _waiting(connection, destruction_id)
    if not are_two_people(request.asked_by, actor):
        raise NotAllowedError(
            f"Destruction {destruction_id} was asked for by {request.asked_by}: by you, or by another door "
            "that may be yours; nothing was destroyed. Destroying evidence takes two people: somebody else "
            "has to approve it, signed in as who asked was."
        )
    live = [row for row in _locked(connection, request.items) if row.state != "destroyed"]
    for row in live:
        _check(row, row.id, request.kind)
    items = [row.id for row in live]
    _forbid_under_hold(connection, items)
    purpose = f"destruction {destruction_id}: {request.reference}"[:200]
    if items:
        retention.destroy_keys(connection, items, actor=actor, purpose=purpose)
    _decide(connection, destruction_id, "approved", actor)
    return items


def withdraw(connection: sa.Connection, destruction_id: int, *, actor: str) -> None:
    """Take a request back that waits; anybody may. Raises `NotFoundError`, `ConflictError`."""
    _waiting(connection, destruction_id)
    _decide(connection, destruction_id, "withdrawn", actor)


def get(connection: sa.Connection, destruction_id: int) -> Destruction:
    """One request. Raises `NotFoundError`."""
    row = connection.execute(sa.select(d).where(d.c.id == destruction_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no request {destruction_id} to destroy.")
    return _of_row(connection, row)


def list_destructions(
    connection: sa.Connection,
    *,
    waiting: bool = False,
    before_id: int | None = None,
    banks_seen: tuple[str, ...] = ALL_BANKS,
    limit: int = 100,
) -> list[Destruction]:
    """Requests, newest first; with ``waiting`` those that nobody decided.

    ``banks_seen``: requests with an item that `listing.list_items` would leave out are left out.
    """
    query = sa.select(d).order_by(d.c.id.desc()).limit(limit)
    hidden = sa.exists().where(di.c.destruction_id == d.c.id, ~item_is_seen(di.c.item_id, banks_seen))
    if "*" not in banks_seen:
        query = query.where(~hidden)
    if waiting:
        query = query.where(d.c.decision.is_(None))
    if before_id is not None:
        query = query.where(d.c.id < before_id)
    return [_of_row(connection, row) for row in connection.execute(query).all()]


def period_over(connection: sa.Connection, *, limit: int = MAX_ITEMS) -> list[str]:
    """Items that were preserved for a report, whose period is over, and that nothing keeps or ends yet."""
    t, moment, holds = vault_items, now(), vault_legal_holds
    asked = sa.exists().where(di.c.item_id == t.c.id, di.c.destruction_id == d.c.id, d.c.decision.is_(None))
    query = sa.select(t.c.id).where(
        t.c.state != "destroyed",
        t.c.keep_until <= moment,
        t.c.destroy_at.is_(None),
        ~sa.exists().where(holds.c.item_id == t.c.id, retention.in_force(moment)),
        ~asked,
    )
    return list(connection.scalars(query.order_by(t.c.keep_until, t.c.id).limit(limit)))


def _check(row: Any, item_id: str, kind: Kind) -> None:
    if row is None:
        raise NotFoundError(f"The vault has no item {item_id!r}; nothing was done.")
    if row.state == "destroyed":
        raise ObjectDestroyedError(f"Item {item_id} is destroyed already; nothing was done.")
    if kind is Kind.PERIOD_OVER and (row.keep_until is None or row.keep_until > now()):
        until = "it was never preserved" if row.keep_until is None else f"until {row.keep_until:%Y-%m-%d}"
        raise HeldError(f"Item {item_id} has no period that is over ({until}); nothing was done.")


def _forbid_under_hold(connection: sa.Connection, items: Sequence[str]) -> None:
    for item_id, (hold, *_rest) in retention.active_legal_holds(connection, items).items():
        raise HeldError(
            f"Item {item_id} is under legal hold ({hold.reference}); nothing was done. Lift the hold, or ask "
            "without this item."
        )


def _waiting(connection: sa.Connection, destruction_id: int) -> Destruction:
    connection.execute(sa.select(d.c.id).where(d.c.id == destruction_id).with_for_update())
    request = get(connection, destruction_id)
    if request.decision is not None:
        raise ConflictError(
            f"Destruction {destruction_id} was {request.decision} by {request.decided_by}; nothing was "
            "changed."
        )
    return request


def _decide(connection: sa.Connection, destruction_id: int, decision: str, actor: str) -> None:
    values = {"decision": decision, "decided_by": checked_text("actor", actor), "decided_at": now()}
    connection.execute(sa.update(d).where(d.c.id == destruction_id).values(**values))


def _locked(connection: sa.Connection, items: Sequence[str]) -> Iterator[Any]:
    """The rows of items, kept from others until the end of the transaction, in one order for all."""
    for start in range(0, len(items), BATCH):
        batch = items[start : start + BATCH]
        query = sa.select(vault_items).where(vault_items.c.id.in_(batch)).order_by(vault_items.c.id)
        yield from connection.execute(query.with_for_update()).all()


def _of_row(connection: sa.Connection, row: Any) -> Destruction:
    query = sa.select(di.c.item_id).where(di.c.destruction_id == row.id).order_by(di.c.item_id)
    items = tuple(connection.scalars(query))
    return Destruction(**{**row._mapping, "kind": Kind(row.kind), "items": items})
