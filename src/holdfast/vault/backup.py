"""Backup and restore: an SQLite database, and the vault's key store apart from it.

`backup_sqlite` writes the database *without* the vault's keys; `backup_keys` writes the keys alone. Old
backups of the database then bring back nothing that was destroyed since. A key backup says when it was made
and is not restored when it is older than its stated age (docs/decisions/0009-vault.md). Before either comes
into force the journal is played into the records (see `replay`). PostgreSQL is backed up with its own
`pg_dump` (``--exclude-table-data=vault_keys``), its output piped through `encrypt_stream`.
"""

from __future__ import annotations

import json
import os
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from holdfast.errors import ConflictError, KeyUnavailableError, ObjectDamagedError, UnreadableError
from holdfast.records.database import Database, sqlite_url
from holdfast.records.schema import ensure_schema
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_items, vault_keys
from holdfast.vault.files import flush_folder, replace_file
from holdfast.vault.replay import Replayed, replay
from holdfast.vault.sealing import Identity, Passphrase, Recipient, decrypt_stream, encrypt_stream

__all__ = ["backup_keys", "backup_sqlite", "file_pieces", "restore_keys", "restore_sqlite"]

READ_BYTES = 1024 * 1024
BATCH = 500
CLOCKS_DIFFER = timedelta(minutes=10)
WORK_SUFFIX = ".backup-work"


def backup_sqlite(database_file: Path, destination: Path, lock: Passphrase | Recipient) -> int:
    """Write an encrypted copy of a database in use, without the vault's keys; its bytes.

    The copy is one moment's state (SQLite's online backup). It lies in plain beside the database, mode
    0600, while it is being encrypted. ``destination`` is replaced in one step.
    """
    with _work_file(database_file) as copy:
        with closing(_open_existing(database_file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            if target.execute("SELECT 1 FROM sqlite_master WHERE name = 'vault_keys'").fetchone():
                target.execute("PRAGMA secure_delete = ON")
                target.execute("DELETE FROM vault_keys")
                target.commit()
                target.execute("VACUUM")  # no trace of them in free pages
            target.execute("PRAGMA journal_mode = DELETE")
        return replace_file(destination, encrypt_stream(file_pieces(copy), lock))


def restore_sqlite(
    backup: Path,
    key: Passphrase | Identity,
    database_file: Path,
    *,
    journal: Iterable[Mapping[str, Any]] = (),
) -> Replayed:
    """Put the backup in the place of ``database_file``, after all of it was decrypted and checked.

    The journal is played into it before that. Raises `ConflictError` while anything has the database open,
    and what `decrypt_stream` and reading the journal raise; then the database is as it was.
    """
    with _work_file(database_file) as copy:
        with copy.open("r+b") as file:
            for piece in decrypt_stream(file_pieces(backup), key):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        _check_database(copy)
        replayed = _replay_into(copy, list(journal))
        _close_old(database_file)
        copy.replace(database_file)
        flush_folder(database_file.parent)
    return replayed


def backup_keys(database: Database, destination: Path, lock: Passphrase | Recipient) -> int:
    """Write the vault's wrapped keys, encrypted once more; the bytes. Works on both databases."""
    return replace_file(destination, encrypt_stream(_key_lines(database), lock))


def restore_keys(
    database: Database,
    backup: Path,
    key: Passphrase | Identity,
    *,
    max_age: timedelta,
    journal: Iterable[Mapping[str, Any]] = (),
) -> int:
    """Put back the keys that items lack; how many. Tombstones stay tombstones, keys that are there stay.

    The journal is played into the records first, so that nothing destroyed gets its key back. All or
    nothing. Raises `KeyUnavailableError` for a backup that is older than ``max_age``, and what
    `decrypt_stream` and reading the journal raise.
    """
    text = b"".join(decrypt_stream(file_pieces(backup), key))
    head, *rows = [json.loads(line) for line in text.splitlines()] or [{}]
    _check_age(head, max_age)
    lacking = sa.select(vault_items.c.id).where(
        vault_items.c.state != "destroyed", ~sa.exists().where(vault_keys.c.item_id == vault_items.c.id)
    )
    restored = 0
    with database.write() as connection:
        replay(connection, journal)
        for at in range(0, len(rows), BATCH):
            batch = {row["item_id"]: row for row in rows[at : at + BATCH]}
            for item_id in connection.scalars(lacking.where(vault_items.c.id.in_(list(batch)))).all():
                values = {"wrapped_by": batch[item_id]["wrapped_by"], "item_id": item_id}
                wrapped = b64decode(batch[item_id]["wrapped_key"])
                connection.execute(sa.insert(vault_keys).values(wrapped_key=wrapped, **values))
                restored += 1
    return restored


def file_pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes, in pieces of 1 MiB. Raises `UnreadableError`."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read ({error.strerror}); nothing was done.") from error
    with file:
        while piece := file.read(READ_BYTES):
            yield piece


def _check_age(head: Mapping[str, Any], max_age: timedelta) -> None:
    if "made_at" not in head:
        raise KeyUnavailableError(
            "This file does not say when it was made, as a backup of the vault's keys does; no key was "
            "restored."
        )
    made_at, at = datetime.fromisoformat(head["made_at"]), now()
    made = f"This backup of the vault's keys was made on {made_at:%Y-%m-%d %H:%M} UTC"
    if made_at > at + CLOCKS_DIFFER:
        raise KeyUnavailableError(
            f"{made}, which is in the future; no key was restored. Set this machine's clock right."
        )
    if made_at < at - max_age:
        raise KeyUnavailableError(
            f"{made}, more than {max_age / timedelta(days=1):g} days ago (vault.key_backup_days); no key was "
            "restored, as it may hold keys of what was destroyed since. Use a newer one; destroy this file."
        )


def _replay_into(copy: Path, entries: list[Mapping[str, Any]]) -> Replayed:
    """Play the journal into a database file that nobody else has open, and leave no log beside it."""
    if not entries:
        return Replayed(0, 0)
    with Database(sqlite_url(copy)) as database:
        ensure_schema(database)
        with database.write() as connection:
            replayed = replay(connection, entries)
    with closing(sqlite3.connect(copy)) as alone:
        alone.execute("PRAGMA journal_mode = DELETE")
    return replayed


def _key_lines(database: Database) -> Iterator[bytes]:
    yield json.dumps({"made_at": now().isoformat()}).encode() + b"\n"
    with database.read() as connection:
        for row in connection.execution_options(yield_per=BATCH).execute(sa.select(vault_keys)):
            wrapped = b64encode(row.wrapped_key).decode()
            body = {"item_id": row.item_id, "wrapped_by": row.wrapped_by, "wrapped_key": wrapped}
            yield json.dumps(body).encode() + b"\n"


@contextmanager
def _work_file(database_file: Path) -> Iterator[Path]:
    """An empty file of mode 0600 beside the database, gone at the end; an older one of a crash is removed."""
    path = database_file.with_name(database_file.name + WORK_SUFFIX)
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield path
    finally:
        for leftover in (path, _beside(path, "-journal"), _beside(path, "-wal"), _beside(path, "-shm")):
            leftover.unlink(missing_ok=True)


def _open_existing(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)
    except sqlite3.OperationalError as error:
        raise UnreadableError(f"The database {path} cannot be opened ({error}); nothing was done.") from error


def _check_database(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as connection:
            faults = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        faults, broken = str(error), None
    if faults != "ok" or broken is not None:
        raise ObjectDamagedError(
            "The backup opened, but what it holds is no sound database; nothing was replaced. "
            "Use another backup."
        )


def _close_old(path: Path) -> None:
    """Fold the old database's log into it, which works only when nobody has it open."""
    is_free = True
    if path.exists():
        try:
            with closing(sqlite3.connect(path, timeout=1.0)) as connection:
                is_free = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0] == "delete"
        except sqlite3.OperationalError:
            is_free = False
        except sqlite3.DatabaseError:  # damaged: the very reason to restore
            is_free = True
    if not is_free:
        raise ConflictError(
            f"Something has {path} open; nothing was replaced. "
            "Stop every Holdfast process of this home first."
        )
    for leftover in (_beside(path, "-wal"), _beside(path, "-shm")):  # of the old one: never for the new one
        leftover.unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
