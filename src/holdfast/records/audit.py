"""The audit log: what people and administrators did, append-only, in a chain of hashes.

    audit.append(connection, actor="person:4k8w", action="case.decide", target="case:17", facts={...})

Each row's digest covers the digest before it and the row's canonical form, so that no row can be changed,
removed, put in or moved without every later digest telling (`records.audit_check`). Rows follow one another:
from its first `append` to its end a transaction makes other appenders wait, so append last, and after
`events.append`. What machines do by themselves is in `records.events`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from holdfast.errors import RecordsError, UsageError
from holdfast.records.tables.audit import audit_head, audit_log
from holdfast.records.tables.base import now

if TYPE_CHECKING:
    from holdfast.records.database import Database

__all__ = ["FORM", "Entry", "Head", "append", "chained", "export", "head", "newest", "read"]

FORM = b"holdfast audit 1\n"  # begins what is hashed; another form of rows gets another number
MAX_FACTS_BYTES = 8192
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: the newest row's place (0: there is none) and its digest (32 bytes).

    Kept elsewhere (printed, mailed, in a log) it becomes an anchor: nobody can rewrite what lies before it.
    """

    position: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.position}:{self.digest.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """The head that was written as ``POSITION:DIGEST``. Raises `UsageError`."""
        position, _, digest = text.strip().partition(":")
        if not (position.isascii() and position.isdigit() and len(position) < 19 and len(digest) == 64):
            raise UsageError(f"{text[:100]!r} is no head of an audit log; write POSITION:DIGEST.")
        try:
            return cls(int(position), bytes.fromhex(digest))
        except ValueError as error:
            raise UsageError(f"{text[:100]!r} is no head of an audit log; write POSITION:DIGEST.") from error


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. ``facts`` is the canonical JSON text that was hashed."""

    position: int
    at: datetime
    actor: str
    action: str
    target: str
    facts: str
    digest: bytes

    def canonical(self) -> bytes:
        """What the digest covers, beside the digest before it."""
        moment = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return _canonical([self.position, moment, self.actor, self.action, self.target, self.facts]).encode()

    def to_json(self) -> dict[str, Any]:
        """The row for people and programs, with its facts as an object."""
        return {
            "position": self.position,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": self.actor,
            "action": self.action,
            "target": self.target,
            "facts": json.loads(self.facts),
            "digest": self.digest.hex(),
        }


def append(
    connection: sa.Connection,
    *,
    actor: str,
    action: str,
    target: str,
    facts: Mapping[str, object] | None = None,
) -> int:
    """Writes one row into the caller's transaction; its position.

    ``actor`` is a principal's subject (``person:ID``, ``key:ID``, ``local:USER``), ``action`` a word such as
    ``case.decide``, ``target`` such as ``case:17``. ``facts`` never hold hashes, secrets or content. Raises
    UsageError for what does not fit, RecordsError where the head of the log is gone.
    """
    for name, text, most in (("actor", actor, 200), ("action", action, 60), ("target", target, 300)):
        if not (text and len(text) <= most and text.isprintable()):
            raise UsageError(
                f"The {name} of an audit row has 1 to {most} printable characters. Nothing was written."
            )
    written = _facts_text(facts or {})
    last = head(connection, lock=True)
    unsigned = Entry(last.position + 1, now(), actor, action, target, written, b"")
    digest = chained(last.digest, unsigned)
    row = {name: getattr(unsigned, name) for name in ("position", "at", "actor", "action", "target", "facts")}
    connection.execute(sa.insert(audit_log).values(**row, digest=digest))
    connection.execute(sa.update(audit_head).values(position=unsigned.position, digest=digest))
    return unsigned.position


def head(connection: sa.Connection, *, lock: bool = False) -> Head:
    """Where the log ends. ``lock`` makes others who append wait until this transaction ends.

    Raises RecordsError where the head is gone: somebody removed it.
    """
    query = sa.select(audit_head.c.position, audit_head.c.digest)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise RecordsError(
            "The head of the audit log is gone: somebody removed it. Nothing was written. "
            "Keep this database as it is and restore a backup; docs/audit.md says how."
        )
    return Head(row.position, bytes(row.digest))


def chained(before: bytes, entry: Entry) -> bytes:
    """The digest (32 bytes, SHA-256) of a row that follows one with the digest ``before``."""
    return hashlib.sha256(FORM + before + entry.canonical()).digest()


def read(
    connection: sa.Connection,
    *,
    after: int = 0,
    limit: int = PAGE,
    actor: str | None = None,
    target: str | None = None,
) -> list[Entry]:
    """Up to ``limit`` rows behind a position, in their order. The last one's position is the next cursor."""
    position = audit_log.c.position
    query = sa.select(audit_log).where(position > after).order_by(position).limit(limit)
    return _entries(connection, query, actor, target)


def newest(
    connection: sa.Connection,
    *,
    before: int | None = None,
    limit: int = PAGE,
    actor: str | None = None,
    target: str | None = None,
) -> list[Entry]:
    """Up to ``limit`` rows in front of a position (None: all), the newest first."""
    query = sa.select(audit_log).order_by(audit_log.c.position.desc()).limit(limit)
    if before is not None:
        query = query.where(audit_log.c.position < before)
    return _entries(connection, query, actor, target)


def export(database: Database, *, after: int = 0) -> Iterator[bytes]:
    """Every row behind a position as a line of JSON, however many there are: a thousand in memory at once.

    Rows never change, so that each thousand is read for itself and no transaction stays open.
    """
    while True:
        with database.read() as connection:
            entries = read(connection, after=after)
        if not entries:
            return
        yield b"".join(_canonical(entry.to_json()).encode() + b"\n" for entry in entries)
        after = entries[-1].position


def _entries(
    connection: sa.Connection, query: sa.Select[Any], actor: str | None, target: str | None
) -> list[Entry]:
    if actor is not None:
        query = query.where(audit_log.c.actor == actor)
    if target is not None:
        query = query.where(audit_log.c.target == target)
    return [Entry(**{**row._mapping, "digest": bytes(row.digest)}) for row in connection.execute(query)]


def _facts_text(facts: Mapping[str, object]) -> str:
    try:
        text = _canonical(dict(facts))
    except (TypeError, ValueError) as error:
        raise UsageError(f"The facts of an audit row are no JSON: {error}. Nothing was written.") from error
    if len(text.encode()) > MAX_FACTS_BYTES or "\\u0000" in text:
        raise UsageError(
            f"The facts of an audit row have {MAX_FACTS_BYTES} bytes at most, no NUL. Nothing was written."
        )
    return text


def _canonical(value: Any) -> str:
    """One spelling of a value: keys sorted, no spaces, no NaN."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
