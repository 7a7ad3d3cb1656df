"""Hold content and open it again.

    vault = Vault(database, open_store(url), open_keys(...))
    item_id = vault.hold(body, reason="rule known-content", actor="api", facts={"account": "..."})
    for piece in vault.open(item_id, actor="reviewer:ana", purpose="case 12"): ...

The order of `hold`: key wrapped, object written and flushed, row committed, answer given. A crash before
the commit leaves an object that nothing opens, and the sweep removes it; after it the item is whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any, BinaryIO

import sqlalchemy as sa

from holdfast.errors import KeyUnavailableError, ObjectDamagedError, VaultError
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.vault import vault_items, vault_keys
from holdfast.vault import envelope, listing, retention
from holdfast.vault.journal import FOLDER, Journal
from holdfast.vault.keys import KeyService, WrappedKey
from holdfast.vault.models import Action, Facts, Item, Retention, Stored, checked_text
from holdfast.vault.secrets import KeySealer
from holdfast.vault.store import ObjectStore

__all__ = ["Vault"]

NO_LIMITS = Retention()
READ_BYTES = 256 * 1024


class Vault:
    """Held items: objects in ``store``, rows and wrapped keys in ``database``. Safe in many threads.

    ``journal``: where the journal lies, by default beside the objects.
    """

    def __init__(
        self, database: Database, store: ObjectStore, keys: KeyService, *, journal: ObjectStore | None = None
    ) -> None:
        self.database = database
        self.store = store
        self.keys = keys
        self.journal = Journal(journal or store.beside(FOLDER), KeySealer(keys))

    def hold(
        self,
        source: bytes | BinaryIO | Iterable[bytes],
        *,
        reason: str,
        actor: str,
        facts: Mapping[str, Any] | None = None,
        retain: Retention = NO_LIMITS,
    ) -> str:
        """Keep the content; the item's id once it is durable and can be opened.

        ``facts``: what a report or a takedown needs later (account, URLs, upload time, ...), as JSON values;
        sealed with the content. Raises `VaultError` or `RecordsError`: then nothing is held.
        """
        stored = self.put(source, facts=facts)
        # After a failed commit the object stays: a lost connection does not tell whether the row is there.
        with self.database.write() as connection:
            return self.record(connection, stored, reason=reason, actor=actor, retain=retain)

    def put(
        self, source: bytes | BinaryIO | Iterable[bytes], *, facts: Mapping[str, Any] | None = None
    ) -> Stored:
        """Write the encrypted object. `record` must follow within the hour, or the sweep removes it."""
        object_id = os.urandom(16)
        data_key = envelope.new_data_key()
        wrapped = self.keys.wrap(data_key, context=object_id)
        digest = _Digest(source)
        self.store.put_new(object_id.hex(), envelope.encrypt(digest, key=data_key, object_id=object_id))
        sealed = Facts(digest.size_bytes, digest.sha256.hexdigest(), facts or {}).to_bytes()
        return Stored(
            object_id.hex(),
            digest.size_bytes,
            envelope.seal_small(sealed, key=data_key, object_id=object_id),
            wrapped,
        )

    def discard(self, stored: Stored) -> None:
        """Removes an object that was put and is not to be recorded.

        One that cannot be removed now goes with the next sweep of orphans.
        """
        with suppress(VaultError, OSError):
            self.store.delete(stored.id)

    def record(
        self,
        connection: sa.Connection,
        stored: Stored,
        *,
        reason: str,
        actor: str,
        retain: Retention = NO_LIMITS,
    ) -> str:
        """Make a stored object an item, in the caller's transaction; its id, true once that is committed."""
        connection.execute(
            sa.insert(vault_items).values(
                id=stored.id,
                state="held",
                reason=checked_text("reason", reason),
                size_bytes=stored.size_bytes,
                sealed_facts=stored.sealed_facts,
                held_at=now(),
                held_by=checked_text("actor", actor),
                keep_until=retain.keep_until,
                destroy_at=retain.destroy_at,
            )
        )
        connection.execute(
            sa.insert(vault_keys).values(
                item_id=stored.id,
                wrapped_by=stored.wrapped_key.wrapped_by,
                wrapped_key=stored.wrapped_key.blob,
            )
        )
        retention.write_access(connection, [stored.id], actor, Action.HOLD, reason)
        return stored.id

    def open(self, item_id: str, *, actor: str, purpose: str) -> Iterator[bytes]:
        """The content, piece by piece; the access is on record before the first byte.

        The caller has checked that ``actor`` may. Raises `NotFoundError`, `ObjectDestroyedError`,
        `KeyUnavailableError` and `ObjectDamagedError` at the call; `ObjectDamagedError` also while reading:
        what came before is true, but not the whole.
        """
        data_key, facts = self._unseal(item_id, actor, Action.OPEN, purpose)
        pieces = self.store.get(item_id)
        return _verified(
            envelope.decrypt(pieces, key=data_key, object_id=bytes.fromhex(item_id)), item_id, facts
        )

    def read_facts(self, item_id: str, *, actor: str, purpose: str) -> Facts:
        """Size, SHA-256 and context of the content, on record like `open` and with its errors."""
        return self._unseal(item_id, actor, Action.READ_FACTS, purpose)[1]

    def describe(self, item_id: str) -> Item:
        """The item or its tombstone, without its content. Raises `NotFoundError`."""
        with self.database.read() as connection:
            return listing.get_item(connection, item_id)

    def destroy(self, item_id: str, *, actor: str, purpose: str) -> None:
        """Destroy the item now: key and facts in one commit, then the journal, then the object.

        A tombstone stays.
        Raises `HeldError` under a legal hold or a preservation duty, `NotFoundError`, `ObjectDestroyedError`.
        """
        with self.database.write() as connection:
            retention.lock(connection, item_id)
            retention.forbid_if_kept(connection, item_id)
            retention.destroy_keys(connection, [item_id], actor=actor, purpose=purpose)
        self.journal.write(self.database)
        self.store.delete(item_id)  # after a crash before or here the sweep does it
        with self.database.write() as connection:
            connection.execute(
                sa.update(vault_items).where(vault_items.c.id == item_id).values(object_gone_at=now())
            )

    def verify(self, item_id: str) -> None:
        """Read all of an item and give nothing of it to anybody: no access, so none is written down.

        Raises as `open`, at any fault in object, key, facts or their belonging together.
        """
        with self.database.read() as connection:
            query = sa.select(vault_items, vault_keys.c.wrapped_by, vault_keys.c.wrapped_key)
            joined = query.join(vault_keys, vault_keys.c.item_id == vault_items.c.id, isouter=True)
            row = connection.execute(joined.where(vault_items.c.id == item_id)).one_or_none()
        if row is None or row.state == "destroyed":  # since it was listed
            return
        data_key, facts = self._opened(item_id, row.sealed_facts, row.wrapped_by, row.wrapped_key)
        pieces = envelope.decrypt(self.store.get(item_id), key=data_key, object_id=bytes.fromhex(item_id))
        for _piece in _verified(pieces, item_id, facts):
            pass

    def _unseal(self, item_id: str, actor: str, action: Action, purpose: str) -> tuple[bytes, Facts]:
        with self.database.write() as connection:
            row: Any = retention.lock(connection, item_id)
            key: Any = connection.execute(
                sa.select(vault_keys).where(vault_keys.c.item_id == item_id)
            ).one_or_none()
            retention.write_access(connection, [item_id], actor, action, purpose)
        wrapped_by, wrapped_key = (None, None) if key is None else (key.wrapped_by, key.wrapped_key)
        return self._opened(item_id, row.sealed_facts, wrapped_by, wrapped_key)

    def _opened(
        self, item_id: str, sealed_facts: bytes, wrapped_by: str | None, wrapped_key: bytes | None
    ) -> tuple[bytes, Facts]:
        """Data key and facts from their rows."""
        if wrapped_by is None or wrapped_key is None:
            raise KeyUnavailableError(
                f"The key of item {item_id} is not in the key store; nothing was opened. "
                "Restore the key backup."
            )
        object_id = bytes.fromhex(item_id)
        data_key = self.keys.unwrap(WrappedKey(wrapped_by, wrapped_key), context=object_id)
        facts = envelope.open_small(sealed_facts, key=data_key, object_id=object_id)
        return data_key, Facts.from_bytes(facts)


class _Digest:
    """The pieces of a source, counted and digested as they go by."""

    def __init__(self, source: bytes | BinaryIO | Iterable[bytes]) -> None:
        self._source = source
        self.sha256 = sha256()
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in _pieces(self._source):
            self.sha256.update(piece)
            self.size_bytes += len(piece)
            yield piece


def _pieces(source: bytes | BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(source, bytes | bytearray | memoryview):
        yield bytes(source)
    elif hasattr(source, "read"):
        while piece := source.read(READ_BYTES):
            yield piece
    else:
        yield from source


def _verified(pieces: Iterator[bytes], item_id: str, facts: Facts) -> Iterator[bytes]:
    digest = _Digest(pieces)
    yield from digest
    if digest.size_bytes != facts.size_bytes or digest.sha256.hexdigest() != facts.sha256:
        raise ObjectDamagedError(
            f"Item {item_id} opened, but it is not the content that was held (size or digest differ). "
            "Do not use it; restore the object and its row from backups of the same time."
        )
