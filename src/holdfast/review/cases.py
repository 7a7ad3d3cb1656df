"""Cases: reading them one by one and in pages, and the small changes that go with a lease.

Lists are read by key, never by offset, so that page 2,000 costs what page 1 does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.errors import NotFoundError, UsageError
from holdfast.records import audit
from holdfast.records.bank_scope import ALL_BANKS, case_is_seen
from holdfast.records.dialect import moment
from holdfast.records.tables.review import case_items, case_notes, cases
from holdfast.review.models import Case, CaseItem, from_row

__all__ = [
    "CaseFilter",
    "Note",
    "add_note",
    "counts",
    "get_case",
    "items_of",
    "list_cases",
    "list_conditions",
    "lock_case",
    "notes_of",
    "touch",
]

MAX_NOTE = 4000
MAX_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases; an empty field asks for nothing. ``bank`` is a list's id, ``owner`` holds the lease.

    ``older_than`` is a moment: opened before it. ``banks_seen`` are names of lists, or beginnings with a
    ``*``: cases with media of other lists are left out.
    """

    state: str | None = "open"
    priority: int | None = None
    kind: str | None = None
    surface: str | None = None
    account: str | None = None
    bank: int | None = None
    owner: str | None = None
    older_than: datetime | None = None
    overdue_only: bool = False
    banks_seen: tuple[str, ...] = ALL_BANKS


@dataclass(frozen=True, slots=True)
class Note:
    """What a person noted for others."""

    id: int
    by: str
    text: str
    at: datetime


def get_case(connection: sa.Connection, case_id: int) -> Case:
    """Raises `NotFoundError`."""
    return _one(connection, sa.select(cases).where(cases.c.id == case_id), case_id)


def lock_case(connection: sa.Connection, case_id: int) -> Case:
    """As `get_case`, and nobody else changes it until the end of the transaction."""
    return _one(connection, sa.select(cases).where(cases.c.id == case_id).with_for_update(), case_id)


def list_cases(
    connection: sa.Connection,
    wanted: CaseFilter,
    *,
    after: tuple[int, datetime, int] | None = None,
    limit: int = 50,
) -> list[Case]:
    """Open cases: by priority, then by clock. Others, or with ``state`` None all: newest first.

    ``after`` is priority, clock and id of the last case of the page before.
    """
    query = sa.select(cases).where(*list_conditions(connection, wanted))
    if wanted.state == "open":
        query = query.order_by(cases.c.priority, cases.c.due_at, cases.c.id)
        if after is not None:
            place = sa.tuple_(cases.c.priority, cases.c.due_at, cases.c.id)
            query = query.where(place > sa.tuple_(*_typed(after)))  # as a row: the index begins there
    else:
        query = query.order_by(cases.c.id.desc())
        if after is not None:
            query = query.where(cases.c.id < after[2])
    return [from_row(Case, row) for row in connection.execute(query.limit(limit))]


def counts(connection: sa.Connection, wanted: CaseFilter, *, most: int = MAX_COUNTED) -> int:
    """How many there are, counted up to ``most``."""
    some = sa.select(cases.c.id).where(*list_conditions(connection, wanted)).limit(most).subquery()
    return int(connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0)


def items_of(connection: sa.Connection, case_id: int, *, after: int = 0, limit: int = 1000) -> list[CaseItem]:
    """The media of a case, oldest first."""
    query = sa.select(case_items).where(case_items.c.case_id == case_id, case_items.c.id > after)
    rows = connection.execute(query.order_by(case_items.c.id).limit(limit))
    return [from_row(CaseItem, row) for row in rows]


def add_note(connection: sa.Connection, case_id: int, *, by: str, text: str) -> int:
    """A note for whoever comes to the case; its id. Raises `NotFoundError`, `UsageError`."""
    text = text.strip()
    if not text or len(text) > MAX_NOTE:
        raise UsageError(f"A note has 1 to {MAX_NOTE} characters. Nothing was written.")
    lock_case(connection, case_id)
    values: dict[str, Any] = {"case_id": case_id, "by": by, "text": text, "at": moment(connection)}
    made = connection.execute(sa.insert(case_notes).values(values).returning(case_notes.c.id)).scalar_one()
    touch(connection, case_id)
    audit.append(connection, actor=by, action="case.note", target=f"case:{case_id}", facts={"note": made})
    return int(made)


def notes_of(connection: sa.Connection, case_id: int) -> list[Note]:
    """Oldest first."""
    query = sa.select(case_notes).where(case_notes.c.case_id == case_id).order_by(case_notes.c.id)
    return [from_row(Note, row) for row in connection.execute(query)]


def touch(connection: sa.Connection, case_id: int, **values: Any) -> None:
    """Changes a case that is locked, and notes when."""
    statement = sa.update(cases).where(cases.c.id == case_id)
    connection.execute(statement.values(updated_at=moment(connection), **values))


def list_conditions(connection: sa.Connection, wanted: CaseFilter) -> Sequence[sa.ColumnElement[bool]]:
    """What a filter asks for, for queries of cases."""
    found: list[sa.ColumnElement[bool]] = []
    if wanted.state is not None:
        # Spelt out, or the partial index cannot be used with a prepared statement.
        found.append(cases.c.state == sa.literal(wanted.state, literal_execute=True))
    for name in ("priority", "kind", "surface", "account"):
        value = getattr(wanted, name)
        if value is not None:
            found.append(cases.c[name] == value)
    if wanted.owner is not None:
        found += [cases.c.lease_owner == wanted.owner, cases.c.lease_until > moment(connection)]
    if wanted.older_than is not None:
        found.append(cases.c.opened_at < wanted.older_than)
    if wanted.overdue_only:
        found.append(cases.c.due_at < moment(connection))
    if wanted.bank is not None:
        of_bank = sa.select(case_items.c.case_id).where(case_items.c.bank_id == wanted.bank)
        found.append(cases.c.id.in_(of_bank))
    if "*" not in wanted.banks_seen:
        found.append(case_is_seen(cases.c.id, wanted.banks_seen))
    return found


def _typed(after: tuple[int, datetime, int]) -> list[sa.ColumnElement[Any]]:
    columns = (cases.c.priority, cases.c.due_at, cases.c.id)
    return [sa.literal(value, column.type) for value, column in zip(after, columns, strict=True)]


def _one(connection: sa.Connection, query: sa.Select[Any], case_id: int) -> Case:
    row = connection.execute(query).first()
    if row is None:
        raise NotFoundError(f"There is no case {case_id}. Nothing was done.")
    return from_row(Case, row)
