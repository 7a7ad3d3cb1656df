"""The queue of uploads that wait for their deep check: leased rows that are deleted when they are done.

Not `records.jobs`: many rows are taken for one pass, nothing about a row may outlive it, and a row belongs
to the host whose spool folder holds its file. As there, a worker holds a row by a lease, every claim raises
the row's fence, and only the newest fence may `finish` it. What came of the check is written in that
transaction: so it is written once, however often a check was begun. Every function takes the caller's
connection; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from holdfast.errors import LeaseLostError
from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.base import now
from holdfast.records.tables.deep import deep_budgets, deep_checks, deep_keys

__all__ = [
    "KEY_LASTS_S",
    "MAX_ATTEMPTS",
    "Backlog",
    "Waiting",
    "backlog",
    "claim",
    "ending",
    "enqueue",
    "finish",
    "finish_all",
    "is_due",
    "objects",
    "prune_budgets",
    "prune_keys",
    "renew",
    "spent",
    "take_budget",
    "take_ended",
]

KEY_LASTS_S = 3600.0  # that a key of `deep_keys` seals new rows; the longest that a row may wait
MAX_ATTEMPTS = 3  # an upload that ends its workers must end some time


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row as it was claimed. ``sealed_key`` opens its file, ``key_id`` names what opens that."""

    id: int
    spool: str
    object: str
    sealed_key: bytes = field(repr=False)
    key_id: str
    created_at: datetime
    lease_until: datetime | None
    attempts: int
    fence: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many uploads wait or are in work, and for how long the oldest has; 0.0 when there is none."""

    waiting: int
    oldest_s: float


def enqueue(connection: sa.Connection, *, spool: str, name: str, sealed_key: bytes, key_id: str) -> int:
    """A new row for the file ``name`` in the folder ``spool``; its id."""
    row = {
        "spool": spool,
        "object": name,
        "sealed_key": sealed_key,
        "key_id": key_id,
        "created_at": moment(connection),
        "attempts": 0,
        "fence": 0,
    }
    return int(
        connection.execute(sa.insert(deep_checks).values(row).returning(deep_checks.c.id)).scalar_one()
    )


def is_due(connection: sa.Connection, spool: str) -> bool:
    """Whether `claim` would find anything. Reads only."""
    return bool(connection.execute(sa.select(sa.exists(_free(connection, spool)))).scalar_one())


def claim(connection: sa.Connection, spool: str, lease_s: float, limit: int) -> list[Waiting]:
    """Up to ``limit`` rows of one spool folder, the oldest first, now leased for ``lease_s`` seconds.

    A row whose check was begun before comes alone: if it is the one that ends its workers, it takes no other
    with it.
    """
    free = _free(connection, spool).add_columns(deep_checks.c.attempts).order_by(deep_checks.c.id)
    rows = connection.execute(free.limit(limit).with_for_update(skip_locked=True)).all()
    again = [row.id for row in rows if row.attempts > 0]
    ids = again[:1] if again else [row.id for row in rows]
    if not ids:
        return []
    statement = (
        sa.update(deep_checks)
        .where(deep_checks.c.id.in_(ids))
        .values(
            lease_until=moment(connection, lease_s),
            attempts=deep_checks.c.attempts + 1,
            fence=deep_checks.c.fence + 1,
        )
        .returning(deep_checks)
    )
    return sorted(map(_waiting, connection.execute(statement)), key=lambda one: one.id)


def renew(connection: sa.Connection, held: Sequence[Waiting], lease_s: float) -> None:
    """Hold rows for ``lease_s`` seconds from now; those that are lost already stay lost."""
    for one in held:
        connection.execute(
            sa.update(deep_checks).where(_is(one)).values(lease_until=moment(connection, lease_s))
        )


def finish(connection: sa.Connection, held: Waiting) -> None:
    """The row is done with and gone. Raises `LeaseLostError`: then the transaction must not commit."""
    if connection.execute(sa.delete(deep_checks).where(_is(held))).rowcount == 0:
        raise LeaseLostError(
            f"Deep check {held.id} is no longer held by claim {held.fence}: its lease ran out. Nothing was "
            "written. Whoever holds it now goes on."
        )


def finish_all(connection: sa.Connection, held: Sequence[Waiting]) -> list[Waiting]:
    """The rows are done with and gone; those that were still held. For checks that came to nothing."""
    return [one for one in held if connection.execute(sa.delete(deep_checks).where(_is(one))).rowcount]


def ending(connection: sa.Connection, kept_s: float) -> list[Waiting]:
    """The rows that `take_ended` would take away now."""
    query = sa.select(deep_checks).where(_is_ended(connection, kept_s))
    return [_waiting(row) for row in connection.execute(query)]


def take_ended(connection: sa.Connection, kept_s: float) -> tuple[list[Waiting], list[Waiting]]:
    """Takes away rows that must wait no longer: those older than ``kept_s`` seconds, and those whose attempts
    are used up. What is under way is left to its worker."""
    gone = sa.delete(deep_checks).where(_is_ended(connection, kept_s)).returning(deep_checks)
    rows = [_waiting(row) for row in connection.execute(gone)]
    failed = [row for row in rows if row.attempts >= MAX_ATTEMPTS]
    return [row for row in rows if row.attempts < MAX_ATTEMPTS], failed


def objects(connection: sa.Connection, spool: str) -> set[str]:
    """The names of the files of one spool folder that rows need."""
    return set(connection.scalars(sa.select(deep_checks.c.object).where(deep_checks.c.spool == spool)))


def backlog(connection: sa.Connection) -> Backlog:
    """What waits, over all hosts."""
    query = sa.select(sa.func.count(), sa.func.min(deep_checks.c.created_at)).select_from(deep_checks)
    waiting, oldest = connection.execute(query).one()
    return Backlog(waiting, 0.0 if oldest is None else max(0.0, (now() - oldest).total_seconds()))


def take_budget(connection: sa.Connection, banks: Sequence[tuple[int, int]]) -> list[int]:
    """Of banks (id, checks an hour) those that had one left in this hour; it is used up."""
    hour = _hour()
    left = []
    for bank_id, per_hour in sorted(
        banks
    ):  # in order: two that take from the same banks never wait in a circle
        insert = upsert(connection, deep_budgets).values(bank_id=bank_id, hour=hour, used=1)
        statement = insert.on_conflict_do_update(
            index_elements=[deep_budgets.c.bank_id, deep_budgets.c.hour],
            set_={"used": deep_budgets.c.used + 1},
            where=deep_budgets.c.used < per_hour,
        ).returning(deep_budgets.c.used)
        if per_hour > 0 and connection.execute(statement).scalar() is not None:
            left.append(bank_id)
    return left


def spent(connection: sa.Connection) -> dict[int, int]:
    """Deep checks that each bank has had in this hour."""
    query = sa.select(deep_budgets.c.bank_id, deep_budgets.c.used).where(deep_budgets.c.hour == _hour())
    return {row.bank_id: row.used for row in connection.execute(query)}


def prune_budgets(connection: sa.Connection) -> int:
    """Forgets the hours that are over; the number of rows."""
    return connection.execute(sa.delete(deep_budgets).where(deep_budgets.c.hour < _hour())).rowcount


def prune_keys(connection: sa.Connection) -> int:
    """Destroys keys that no row can need any more: how many."""
    used = sa.select(deep_checks.c.key_id)
    old = deep_keys.c.created_at < moment(connection, -2 * KEY_LASTS_S)
    return connection.execute(sa.delete(deep_keys).where(old, deep_keys.c.id.not_in(used))).rowcount


def _free(connection: sa.Connection, spool: str) -> sa.Select[Any]:
    lapsed = sa.or_(deep_checks.c.lease_until.is_(None), deep_checks.c.lease_until <= moment(connection))
    return sa.select(deep_checks.c.id).where(
        deep_checks.c.spool == spool, deep_checks.c.attempts < MAX_ATTEMPTS, lapsed
    )


def _is_ended(connection: sa.Connection, kept_s: float) -> sa.ColumnElement[bool]:
    is_free = sa.or_(deep_checks.c.lease_until.is_(None), deep_checks.c.lease_until <= moment(connection))
    is_old = deep_checks.c.created_at <= moment(connection, -kept_s)
    return sa.and_(is_free, sa.or_(is_old, deep_checks.c.attempts >= MAX_ATTEMPTS))


def _is(held: Waiting) -> sa.ColumnElement[bool]:
    return sa.and_(deep_checks.c.id == held.id, deep_checks.c.fence == held.fence)


def _hour() -> datetime:
    at = now().astimezone(UTC)
    return at - timedelta(minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def _waiting(row: sa.Row[Any]) -> Waiting:
    return Waiting(**row._mapping)
