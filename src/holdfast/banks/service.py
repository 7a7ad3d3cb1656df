"""Banks: make, list, change, delete. Entries are in `entries.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from holdfast.banks import log
from holdfast.banks.models import BANK_KINDS, MATCHING, Bank, tidy
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records.tables.banks import (
    banks,
    entries,
    fingerprint_sources,
    fingerprints,
    reference_views,
)
from holdfast.records.tables.base import now
from holdfast.records.tables.videos import video_features, video_hashes

__all__ = [
    "BankCounts",
    "bank_counts",
    "create_bank",
    "delete_bank",
    "get_bank",
    "list_banks",
    "update_bank",
]

DEFAULT_MAX_DISTANCE_BITS = 31
MAX_DEEP_PER_HOUR = 10_000_000


@dataclass(frozen=True, slots=True)
class BankCounts:
    """How much a bank holds. ``active`` fingerprints are those that match."""

    entries: int
    fingerprints: int
    active: int


def create_bank(
    connection: sa.Connection,
    name: str,
    *,
    kind: str = "known",
    trusted: bool = False,
    max_distance_bits: int = DEFAULT_MAX_DISTANCE_BITS,
    note: str = "",
    matching: str = "calibrated",
    deep_per_hour: int = 0,
    reference_views: bool = False,
) -> Bank:
    """A new bank, enabled.

    Raises
        ConflictError: one of that name exists.
        UsageError: a name, kind, radius, way of matching or number of deep checks that cannot be.
    """
    if kind not in BANK_KINDS:
        raise UsageError(f"{kind!r} is no kind of bank ({', '.join(BANK_KINDS)}). Nothing was created.")
    name = _name(name)
    _check_matching(kind, matching, deep_per_hour)
    values: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "trusted": trusted,
        "enabled": True,
        "max_distance_bits": _radius(max_distance_bits),
        "note": tidy(note, 255, "note"),
        "created_at": now(),
        "matching": matching,
        "deep_per_hour": deep_per_hour,
        "reference_views": reference_views,
    }
    try:
        with connection.begin_nested():
            connection.execute(banks.insert().values(values))
    except IntegrityError:
        raise ConflictError(f"There is a bank {name!r} already. Nothing was created.") from None
    return get_bank(connection, name)


def list_banks(connection: sa.Connection) -> list[Bank]:
    """All banks in the order of their names."""
    return [Bank(*row) for row in connection.execute(_BANKS.order_by(banks.c.name))]


def get_bank(connection: sa.Connection, name: str) -> Bank:
    """Raises `NotFoundError` when there is none of that name."""
    # A name with undecodable bytes cannot be asked for, and no bank has it.
    printable = name.encode("utf-8", "replace").decode()
    row = connection.execute(_BANKS.where(banks.c.name == printable.strip())).first()
    if row is None:
        raise NotFoundError(f"There is no bank {name!r}. Nothing was done. `holdfast bank list` names them.")
    return Bank(*row)


def update_bank(
    connection: sa.Connection,
    name: str,
    *,
    new_name: str | None = None,
    enabled: bool | None = None,
    trusted: bool | None = None,
    max_distance_bits: int | None = None,
    note: str | None = None,
    matching: str | None = None,
    deep_per_hour: int | None = None,
    reference_views: bool | None = None,
) -> Bank:
    """Change what is given, leave the rest.

    Raises
        NotFoundError: no bank of that name.
        ConflictError: the new name is taken.
        UsageError: a name, radius, way of matching or number of deep checks that cannot be.
    """
    bank = get_bank(connection, name)
    changes: dict[str, Any] = {"enabled": enabled, "trusted": trusted}
    changes |= {"matching": matching, "deep_per_hour": deep_per_hour, "reference_views": reference_views}
    _check_matching(
        bank.kind, matching or bank.matching, bank.deep_per_hour if deep_per_hour is None else deep_per_hour
    )
    changes["name"] = None if new_name is None else _name(new_name)
    changes["max_distance_bits"] = None if max_distance_bits is None else _radius(max_distance_bits)
    changes["note"] = None if note is None else tidy(note, 255, "note")
    changes = {column: value for column, value in changes.items() if value is not None}
    if not changes:
        return bank
    try:
        with connection.begin_nested():
            connection.execute(banks.update().where(banks.c.id == bank.id).values(changes))
    except IntegrityError:
        raise ConflictError(f"There is a bank {new_name!r} already. Nothing was changed.") from None
    return get_bank(connection, changes.get("name", bank.name))


def delete_bank(connection: sa.Connection, name: str) -> int:
    """Delete a bank with all it holds; it ceases to match at once. Returns how many entries went with it.

    Raises `NotFoundError` when there is none of that name.
    """
    log.lock(connection)
    bank = get_bank(connection, name)
    of_bank = sa.select(entries.c.id).where(entries.c.bank_id == bank.id)
    held = sa.select(fingerprints.c.id).where(fingerprints.c.entry_id.in_(of_bank))
    log.record_removal(connection, held)
    # From the leaves up: one statement a table is many times faster than a cascade row by row.
    for table in (fingerprint_sources, reference_views, video_hashes, video_features):
        connection.execute(table.delete().where(table.c.fingerprint_id.in_(held)))
    connection.execute(fingerprints.delete().where(fingerprints.c.entry_id.in_(of_bank)))
    deleted = connection.execute(entries.delete().where(entries.c.bank_id == bank.id)).rowcount
    connection.execute(banks.delete().where(banks.c.id == bank.id))
    return deleted


def bank_counts(connection: sa.Connection, bank_id: int) -> BankCounts:
    """What a bank holds. Walks through all of it: a second at a million."""
    entry_count = sa.select(sa.func.count()).select_from(entries).where(entries.c.bank_id == bank_id)
    statement = (
        sa.select(sa.func.count(), sa.func.count(sa.case((fingerprints.c.active, 1))))
        .select_from(fingerprints)
        .join(entries, entries.c.id == fingerprints.c.entry_id)
        .where(entries.c.bank_id == bank_id)
    )
    held, active = connection.execute(statement).one()
    return BankCounts(connection.execute(entry_count).scalar_one(), held, active)


def _name(name: str) -> str:
    name = tidy(name, 200, "name of a bank")
    if not name:
        raise UsageError("A bank needs a name. Nothing was done.")
    return name


def _radius(max_distance_bits: int) -> int:
    if not 0 <= max_distance_bits <= 63:
        raise UsageError(f"A bank's radius is 0 to 63 bits, not {max_distance_bits}. Nothing was done.")
    return max_distance_bits


def _check_matching(kind: str, matching: str, deep_per_hour: int) -> None:
    if matching not in MATCHING:
        raise UsageError(f"{matching!r} is no way of matching ({', '.join(MATCHING)}). Nothing was done.")
    if not 0 <= deep_per_hour <= MAX_DEEP_PER_HOUR:
        raise UsageError(
            f"A bank has 0 to {MAX_DEEP_PER_HOUR:,} deep checks an hour, not {deep_per_hour}. "
            "Nothing was done."
        )
    if deep_per_hour and (kind != "known" or matching != "calibrated"):
        raise UsageError(
            "Deep checks are made for banks of known content that match by calibration. Nothing was done. "
            "Set its matching to calibrated, or its deep checks to 0."
        )


_BANKS = sa.select(
    banks.c.id,
    banks.c.name,
    banks.c.kind,
    banks.c.trusted,
    banks.c.enabled,
    banks.c.max_distance_bits,
    banks.c.note,
    banks.c.created_at,
    banks.c.matching,
    banks.c.deep_per_hour,
    banks.c.reference_views,
)
