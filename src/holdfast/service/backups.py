"""Encrypted backups of a home, and their way back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import UsageError
from holdfast.records.database import Database
from holdfast.records.home import DATABASE_NAME, Home
from holdfast.records.tables.base import now
from holdfast.service import facts
from holdfast.settings import load_settings
from holdfast.vault.backup import backup_keys, backup_sqlite, restore_keys, restore_sqlite
from holdfast.vault.sealing import Identity, Passphrase, Recipient

__all__ = ["Backup", "back_up", "restore_backup"]

KEYS_NAME = "vault-keys.hfseal"  # one file, written over: see docs/decisions/0009-vault.md


@dataclass(frozen=True, slots=True)
class Backup:
    """The files that were written. ``records`` is None where they are in PostgreSQL."""

    records: Path | None
    keys: Path


def back_up(database: Database, home: Path, folder: Path, lock: Passphrase | Recipient) -> Backup:
    """Writes the records and the vault's keys into ``folder``, while everything runs.

    Raises UsageError for a folder inside the home or one that cannot be made.
    """
    if folder.resolve().is_relative_to(home.resolve()):
        raise UsageError(f"{folder} lies inside the home; nothing was written. Choose another disk.")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made ({error.strerror}); nothing was written.") from error
    at = now()
    records = None
    if database.is_sqlite:
        records = folder / f"records-{at:%Y%m%dT%H%M%SZ}.hfseal"
        backup_sqlite(home / DATABASE_NAME, records, lock)
    keys = folder / KEYS_NAME
    backup_keys(database, keys, lock)
    with database.write() as connection:
        facts.stamp(connection, facts.BACKUP, at)
    return Backup(records, keys)


def restore_backup(home: Path, key: Passphrase | Identity, *, records: Path | None, keys: Path | None) -> int:
    """Puts the records back, then the keys that items lack; how many keys.

    Raises ConflictError while anything uses the records, and what the opening of the files raises: then
    everything is as it was.
    """
    place = Home(home)
    settings = load_settings(place.path)
    place = Home(place.path, database_url=settings.database_url)
    if records is not None:
        if place.database_url is not None:
            raise UsageError(
                "The records are in another database; nothing was restored. Use that database's own tools."
            )
        restore_sqlite(records, key, place.database_path)
    with place.database() as database:
        with database.write() as connection:
            facts.stamp(connection, facts.RESTORED)
        return 0 if keys is None else restore_keys(database, keys, key)
