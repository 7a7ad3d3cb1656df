"""The journal played into a database that is older than it: what was destroyed stays destroyed.

Run before anything opens the restored records, and before any key comes back. Playing it again changes
nothing. Items that the records do not know (they were held after the backup) are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.records.dialect import upsert
from holdfast.records.tables.evidence import vault_preserved
from holdfast.records.tables.vault import vault_items, vault_keys, vault_legal_holds
from holdfast.vault import retention
from holdfast.vault.models import Action

__all__ = ["Replayed", "replay"]

BATCH = 400
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Replayed:
    """What the records did not know: items that were destroyed, legal holds that were placed or lifted."""

    destroyed: int
    legal_holds: int


def replay(connection: sa.Connection, entries: Iterable[Entry]) -> Replayed:
    """Play entries of the journal, in the order of their writing, in the caller's transaction."""
    of_kind: dict[str, list[Entry]] = {}
    for entry in entries:
        of_kind.setdefault(entry["kind"], []).append(entry)
    destroyed = sum(_destroy(connection, batch) for batch in _batches(of_kind.get("destroyed", [])))
    for batch in _batches(of_kind.get("kept", [])):
        _keep(connection, batch)
    for batch in _batches(of_kind.get("preserved", [])):
        _preserve(connection, batch)
    holds = sum(_hold(connection, batch) for batch in _batches(of_kind.get("legal_hold", [])))
    holds += sum(_lift(connection, entry) for entry in of_kind.get("legal_hold_lifted", []))
    return Replayed(destroyed, holds)


def _destroy(connection: sa.Connection, batch: Sequence[Entry]) -> int:
    told = {entry["item"]: entry for entry in batch}
    live = _live(connection, list(told))
    if not live:
        return 0
    connection.execute(sa.delete(vault_keys).where(vault_keys.c.item_id.in_(live)))
    statement = (
        sa.update(vault_items)
        .where(vault_items.c.id == sa.bindparam("item"))
        .values(
            state="destroyed",
            sealed_facts=None,
            object_gone_at=None,
            destroyed_at=sa.bindparam("at"),
            destroyed_by=sa.bindparam("by"),
            destroyed_why=sa.bindparam("why"),
        )
    )
    rows = [
        {"item": item, "at": _moment(told[item]["at"]), "by": told[item]["by"], "why": told[item]["why"]}
        for item in live
    ]
    connection.execute(statement, rows)
    retention.write_access(connection, live, "holdfast:replay", Action.DESTROY, "the journal says so")
    return len(live)


def _keep(connection: sa.Connection, batch: Sequence[Entry]) -> None:
    by_moment: dict[str, list[str]] = {}
    for entry in batch:
        by_moment.setdefault(entry["until"], []).append(entry["item"])
    for until, items in by_moment.items():
        retention.keep_at_least(connection, items, _moment(until))


def _preserve(connection: sa.Connection, batch: Sequence[Entry]) -> None:
    known = set(_known(connection, [entry["item"] for entry in batch]))
    for entry in batch:
        if entry["item"] in known:
            values = {"subject": entry["subject"], "item_id": entry["item"], "begun_at": _moment(entry["at"])}
            statement = upsert(connection, vault_preserved).values(**values)
            connection.execute(statement.on_conflict_do_nothing())


def _hold(connection: sa.Connection, batch: Sequence[Entry]) -> int:
    known = _live(connection, [entry["item"] for entry in batch])
    table = vault_legal_holds
    query = sa.select(table.c.item_id, table.c.reference, table.c.placed_at).where(table.c.item_id.in_(known))
    there = {(row.item_id, row.reference, row.placed_at) for row in connection.execute(query)}
    lacking = {}
    for entry in batch:
        key = (entry["item"], entry["reference"], _moment(entry["at"]))
        if entry["item"] in known and key not in there:
            lacking[key] = {
                "item_id": entry["item"],
                "reference": entry["reference"],
                "agency": entry["agency"],
                "until": None if entry["until"] is None else _moment(entry["until"]),
                "placed_at": key[2],
                "placed_by": entry["by"],
            }
    if lacking:
        connection.execute(sa.insert(table), list(lacking.values()))
    return len(lacking)


def _lift(connection: sa.Connection, entry: Entry) -> int:
    table = vault_legal_holds
    statement = sa.update(table).where(
        table.c.item_id == entry["item"],
        table.c.reference == entry["reference"],
        table.c.placed_at == _moment(entry["placed_at"]),
        table.c.lifted_at.is_(None),
    )
    values = {"lifted_at": _moment(entry["at"]), "lifted_by": entry["by"]}
    return connection.execute(statement.values(**values)).rowcount


def _live(connection: sa.Connection, items: Sequence[str]) -> list[str]:
    query = sa.select(vault_items.c.id).where(vault_items.c.id.in_(items), vault_items.c.state != "destroyed")
    return list(connection.scalars(query))


def _known(connection: sa.Connection, items: Sequence[str]) -> list[str]:
    return list(connection.scalars(sa.select(vault_items.c.id).where(vault_items.c.id.in_(items))))


def _batches(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), BATCH):
        yield entries[start : start + BATCH]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
