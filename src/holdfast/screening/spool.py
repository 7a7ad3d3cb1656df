"""A folder of encrypted files that live for minutes: what uploads leave until their deep check is done.

    spool/id              names this folder in the queue: rows belong to the host that has their files
    spool/<32 hex>        AES-256-GCM, under a key of its own

The file's key is in its row of the queue, sealed by a key that is made anew every hour; that one is wrapped
by the key-encryption key, which is never in the home (docs/decisions/0009-vault.md). So a file is noise
once its row is gone, and a copy of the home with its records opens none of them.

A file is flushed to disk before its row is written, as what is held is: an answer that says "pending" is a
promise, and a host that is back within minutes after a power cut keeps it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from holdfast.errors import ObjectDamagedError, VaultError
from holdfast.records import deep_queue
from holdfast.records.database import Database
from holdfast.records.deep_queue import Waiting
from holdfast.records.dialect import moment
from holdfast.records.tables.deep import deep_keys
from holdfast.vault.envelope import new_data_key, open_small, seal_small
from holdfast.vault.keys import KeyService, WrappedKey

__all__ = ["Sealed", "Spool"]

FOLDER = "spool"
ID_FILE = "id"
SWEPT_AFTER_S = 60.0  # longer than it takes from a file's first byte to the commit of its row
REMEMBERED_KEYS = 64

Sealed = tuple[str, bytes, str]  # name of the file, its sealed key, id of the key that seals it


class Spool:
    """The spool folder of one home. Safe to use from many threads; many processes may share it.

    ``keys`` are asked for when first needed. Failures are `VaultError`.
    """

    def __init__(self, home: Path, database: Database, keys: Callable[[], KeyService]) -> None:
        self._folder = home / FOLDER
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._database = database
        self._keys = keys
        self._lock = threading.Lock()
        self._sealing: tuple[str, bytes, float] | None = None  # id, key, when it was made
        self._opened: dict[str, bytes] = {}
        self.id = self._own_id()

    def put(self, plain: bytes) -> Sealed:
        """Writes an encrypted file. A row of the queue must follow within the minute, or the sweep removes
        it.
        """
        name = os.urandom(16).hex()
        key_id, sealing = self._sealing_key()
        own = new_data_key()
        object_id = bytes.fromhex(name)
        try:
            descriptor = os.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(seal_small(plain, key=own, object_id=object_id))
                file.flush()
                os.fsync(file.fileno())
            self._flush_folder()
        except OSError as error:
            self.remove(name)
            raise VaultError(
                f"Nothing could be put aside for a deep check ({error.strerror}). Check the home's space."
            ) from error
        return name, seal_small(own, key=sealing, object_id=object_id), key_id

    def get(self, waiting: Waiting) -> bytes:
        """What was put. Raises `ObjectDamagedError` where the file is gone or altered,
        `KeyUnavailableError`.
        """
        object_id = bytes.fromhex(waiting.object)
        own = open_small(waiting.sealed_key, key=self._opening_key(waiting.key_id), object_id=object_id)
        try:
            sealed = self._path(waiting.object).read_bytes()
        except OSError as error:
            raise ObjectDamagedError(
                f"The file of deep check {waiting.id} cannot be read ({error.strerror}); it was not checked."
            ) from error
        return open_small(sealed, key=own, object_id=object_id)

    def remove(self, name: str) -> None:
        """Removes a file; one that is gone already is no error."""
        with suppress(FileNotFoundError):
            self._path(name).unlink()

    def sweep(self, older_than_s: float = SWEPT_AFTER_S) -> int:
        """Removes files that no row needs: what a killed process left. The number of them.

        Any number of processes may do so at once.
        """
        before = time.time() - older_than_s
        old = [
            path for path in self._folder.iterdir() if path.name != ID_FILE and _written_at(path) <= before
        ]
        if not old:
            return 0
        with self._database.read() as connection:  # after the files were listed: their rows are committed
            needed = deep_queue.objects(connection, self.id)
        orphans = [path.name for path in old if path.name not in needed]
        for name in orphans:
            self.remove(name)
        return len(orphans)

    def _flush_folder(self) -> None:
        """Makes the names in it durable."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _own_id(self) -> str:
        path = self._folder / ID_FILE
        fresh = self._folder / f"{ID_FILE}.{os.urandom(8).hex()}"
        if not path.exists():
            fresh.write_text(os.urandom(16).hex(), encoding="ascii")
            with suppress(FileExistsError):  # another process was faster
                os.link(fresh, path)
            fresh.unlink()
        return path.read_text(encoding="ascii")

    def _sealing_key(self) -> tuple[str, bytes]:
        with self._lock:
            if self._sealing is None or time.monotonic() - self._sealing[2] > deep_queue.KEY_LASTS_S:
                self._sealing = (*self._new_key(), time.monotonic())
            return self._sealing[:2]

    def _new_key(self) -> tuple[str, bytes]:
        key_id, key = os.urandom(16).hex(), new_data_key()
        wrapped = self._keys().wrap(key, context=bytes.fromhex(key_id))
        row = {"id": key_id, "wrapped_by": wrapped.wrapped_by, "wrapped_key": wrapped.blob}
        with self._database.write() as connection:
            connection.execute(sa.insert(deep_keys).values(created_at=moment(connection), **row))
        return key_id, key

    def _opening_key(self, key_id: str) -> bytes:
        with self._lock:
            if key_id not in self._opened:
                with self._database.read() as connection:
                    row = connection.execute(sa.select(deep_keys).where(deep_keys.c.id == key_id)).first()
                if row is None:
                    raise ObjectDamagedError("The key of a deep check is gone; the upload was not checked.")
                wrapped = WrappedKey(row.wrapped_by, row.wrapped_key)
                if len(self._opened) >= REMEMBERED_KEYS:
                    self._opened.clear()
                self._opened[key_id] = self._keys().unwrap(wrapped, context=bytes.fromhex(key_id))
            return self._opened[key_id]


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # removed while we looked
        return float("inf")
