"""Whether everything that is held is there and can be opened, and nothing that is destroyed.

The quick look lists the store and compares names and sizes with the records; the full one reads every object
to its end, under its key. Neither changes anything, and neither gives a byte of content to anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from holdfast.errors import KeyUnavailableError, ObjectDamagedError, VaultError
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_items, vault_keys
from holdfast.vault import envelope
from holdfast.vault.service import Vault
from holdfast.vault.store import StoredObject
from holdfast.vault.sweep import ORPHAN_GRACE

__all__ = ["Fault", "Trouble", "check"]

BATCH = 500


class Trouble(StrEnum):
    """What can be wrong."""

    LOST = "lost"
    WRONG_SIZE = "wrong_size"  # cut short, half written, or longer than it was
    DAMAGED = "damaged"  # altered, another object's, or not what its facts say
    NO_KEY = "no_key"
    WRONG_KEY = "wrong_key"  # or the key-encryption key is gone
    KEY_LEFT = "key_left"  # a destroyed item that has a key
    CAME_BACK = "came_back"  # an object whose item was destroyed
    LEFTOVER = "leftover"  # of a writer that was killed, or of another database


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; ``detail`` says what to do."""

    item_id: str
    trouble: Trouble
    detail: str


def check(vault: Vault, *, full: bool = False) -> Iterator[Fault]:
    """Everything that is wrong, item by item. ``full`` reads every object.

    Raises `VaultError` where the store cannot be listed, `RecordsError` where the records cannot be read.
    """
    stored = {found.name: found for found in vault.store.list_all()}
    for rows in _rows(vault):
        for row in rows:
            found = stored.pop(row.id, None)
            if row.state == "destroyed":
                yield from _of_tombstone(row, found)
            else:
                yield from _of_item(vault, row, found, full)
    yield from _of_the_rest(vault, list(stored.values()))


def _of_item(vault: Vault, row: Any, found: StoredObject | None, full: bool) -> Iterator[Fault]:
    restore = "Restore the object from a copy of the objects."
    if not row.has_key:
        detail = "its key is not in the key store. Restore the newest backup of the keys."
        yield Fault(row.id, Trouble.NO_KEY, detail)
    elif found is None and not _is_there(vault, row.id):
        yield Fault(row.id, Trouble.LOST, f"its object is not in the store. {restore}")
    elif found is not None and found.size_bytes != envelope.sealed_size(row.size_bytes):
        told = f"its object has {found.size_bytes} bytes, not {envelope.sealed_size(row.size_bytes)}: it is "
        how = (
            "cut short or half written"
            if found.size_bytes < envelope.sealed_size(row.size_bytes)
            else "another"
        )
        yield Fault(row.id, Trouble.WRONG_SIZE, f"{told}{how}. {restore}")
    elif full:
        yield from _read(vault, row.id)


def _read(vault: Vault, item_id: str) -> Iterator[Fault]:
    try:
        vault.verify(item_id)
    except ObjectDamagedError as error:
        yield Fault(item_id, Trouble.DAMAGED, str(error))
    except KeyUnavailableError as error:
        yield Fault(item_id, Trouble.WRONG_KEY, str(error))


def _of_tombstone(row: Any, found: StoredObject | None) -> Iterator[Fault]:
    if row.has_key:
        detail = "it was destroyed, and its key is in the key store again. Run `holdfast vault replay`."
        yield Fault(row.id, Trouble.KEY_LEFT, detail)
    if found is not None and row.object_gone_at is not None:
        detail = "it was destroyed, and an object of it, which nothing opens, is in the store again. "
        yield Fault(row.id, Trouble.CAME_BACK, f"{detail}`holdfast vault sweep --orphans` removes it.")


def _of_the_rest(vault: Vault, objects: Sequence[StoredObject]) -> Iterator[Fault]:
    """Objects without a row: on their way to one while they are young."""
    before = now() - ORPHAN_GRACE
    for found in objects:
        if found.modified_at <= before:
            what = "what a killed writer left" if found.is_unfinished else "an object that belongs to no item"
            detail = f"{what}. `holdfast vault sweep --orphans` removes it, where this is the right database."
            yield Fault(found.name, Trouble.LEFTOVER, detail)


def _rows(vault: Vault) -> Iterator[Sequence[Any]]:
    t, after = vault_items, ""
    has_key = vault_keys.c.item_id.is_not(None).label("has_key")
    columns = (t.c.id, t.c.state, t.c.size_bytes, t.c.object_gone_at, has_key)
    joined = sa.select(*columns).join(vault_keys, vault_keys.c.item_id == t.c.id, isouter=True)
    while True:
        with vault.database.read() as connection:
            query = joined.where(t.c.id > after).order_by(t.c.id).limit(BATCH)
            rows = connection.execute(query).all()
        if not rows:
            return
        yield rows
        after = rows[-1].id


def _is_there(vault: Vault, item_id: str) -> bool:
    """Whether an object came since the store was listed."""
    try:
        vault.store.get(item_id)
    except ObjectDamagedError:
        return False
    except VaultError:
        raise
    return True
