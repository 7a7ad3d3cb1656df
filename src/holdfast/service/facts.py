"""Facts about this home that are no setting: its kind and countries, the last backup, what was done when.

A fact is a small JSON value under a name, in the records, so that every server and worker sees it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.records.dialect import upsert
from holdfast.records.tables.base import now
from holdfast.records.tables.checklist import facts as table

__all__ = ["BACKUP", "PLATFORM", "RESTORED", "forget", "moment_of", "read", "read_all", "stamp", "write"]

PLATFORM = "platform"  # {"kind", "countries"}, as `init` heard it
BACKUP = "backup"  # {"at"}: the last encrypted backup
RESTORED = "restored"  # {"at"}: no orphan sweep by the clock until a person has looked


def read(connection: sa.Connection, name: str) -> Any:
    """The value of a fact; None when nobody wrote it."""
    return connection.execute(sa.select(table.c.value).where(table.c.name == name)).scalar()


def read_all(connection: sa.Connection, prefix: str) -> dict[str, Any]:
    """The facts whose names begin with ``prefix``, by the rest of their names."""
    query = sa.select(table.c.name, table.c.value).where(table.c.name.startswith(prefix, autoescape=True))
    return {name.removeprefix(prefix): value for name, value in connection.execute(query)}


def write(connection: sa.Connection, name: str, value: Any) -> None:
    """Writes a fact, in the place of what it was."""
    statement = upsert(connection, table).values(name=name, value=value)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.name], set_={"value": statement.excluded.value}
        )
    )


def stamp(connection: sa.Connection, name: str, at: datetime | None = None) -> None:
    """Writes that something happened at ``at``, by default now."""
    write(connection, name, {"at": (at or now()).isoformat()})


def forget(connection: sa.Connection, name: str) -> None:
    """Takes a fact away; one that nobody wrote is no error."""
    connection.execute(sa.delete(table).where(table.c.name == name))


def moment_of(value: Any) -> datetime | None:
    """When the thing of a stamped fact happened; None without one."""
    return datetime.fromisoformat(value["at"]) if value else None
