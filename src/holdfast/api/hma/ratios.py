"""Enabled ratios: in which share of look-ups a bank or signal type takes part. For this API alone."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from holdfast.api.hma.signals import SIGNAL_TYPES
from holdfast.banks.models import Bank
from holdfast.records.database import Database
from holdfast.records.dialect import upsert
from holdfast.records.tables.checklist import facts
from holdfast.records.tables.exchanges import hma_banks

__all__ = [
    "TYPE_RATIOS",
    "KnownRatios",
    "Ratios",
    "bank_json",
    "ratios_of",
    "set_bank_ratio",
    "set_type_ratio",
]

TYPE_RATIOS = "hma.signal_types"
FRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class KnownRatios:
    """Ratios by bank id and by signal type; what is absent is 1. ``read_s`` on the monotonic clock."""

    banks: Mapping[int, float] = field(default_factory=dict)
    types: Mapping[str, float] = field(default_factory=dict)
    read_s: float = float("-inf")

    def enabled_types(self) -> tuple[str, ...]:
        """The signal types that are not switched off."""
        return tuple(name for name in SIGNAL_TYPES if self.types.get(name, 1.0) > 0)


class Ratios:
    """All ratios, read again when older than a second: a look-up must not wait for them. For many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = KnownRatios()

    def remembered(self) -> KnownRatios | None:
        """What is known; None when `read` has to look."""
        known = self._known
        return known if time.monotonic() - known.read_s <= FRESH_S else None

    def read(self) -> KnownRatios:
        """The ratios from the records. Raises RecordsError."""
        begun = time.monotonic()
        with self._database.read() as connection:
            banks = {row.bank_id: row.enabled_ratio for row in connection.execute(sa.select(hma_banks))}
            types = connection.scalar(_TYPES)
        self._known = KnownRatios(banks, dict(types or {}), begun)
        return self._known

    def forget(self) -> None:
        """Looks again at the next use: call it after a change in this process."""
        self._known = KnownRatios()


def ratios_of(connection: sa.Connection, bank_ids: Collection[int]) -> dict[int, float]:
    """Bank id -> ratio, for those that have one of their own."""
    statement = sa.select(hma_banks).where(hma_banks.c.bank_id.in_(bank_ids))
    return {row.bank_id: row.enabled_ratio for row in connection.execute(statement)}


def set_bank_ratio(connection: sa.Connection, bank_id: int, ratio: float) -> None:
    """``ratio`` from 0 (never) to 1 (always)."""
    statement = upsert(connection, hma_banks).values(bank_id=bank_id, enabled_ratio=ratio)
    changes = {"enabled_ratio": statement.excluded.enabled_ratio}
    connection.execute(statement.on_conflict_do_update(index_elements=[hma_banks.c.bank_id], set_=changes))


def set_type_ratio(connection: sa.Connection, name: str, ratio: float) -> None:
    """The same for a signal type."""
    value = {**(connection.scalar(_TYPES.with_for_update()) or {}), name: ratio}
    statement = upsert(connection, facts).values(name=TYPE_RATIOS, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=[facts.c.name], set_={"value": value}))


def bank_json(bank: Bank, found: Mapping[int, float]) -> dict[str, Any]:
    """A bank as HMA shows it. One that is switched off altogether is never asked."""
    return {
        "matching_enabled_ratio": found.get(bank.id, 1.0) if bank.enabled else 0.0,
        "name": bank.name,
    }


_TYPES: sa.Select[Any] = sa.select(facts.c.value).where(facts.c.name == TYPE_RATIOS)
