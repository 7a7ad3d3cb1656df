"""One contract of the vault on every store: what is held opens, faults are found, what went is gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.errors import ConflictError, ObjectDamagedError, ObjectDestroyedError
from holdfast.records.database import Database, sqlite_url
from holdfast.records.tables.evidence import vault_journal
from holdfast.records.tables.vault import vault_items, vault_keys
from holdfast.vault import retention
from holdfast.vault.check import Trouble, check
from holdfast.vault.keys import FileKeys
from holdfast.vault.replay import replay
from holdfast.vault.service import Vault
from holdfast.vault.store import ObjectStore
from holdfast.vault.sweep import sweep_expired, sweep_orphans

AS = {"actor": "lead:bo", "purpose": "tests"}
BODY = bytes(range(256)) * 4096  # several chunks


@pytest.fixture
def vault(
    store: ObjectStore, home: Path, key_file: Path, sqlite_copy: Path, tmp_path: Path
) -> Iterator[Vault]:
    """The database does not matter here: SQLite."""
    path = Path(shutil.copy(sqlite_copy, tmp_path / "holdfast.db"))
    with Database(sqlite_url(path)) as database:
        yield Vault(database, store, FileKeys(key_file, home=home))


def _put_instead(vault: Vault, item: str, content: bytes) -> None:
    vault.store.delete(item)
    vault.store.put_new(item, [content])


def test_held_opened_checked_destroyed(vault: Vault) -> None:
    kept, gone, expired = (vault.hold(BODY, reason="r", actor="t") for _ in range(3))
    assert b"".join(vault.open(kept, **AS)) == BODY
    with pytest.raises(ConflictError):
        vault.store.put_new(kept, [b"x"])
    with vault.database.write() as connection:
        retention.release(connection, expired, window=timedelta(0), **AS)
    vault.destroy(gone, **AS)
    assert sweep_expired(vault).destroyed == 1
    assert [found.name for found in vault.store.list_all()] == [kept]  # and the journal is not among them
    assert {entry["item"] for entry in vault.journal.read()} == {gone, expired}
    assert sweep_orphans(vault, grace=timedelta(0)).orphans_removed == 0
    assert list(check(vault, full=True)) == []


def test_faults_are_found(vault: Vault) -> None:
    flipped, cut, one, other, lost = (vault.hold(BODY, reason="r", actor="t") for _ in range(5))
    content = {item: b"".join(vault.store.get(item)) for item in (flipped, cut, one, other)}
    _put_instead(vault, flipped, content[flipped][:-1] + bytes([content[flipped][-1] ^ 1]))
    _put_instead(vault, cut, content[cut][: len(BODY) // 2])
    _put_instead(vault, one, content[other])
    _put_instead(vault, other, content[one])
    vault.store.delete(lost)
    for item in (flipped, cut, one, other, lost):
        with pytest.raises(ObjectDamagedError):
            b"".join(vault.open(item, **AS))
    assert {fault.item_id: fault.trouble for fault in check(vault, full=True)} == {
        flipped: Trouble.DAMAGED,
        cut: Trouble.WRONG_SIZE,
        one: Trouble.DAMAGED,
        other: Trouble.DAMAGED,
        lost: Trouble.LOST,
    }


def test_older_records_and_objects_bring_nothing_back(vault: Vault) -> None:
    item = vault.hold(BODY, reason="r", actor="t")
    copy = b"".join(vault.store.get(item))
    tables = (vault_items, vault_keys)
    with vault.database.read() as connection:
        rows = {
            table: [dict(row._mapping) for row in connection.execute(sa.select(table))] for table in tables
        }
    vault.destroy(item, **AS)
    vault.store.put_new(item, [copy])
    with vault.database.write() as connection:
        for table in (vault_journal, *reversed(tables)):
            connection.execute(sa.delete(table))
        for table in tables:
            connection.execute(sa.insert(table), rows[table])
        assert replay(connection, vault.journal.read()).destroyed == 1
    with pytest.raises(ObjectDestroyedError):
        vault.open(item, **AS)
    assert sweep_expired(vault).objects_removed == 1
    assert list(vault.store.list_all()) == []
