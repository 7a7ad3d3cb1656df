"""The journal: what ended and what keeps held content, written down apart from the records.

A restored database does not know what was destroyed and what was put under hold since its backup was made.
The journal does: every tombstone, legal hold and preservation is a row of `vault_journal` in the transaction
that makes it, and from there goes into a small object beside the held content (or where `vault.journal`
says). An object is removed from the store only when its tombstone is in the journal. `replay` reads it.

Each journal object is lines of JSON under `KeySealer`, bound to its name: whoever has no key-encryption key
can neither read nor make one. Entries may come twice, and in any order of processes: each is a fact.

    {"kind": "destroyed", "item", "at", "by", "why"}
    {"kind": "kept", "item", "until"}
    {"kind": "legal_hold", "item", "reference", "agency", "until", "at", "by"}
    {"kind": "legal_hold_lifted", "item", "reference", "placed_at", "at", "by"}
    {"kind": "preserved", "item", "subject", "at"}
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from holdfast.errors import ObjectDamagedError
from holdfast.records.database import Database
from holdfast.records.tables.evidence import vault_journal
from holdfast.vault.secrets import KeySealer
from holdfast.vault.store import ObjectStore

__all__ = ["FOLDER", "Journal", "note"]

FOLDER = "journal"  # beside the objects, where no setting says another place
BATCH = 1000

Entry = Mapping[str, Any]


def note(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Put entries on their way into the journal, in the transaction of what they tell."""
    if entries:
        connection.execute(sa.insert(vault_journal), [{"entry": dict(entry)} for entry in entries])


class Journal:
    """The journal in ``store``, a place of its own. Safe to use from many threads and processes."""

    def __init__(self, store: ObjectStore, sealer: KeySealer) -> None:
        self._store = store
        self._sealer = sealer

    def write(self, database: Database) -> int:
        """Write down what waits; how many entries. A crash writes some of them twice.

        Raises `VaultError`: then they wait on.
        """
        written = 0
        while rows := _waiting(database):
            self._put([row.entry for row in rows])
            with database.write() as connection:
                ids = [row.id for row in rows]
                connection.execute(sa.delete(vault_journal).where(vault_journal.c.id.in_(ids)))
            written += len(rows)
        return written

    def read(self) -> Iterator[Entry]:
        """Every entry, in the order of writing.

        Raises `VaultError`, for an object that is damaged or under a key that is gone as for any other.
        """
        names = [found.name for found in self._store.list_all() if not found.is_unfinished]
        for name in sorted(names):
            sealed = b"".join(self._store.get(name))
            try:
                text = self._sealer.unseal(sealed, context=_context(name))
            except ObjectDamagedError as error:
                raise ObjectDamagedError(
                    f"Object {name} of the journal is damaged; nothing was done. Restore it from a copy of "
                    "the journal. Where there is none, move it away: what it tells is then lost."
                ) from error
            yield from map(json.loads, text.splitlines())

    def _put(self, entries: Sequence[Entry]) -> None:
        name = f"{time.time_ns() // 1000:016x}{os.urandom(8).hex()}"
        lines = "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in entries)
        self._store.put_new(name, [self._sealer.seal(lines.encode(), context=_context(name))])


def _waiting(database: Database) -> Sequence[sa.Row[Any]]:
    with database.read() as connection:
        query = sa.select(vault_journal).order_by(vault_journal.c.id).limit(BATCH)
        return connection.execute(query).all()


def _context(name: str) -> bytes:
    return b"holdfast vault journal 1\0" + name.encode()
