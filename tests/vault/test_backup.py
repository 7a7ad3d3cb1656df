"""What is backed up comes back, is encrypted, holds no vault keys, and never replaces anything unchecked."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.errors import (
    ConflictError,
    KeyUnavailableError,
    ObjectDamagedError,
    ObjectDestroyedError,
    UnreadableError,
)
from holdfast.records.database import Database, sqlite_url
from holdfast.records.tables.vault import vault_items, vault_keys
from holdfast.vault.backup import backup_keys, backup_sqlite, file_pieces, restore_keys, restore_sqlite
from holdfast.vault.sealing import Identity, decrypt_stream, encrypt_stream
from holdfast.vault.service import Vault
from holdfast.vault.sweep import sweep_expired

HOLDER, STRANGER = Identity.new(), Identity.new()
TO = HOLDER.recipient
AS = {"actor": "lead:bo", "purpose": "tests"}
MONTH = timedelta(days=30)


@pytest.fixture
def plain_db(tmp_path: Path) -> Path:
    """A database in WAL mode with a row that is still in its log."""
    path = tmp_path / "records.db"
    with Database(sqlite_url(path)) as db:
        _write(db, "before")
    return path


def _write(db: Database, text: str) -> None:
    with db.write() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS notes (text VARCHAR)")
        connection.execute(sa.text("INSERT INTO notes VALUES (:text)"), {"text": text})


def _notes(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM notes")]


def test_backup_of_a_database_in_use_and_restore(plain_db: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "b.hfs"
    target.parent.mkdir()
    with Database(sqlite_url(plain_db)) as db:
        _write(db, "in the log only")
        assert backup_sqlite(plain_db, target, TO) == target.stat().st_size
        _write(db, "after the backup")
        with pytest.raises(ConflictError, match="open"):
            restore_sqlite(target, HOLDER, plain_db)
        assert _notes(plain_db)[-1] == "after the backup"
    assert target.stat().st_mode & 0o777 == 0o600
    assert b"SQLite format" not in target.read_bytes() and b"before" not in target.read_bytes()
    restore_sqlite(target, HOLDER, plain_db)
    assert _notes(plain_db) == ["before", "in the log only"]
    restore_sqlite(target, HOLDER, tmp_path / "new.db")
    assert _notes(tmp_path / "new.db") == ["before", "in the log only"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.db", "out", "records.db"]


def test_a_bad_backup_replaces_nothing(plain_db: Path, tmp_path: Path) -> None:
    good = tmp_path / "b.hfs"
    backup_sqlite(plain_db, good, TO)
    before = plain_db.read_bytes()
    flipped = bytearray(good.read_bytes())
    flipped[-100] ^= 1
    no_database = b"".join(encrypt_stream([b"well encrypted, but no database at all" * 100], TO))
    for content, error in [
        (bytes(flipped), ObjectDamagedError),
        (good.read_bytes()[:-1], ObjectDamagedError),
        (no_database, ObjectDamagedError),
    ]:
        bad = tmp_path / "bad.hfs"
        bad.write_bytes(content)
        with pytest.raises(error):
            restore_sqlite(bad, HOLDER, plain_db)
    with pytest.raises(KeyUnavailableError):
        restore_sqlite(good, STRANGER, plain_db)
    with pytest.raises(UnreadableError):
        restore_sqlite(tmp_path / "absent", HOLDER, plain_db)
    assert plain_db.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.hfs", "bad.hfs", "records.db"]


def test_a_damaged_database_can_be_restored_over(plain_db: Path, tmp_path: Path) -> None:
    backup_sqlite(plain_db, tmp_path / "b.hfs", TO)
    plain_db.write_bytes(b"not a database any more" * 100)
    restore_sqlite(tmp_path / "b.hfs", HOLDER, plain_db)
    assert _notes(plain_db) == ["before"]


def test_a_missing_database_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        backup_sqlite(tmp_path / "absent.db", tmp_path / "b.hfs", TO)
    assert list(tmp_path.iterdir()) == []


def test_the_database_backup_holds_no_vault_key_in_any_page(vault: Vault, tmp_path: Path) -> None:
    if not vault.database.is_sqlite:
        pytest.skip("PostgreSQL is backed up with pg_dump")
    for _ in range(50):
        vault.hold(b"benign", reason="rule", actor="api")
    with vault.database.read() as connection:
        keys = list(connection.scalars(sa.select(vault_keys.c.wrapped_key)))
    database_file = Path(str(vault.database.engine.url.database))
    backup_sqlite(database_file, tmp_path / "b.hfs", TO)
    content = b"".join(decrypt_stream(file_pieces(tmp_path / "b.hfs"), HOLDER))
    assert content.startswith(b"SQLite format 3")
    assert not [key for key in keys if key in content]


def test_keys_come_back_for_live_items_only(vault: Vault, tmp_path: Path) -> None:
    lost, destroyed, kept = (vault.hold(b"benign", reason="rule", actor="api") for _ in range(3))
    backup_keys(vault.database, tmp_path / "k.hfs", TO)
    vault.destroy(destroyed, **AS)
    with vault.database.write() as connection:
        connection.execute(sa.delete(vault_keys).where(vault_keys.c.item_id == lost))
    with pytest.raises(KeyUnavailableError):
        vault.open(lost, **AS)
    with pytest.raises(KeyUnavailableError):
        restore_keys(vault.database, tmp_path / "k.hfs", STRANGER, max_age=MONTH)
    assert restore_keys(vault.database, tmp_path / "k.hfs", HOLDER, max_age=MONTH) == 1
    for item_id in (lost, kept):
        assert b"".join(vault.open(item_id, **AS)) == b"benign"
    with vault.database.read() as connection:
        assert destroyed not in set(connection.scalars(sa.select(vault_keys.c.item_id)))


def test_after_database_and_key_restore_everything_opens(vault: Vault, tmp_path: Path) -> None:
    if not vault.database.is_sqlite:
        pytest.skip("PostgreSQL is backed up with pg_dump")
    item_id = vault.hold(b"benign", reason="rule", actor="api")
    database_file = Path(str(vault.database.engine.url.database))
    backup_sqlite(database_file, tmp_path / "b.hfs", TO)
    backup_keys(vault.database, tmp_path / "k.hfs", TO)
    vault.database.close()
    restore_sqlite(tmp_path / "b.hfs", HOLDER, database_file)
    with pytest.raises(KeyUnavailableError, match="not in the key store"):
        vault.open(item_id, **AS)
    assert restore_keys(vault.database, tmp_path / "k.hfs", HOLDER, max_age=MONTH) == 1
    assert b"".join(vault.open(item_id, **AS)) == b"benign"


def _older(backup: Path, by: timedelta) -> Path:
    """The same backup of the keys, as if it had been made that much earlier."""
    head, _, rows = b"".join(decrypt_stream(file_pieces(backup), HOLDER)).partition(b"\n")
    made_at = datetime.fromisoformat(json.loads(head)["made_at"]) - by
    older = backup.with_name(f"older-{backup.name}")
    text = json.dumps({"made_at": made_at.isoformat()}).encode() + b"\n" + rows
    older.write_bytes(b"".join(encrypt_stream([text], TO)))
    return older


def test_keys_older_than_the_stated_age_are_not_restored(vault: Vault, tmp_path: Path) -> None:
    destroyed = vault.hold(b"benign", reason="rule", actor="api")
    backup_keys(vault.database, tmp_path / "k.hfs", TO)
    vault.destroy(destroyed, **AS)
    with vault.database.write() as connection:
        # somebody makes the item live again by hand, and wants its key back
        connection.execute(sa.update(vault_items).values(state="held", sealed_facts=b"x"))
    for by, words in ((MONTH, "more than 30 days ago"), (-timedelta(days=1), "in the future")):
        with pytest.raises(KeyUnavailableError, match=words):
            restore_keys(vault.database, _older(tmp_path / "k.hfs", by), HOLDER, max_age=MONTH)
    bare = tmp_path / "bare.hfs"
    bare.write_bytes(b"".join(encrypt_stream([b""], TO)))
    with pytest.raises(KeyUnavailableError, match="does not say when"):
        restore_keys(vault.database, bare, HOLDER, max_age=MONTH)
    with vault.database.read() as connection:
        assert connection.execute(sa.select(vault_keys)).all() == []
    within = _older(tmp_path / "k.hfs", MONTH - timedelta(hours=1))
    assert restore_keys(vault.database, within, HOLDER, max_age=MONTH, journal=vault.journal.read()) == 0


def test_within_the_age_the_journal_comes_before_the_keys(vault: Vault, tmp_path: Path) -> None:
    if not vault.database.is_sqlite:
        pytest.skip("PostgreSQL is backed up with pg_dump")
    destroyed, kept = (vault.hold(b"benign", reason="rule", actor="api") for _ in range(2))
    database_file = Path(str(vault.database.engine.url.database))
    backup_sqlite(database_file, tmp_path / "b.hfs", TO)
    backup_keys(vault.database, tmp_path / "k.hfs", TO)
    copy = b"".join(vault.store.get(destroyed))
    vault.destroy(destroyed, **AS)
    vault.store.put_new(destroyed, [copy])  # an older copy of the objects comes back too
    entries = list(vault.journal.read())
    vault.database.close()
    assert restore_sqlite(tmp_path / "b.hfs", HOLDER, database_file, journal=entries).destroyed == 1
    assert sorted(path.name for path in database_file.parent.glob("holdfast.db*")) == ["holdfast.db"]
    restored = restore_keys(vault.database, tmp_path / "k.hfs", HOLDER, max_age=MONTH, journal=entries)
    assert restored == 1
    with pytest.raises(ObjectDestroyedError):
        vault.open(destroyed, **AS)
    assert b"".join(vault.open(kept, **AS)) == b"benign"
    assert sweep_expired(vault).objects_removed == 1
