"""What the clock does in the vault: items whose time has come, and what crashes left behind.

Run `sweep_expired` every minute and `sweep_orphans` at the start and once a day; any number of processes
may run them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from holdfast.errors import VaultError
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_items, vault_keys, vault_legal_holds
from holdfast.vault import retention
from holdfast.vault.keys import WrappedKey
from holdfast.vault.models import SweepReport
from holdfast.vault.service import Vault
from holdfast.vault.store import StoredObject

__all__ = ["ORPHAN_GRACE", "RewrapReport", "rewrap", "sweep_expired", "sweep_orphans"]

BATCH = 200
# Longer than any transaction may take between an object's last byte and the commit of its row.
ORPHAN_GRACE = timedelta(hours=1)
# More objects without a row than this, and more than with one: rather the wrong database than crashes.
ORPHANS_UNSUSPICIOUS = 20
ACTOR = "holdfast:sweep"


@dataclass(frozen=True)
class RewrapReport:
    """How many data keys the newest key wraps now, and the items whose old key does not open."""

    rewrapped: int
    failed: tuple[str, ...]


def sweep_expired(vault: Vault) -> SweepReport:
    """Destroy every item whose moment has come and that nothing keeps; finish what a crash cut short.

    What waits for the journal is written into it, and no object goes before its tombstone is there.
    """
    destroyed = 0
    while ids := _destroy_batch(vault):
        destroyed += len(ids)
    vault.journal.write(vault.database)
    removed = 0
    while ids := _keyless_batch(vault):
        _remove_objects(vault, ids)
        removed += len(ids)
    return SweepReport(destroyed, removed, 0)


def sweep_orphans(vault: Vault, *, grace: timedelta = ORPHAN_GRACE, force: bool = False) -> SweepReport:
    """Remove objects, older than ``grace``, that belong to no live item: nothing can open them.

    Raises `VaultError`, having removed nothing, when so many have no row that the database must be the
    wrong one or an old copy; with ``force`` somebody has made sure that it is neither.
    """
    before = now() - grace
    total = 0
    orphans: list[StoredObject] = []
    batch: list[StoredObject] = []
    for found in vault.store.list_all():
        total += 1
        if found.modified_at <= before:
            batch.append(found)
        if len(batch) == BATCH:
            orphans += _without_row(vault, batch)
            batch = []
    orphans += _without_row(vault, batch)
    if not force and len(orphans) > max(ORPHANS_UNSUSPICIOUS, total // 2):
        raise VaultError(
            f"{len(orphans)} of {total} objects in the vault's store belong to no item of this database; "
            "none was removed. Check that database and store belong together, or restore the right database. "
            "Where both are right, `holdfast vault sweep --orphans --force` removes them for good."
        )
    for orphan in orphans:
        vault.store.delete(orphan)
    return SweepReport(0, 0, len(orphans))


def rewrap(vault: Vault) -> RewrapReport:
    """Wrap every data key with the newest key-encryption key, after a rotation. Objects are not touched."""
    current, done, failed, after = vault.keys.current_id(), 0, list[str](), ""
    while rows := _rows_wrapped_by_others(vault, current, after):
        for row in rows:
            try:
                done += _rewrap_one(vault, row)
            except VaultError:
                failed.append(row.item_id)
        after = rows[-1].item_id
    return RewrapReport(done, tuple(failed))


def _destroy_batch(vault: Vault) -> list[str]:
    moment = now()
    table = vault_items
    due = (
        sa.select(table.c.id)
        .where(
            table.c.state != "destroyed",
            table.c.destroy_at <= moment,
            sa.or_(table.c.keep_until.is_(None), table.c.keep_until <= moment),
            ~sa.exists().where(vault_legal_holds.c.item_id == table.c.id, retention.in_force(moment)),
        )
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    with vault.database.write() as connection:
        ids = list(connection.scalars(due))
        # A hold placed while this waited is not in the first statement's snapshot; the rows are locked now.
        held = retention.active_legal_holds(connection, ids)
        ids = [item_id for item_id in ids if item_id not in held]
        if ids:
            retention.destroy_keys(connection, ids, actor=ACTOR, purpose="its time had come")
    return ids


def _keyless_batch(vault: Vault) -> list[str]:
    statement = sa.select(vault_items.c.id).where(
        vault_items.c.state == "destroyed", vault_items.c.object_gone_at.is_(None)
    )
    with vault.database.read() as connection:
        return list(connection.scalars(statement.limit(BATCH)))


def _remove_objects(vault: Vault, ids: Sequence[str]) -> None:
    for item_id in ids:
        vault.store.delete(item_id)
    with vault.database.write() as connection:
        connection.execute(
            sa.update(vault_items).where(vault_items.c.id.in_(ids)).values(object_gone_at=now())
        )


def _without_row(vault: Vault, objects: Sequence[StoredObject]) -> list[StoredObject]:
    names = [found.name for found in objects if not found.is_unfinished]
    statement = sa.select(vault_items.c.id).where(
        vault_items.c.id.in_(names), vault_items.c.state != "destroyed"
    )
    with vault.database.read() as connection:
        live = set(connection.scalars(statement))
    return [found for found in objects if found.is_unfinished or found.name not in live]


def _rows_wrapped_by_others(vault: Vault, current: str, after: str) -> Sequence[sa.Row[tuple[object, ...]]]:
    table = vault_keys
    statement = (
        sa.select(table)
        .where(table.c.wrapped_by != current, table.c.item_id > after)
        .order_by(table.c.item_id)
        .limit(BATCH)
    )
    with vault.database.read() as connection:
        return connection.execute(statement).all()


def _rewrap_one(vault: Vault, row: sa.Row[tuple[object, ...]]) -> int:
    table = vault_keys
    context = bytes.fromhex(row.item_id)
    data_key = vault.keys.unwrap(WrappedKey(row.wrapped_by, row.wrapped_key), context=context)
    wrapped = vault.keys.wrap(data_key, context=context)
    with vault.database.write() as connection:
        done = connection.execute(
            sa.update(table)
            .where(table.c.item_id == row.item_id, table.c.wrapped_key == row.wrapped_key)
            .values(wrapped_by=wrapped.wrapped_by, wrapped_key=wrapped.blob)
        )
    return done.rowcount
