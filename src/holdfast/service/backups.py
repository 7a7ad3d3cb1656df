"""Encrypted backups of a home, and their way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from holdfast.errors import UsageError
from holdfast.records.home import DATABASE_NAME, Home
from holdfast.records.tables.base import now
from holdfast.service import facts
from holdfast.service.opening import open_home_journal, open_home_keys, open_home_store
from holdfast.settings import Settings, load_settings
from holdfast.vault.backup import backup_keys, backup_sqlite, restore_keys, restore_sqlite
from holdfast.vault.journal import FOLDER, Journal
from holdfast.vault.replay import Replayed, replay
from holdfast.vault.sealing import Identity, Passphrase, Recipient
from holdfast.vault.secrets import KeySealer
from holdfast.vault.service import Vault
from holdfast.vault.store import open_store

__all__ = ["Backup", "Restored", "back_up", "replay_journal", "restore_backup"]

KEYS_NAME = "vault-keys.hfseal"  # one file, written over: see docs/decisions/0009-vault.md
KEYS_PATTERN = "vault-keys*.hfseal"  # and copies of it that somebody put beside it


@dataclass(frozen=True, slots=True)
class Backup:
    """The files that were written. ``records`` is None where they are in PostgreSQL.

    ``destroyed``: older backups of the keys in the same folder, which no longer may be restored.
    """

    records: Path | None
    keys: Path
    destroyed: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """Keys that items have again, and what the journal told the records beforehand."""

    keys: int
    replayed: Replayed


def back_up(
    vault: Vault, settings: Settings, home: Path, folder: Path, lock: Passphrase | Recipient
) -> Backup:
    """Writes the records and the vault's keys into ``folder``, while everything runs.

    What waits for the journal is written into it first. Raises UsageError for a folder inside the home or
    one that cannot be made.
    """
    if folder.resolve().is_relative_to(home.resolve()):
        raise UsageError(f"{folder} lies inside the home; nothing was written. Choose another disk.")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made ({error.strerror}); nothing was written.") from error
    at, database = now(), vault.database
    vault.journal.write(database)
    records = None
    if database.is_sqlite:
        records = folder / f"records-{at:%Y%m%dT%H%M%SZ}.hfseal"
        backup_sqlite(home / DATABASE_NAME, records, lock)
    keys = folder / KEYS_NAME
    backup_keys(database, keys, lock)
    with database.write() as connection:
        facts.stamp(connection, facts.BACKUP, at)
    return Backup(records, keys, _destroy_old(folder, at - timedelta(days=settings.vault.key_backup_days)))


def restore_backup(
    home: Path,
    key: Passphrase | Identity,
    *,
    records: Path | None,
    keys: Path | None,
    journal: str | None = None,
) -> Restored:
    """Puts the records back, then the keys that items lack; before either, what the journal tells.

    ``journal``: another place to read it from, beside the one of the settings. Raises ConflictError while
    anything uses the records, and what the opening of the files raises: then everything is as it was.
    """
    place = Home(home)
    settings = load_settings(place.path)
    place = Home(place.path, database_url=settings.database_url)
    if records is not None and place.database_url is not None:
        raise UsageError(
            "The records are in another database; nothing was restored. Use that database's own tools."
        )
    entries = _journal_entries(settings, place.path, journal)
    replayed = Replayed(0, 0)
    if records is not None:
        replayed = restore_sqlite(records, key, place.database_path, journal=entries)
    with place.database() as database:
        with database.write() as connection:
            facts.stamp(connection, facts.RESTORED)
        max_age = timedelta(days=settings.vault.key_backup_days)
        count = 0 if keys is None else restore_keys(database, keys, key, max_age=max_age, journal=entries)
    return Restored(count, replayed)


def replay_journal(home: Path, *, journal: str | None = None) -> Replayed:
    """Plays the journal into records that were restored with their database's own tools."""
    place = Home(home)
    settings = load_settings(place.path)
    entries = _journal_entries(settings, place.path, journal)
    opened = Home(place.path, database_url=settings.database_url).database()
    with opened as database, database.write() as connection:
        facts.stamp(connection, facts.RESTORED)
        return replay(connection, entries)


def _journal_entries(settings: Settings, home: Path, other: str | None) -> list[Mapping[str, Any]]:
    sealer = KeySealer(open_home_keys(settings, home))
    place = open_home_journal(settings, home) or open_home_store(settings, home).beside(FOLDER)
    entries = list(Journal(place, sealer).read())
    if other is not None:
        found = list(Journal(open_store(other, settings.vault.store_options), sealer).read())
        if not found:
            raise UsageError(f"{other} holds no journal; nothing was restored. Look at what --journal names.")
        entries += found
    return entries


def _destroy_old(folder: Path, before: datetime) -> tuple[Path, ...]:
    """Backups of the keys that no longer may be restored, by the time of their writing."""
    found = sorted(folder.glob(KEYS_PATTERN))
    old = tuple(path for path in found if path.stat().st_mtime < before.timestamp())
    for path in old:
        path.unlink()
    return old
