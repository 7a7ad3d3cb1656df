"""What people wrote, sealed: messages between accounts, and the words of notices and appeals.

A case may consist of messages only: grooming leaves no file. Each batch has a key of its own, wrapped by the
vault's, so that a copy of the database alone reads none of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from holdfast.errors import UsageError
from holdfast.records import audit
from holdfast.records.dialect import moment
from holdfast.records.tables.review import case_texts, cases
from holdfast.review.cases import lock_case

__all__ = ["Message", "Sealer", "add_messages", "messages_of", "seal_words", "unseal_words"]

MAX_MESSAGES = 2000
MAX_MESSAGE = 20_000
MAX_BATCH_BYTES = 4 * 1024 * 1024


class Sealer(Protocol):
    """Seals what must not lie readable in the database: `vault.secrets.KeySealer`."""

    def seal(self, plain: bytes, *, context: bytes) -> bytes: ...

    def unseal(self, sealed: bytes, *, context: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``sender`` and ``recipient`` are the platform's names of accounts.

    ``is_suspect``: the account that the case is about wrote it.
    """

    sender: str
    text: str
    sent_at: datetime | None = None
    recipient: str | None = None
    room: str | None = None
    is_suspect: bool = False

    def __post_init__(self) -> None:
        if not self.sender or len(self.sender) > 255 or not self.text or len(self.text) > MAX_MESSAGE:
            raise UsageError(
                f"A message has a sender of 1 to 255 and a text of 1 to {MAX_MESSAGE} characters. "
                "Nothing was added."
            )
        if self.sent_at is not None and self.sent_at.utcoffset() is None:
            raise UsageError("A message's moment needs its time zone. Nothing was added.")

    def to_json(self) -> dict[str, Any]:
        return {
            "sender": self.sender,
            "text": self.text,
            "sent_at": None if self.sent_at is None else self.sent_at.isoformat(),
            "recipient": self.recipient,
            "room": self.room,
            "is_suspect": self.is_suspect,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Message:
        given = dict(values)
        if given.get("sent_at"):
            given["sent_at"] = datetime.fromisoformat(given["sent_at"])
        return cls(**given)


def add_messages(
    connection: sa.Connection, case_id: int, messages: Sequence[Message], *, by: str, sealer: Sealer
) -> int:
    """Puts a batch of messages into an open case; the batch's id. Raises `NotFoundError`, `UsageError`."""
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise UsageError(f"Give 1 to {MAX_MESSAGES} messages at once. Nothing was added.")
    name = os.urandom(16).hex()
    plain = json.dumps([one.to_json() for one in messages], ensure_ascii=False).encode()
    if len(plain) > MAX_BATCH_BYTES:
        raise UsageError("These messages are larger than 4 MiB together. Nothing was added. Send fewer.")
    sealed = sealer.seal(plain, context=_context(name))
    case = lock_case(connection, case_id)
    if case.state != "open":
        raise UsageError(f"Case {case_id} is {case.state}; nothing was added. Open a case for what is new.")
    values = {"case_id": case_id, "name": name, "sealed": sealed, "messages": len(messages)}
    made = connection.execute(
        sa.insert(case_texts)
        .values(**values, added_at=moment(connection), added_by=by)
        .returning(case_texts.c.id)
    ).scalar_one()
    changed = {"version": cases.c.version + 1, "text_count": cases.c.text_count + 1}
    statement = sa.update(cases).where(cases.c.id == case_id)
    connection.execute(statement.values(**changed, updated_at=moment(connection)))
    facts = {"messages": len(messages)}
    audit.append(connection, actor=by, action="case.add_messages", target=f"case:{case_id}", facts=facts)
    return int(made)


def messages_of(connection: sa.Connection, case_id: int, sealer: Sealer) -> list[Message]:
    """The messages of a case, by time where they have one. Raises as `KeySealer.unseal`."""
    query = sa.select(case_texts).where(case_texts.c.case_id == case_id).order_by(case_texts.c.id)
    found: list[Message] = []
    for row in connection.execute(query):
        plain = sealer.unseal(row.sealed, context=_context(row.name))
        found += [Message.from_json(one) for one in json.loads(plain)]
    timed = [one for one in found if one.sent_at is not None]
    if len(timed) == len(found):
        return sorted(found, key=lambda one: one.sent_at.timestamp() if one.sent_at else 0.0)
    return found  # as they came: nobody knows better


def seal_words(sealer: Sealer, words: Mapping[str, Any], name: str) -> bytes:
    """JSON values under a key of their own, bound to a name."""
    return sealer.seal(json.dumps(dict(words), ensure_ascii=False).encode(), context=_context(name))


def unseal_words(sealer: Sealer, sealed: bytes, name: str) -> dict[str, Any]:
    """What `seal_words` sealed. Raises as `KeySealer.unseal`."""
    found: dict[str, Any] = json.loads(sealer.unseal(sealed, context=_context(name)))
    return found


def _context(name: str) -> bytes:
    return b"review text " + name.encode()
