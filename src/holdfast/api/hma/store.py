"""What this API keeps beside banks and entries: enabled ratios, and what clients say of a content."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from holdfast.api.hma.signals import SIGNAL_TYPES
from holdfast.banks.models import Bank
from holdfast.records.database import Database
from holdfast.records.dialect import upsert
from holdfast.records.tables.checklist import facts
from holdfast.records.tables.exchanges import hma_banks, hma_contents

__all__ = [
    "Metadata",
    "TypeRatios",
    "bank_json",
    "enabled_types",
    "metadata_of",
    "ratios",
    "set_metadata",
    "set_ratio",
]

TYPE_RATIOS = "hma.signal_types"
FRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a client said of a content. ``data`` is any JSON object."""

    content_id: str | None = None
    content_uri: str | None = None
    data: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        return {"content_id": self.content_id, "content_uri": self.content_uri, "json": self.data}


def ratios(connection: sa.Connection, bank_ids: Collection[int]) -> dict[int, float]:
    """Bank id -> share of look-ups that ask the bank, for those where it is not 1."""
    statement = sa.select(hma_banks).where(hma_banks.c.bank_id.in_(bank_ids))
    return {row.bank_id: row.enabled_ratio for row in connection.execute(statement)}


def set_ratio(connection: sa.Connection, bank_id: int, ratio: float) -> None:
    """``ratio`` from 0 (never) to 1 (always)."""
    statement = upsert(connection, hma_banks).values(bank_id=bank_id, enabled_ratio=ratio)
    changes = {"enabled_ratio": statement.excluded.enabled_ratio}
    connection.execute(statement.on_conflict_do_update(index_elements=[hma_banks.c.bank_id], set_=changes))


def bank_json(bank: Bank, found: Mapping[int, float]) -> dict[str, Any]:
    """A bank as HMA shows it. One that is switched off altogether is never asked."""
    return {
        "matching_enabled_ratio": found.get(bank.id, 1.0) if bank.enabled else 0.0,
        "name": bank.name,
    }


def metadata_of(connection: sa.Connection, entry_ids: Collection[int]) -> dict[int, Metadata]:
    """Entry id -> what a client said of it, where one did."""
    statement = sa.select(hma_contents).where(hma_contents.c.entry_id.in_(entry_ids))
    return {
        row.entry_id: Metadata(row.content_id, row.content_uri, row.data)
        for row in connection.execute(statement)
    }


def set_metadata(connection: sa.Connection, entry_id: int, said: Metadata) -> None:
    """Keeps it in place of what was said before."""
    values = {"content_id": said.content_id, "content_uri": said.content_uri, "data": said.data}
    statement = upsert(connection, hma_contents).values(entry_id=entry_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[hma_contents.c.entry_id], set_=values))


class TypeRatios:
    """The enabled ratios of signal types, read again when older than a second. Safe for many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, float] = {}
        self._read_s: float | None = None

    def remembered(self) -> Mapping[str, float] | None:
        """Signal type -> ratio, those at 1 left out; None when `read` has to look."""
        if self._read_s is None or time.monotonic() - self._read_s > FRESH_S:
            return None
        return self._known

    def read(self) -> Mapping[str, float]:
        """The same from the records. Raises RecordsError."""
        begun = time.monotonic()
        with self._database.read() as connection:
            value = connection.scalar(sa.select(facts.c.value).where(facts.c.name == TYPE_RATIOS))
        self._known, self._read_s = dict(value or {}), begun
        return self._known

    def write(self, name: str, ratio: float) -> None:
        """Sets one signal type's ratio, 0 to 1."""
        with self._database.write() as connection:
            held = sa.select(facts.c.value).where(facts.c.name == TYPE_RATIOS).with_for_update()
            value = {**(connection.scalar(held) or {}), name: ratio}
            statement = upsert(connection, facts).values(name=TYPE_RATIOS, value=value)
            connection.execute(
                statement.on_conflict_do_update(index_elements=[facts.c.name], set_={"value": value})
            )
        self.read()


def enabled_types(known: Mapping[str, float]) -> tuple[str, ...]:
    """The signal types that are not switched off."""
    return tuple(name for name in SIGNAL_TYPES if known.get(name, 1.0) > 0)
