"""Idempotency keys: a write that is sent twice happens once, and gets the same answer twice.

    with database.write() as connection:
        stored = idempotency.begin(connection, request)
        if stored is not None:
            return stored                              # the answer of the first time
        ... the write ...
        idempotency.finish(connection, request, answer)

The key, the write and the answer are one transaction. Two requests with one key at the same moment: the
second waits in `begin` until the first has committed, and then gets its answer. A write that failed was
rolled back together with its key and may be sent again.

What is kept tells nothing: the key only as a digest, the request only as an HMAC under the key. So a row
never answers the question "was this content sent?", not even to somebody who has the content.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from holdfast.errors import ConflictError, IdempotencyConflictError, UsageError
from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.jobs import idempotency_keys

__all__ = ["Answer", "Request", "answer_to", "begin", "finish", "prune"]

MAX_BODY_BYTES = 1 << 20
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """A write as it was asked for. Keys are apart by principal; the route counts as part of the request."""

    key: str
    principal_id: str
    route: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: HTTP status, content type and body (at most 1 MiB)."""

    status: int
    content_type: str
    body: bytes


def begin(connection: sa.Connection, request: Request) -> Answer | None:
    """The stored answer of an earlier time, or None: then do the write and `finish`, in this transaction.

    Raises `IdempotencyConflictError` when the key came with another route or body, `UsageError` for a key
    that is not 1 to 255 visible ASCII characters.
    """
    _check_key(request)
    statement = (
        upsert(connection, idempotency_keys)
        .values(
            principal_id=request.principal_id,
            key_digest=_key_digest(request),
            route=request.route,
            request_digest=_request_digest(request),
            created_at=moment(connection),
        )
        .on_conflict_do_nothing(index_elements=["principal_id", "key_digest"])
        .returning(idempotency_keys.c.principal_id)
    )
    if connection.execute(statement).first() is not None:
        return None
    stored = answer_to(connection, request)
    if stored is None:
        raise ConflictError("The idempotency key expired at this moment; nothing was done. Send it again.")
    return stored


def answer_to(connection: sa.Connection, request: Request) -> Answer | None:
    """The stored answer of an earlier time, if there is one by now. Nothing is begun.

    For work that is to be spared before the transaction of `begin`. Raises what that raises.
    """
    _check_key(request)
    row = connection.execute(sa.select(idempotency_keys).where(_is(request))).first()
    if row is None:
        return None
    if not hmac.compare_digest(row.request_digest, _request_digest(request)):
        raise IdempotencyConflictError(
            f"The idempotency key was used before, for another request to {row.route}; nothing was done. "
            "Use a new key for a new request."
        )
    if row.status is None:
        raise RuntimeError("a write was committed between idempotency.begin and finish")
    return Answer(row.status, row.content_type, row.body)


def finish(connection: sa.Connection, request: Request, answer: Answer) -> None:
    """Keep the answer for the next time. In the transaction of `begin` and of the write."""
    if len(answer.body) > MAX_BODY_BYTES:
        raise UsageError(
            f"The answer has {len(answer.body)} bytes, more than the {MAX_BODY_BYTES} that are kept for an "
            "idempotency key; nothing was written. Answer with a reference instead."
        )
    connection.execute(
        sa.update(idempotency_keys)
        .where(_is(request))
        .values(status=answer.status, content_type=answer.content_type, body=answer.body)
    )


def prune(connection: sa.Connection, *, before: datetime, limit: int = 1000) -> int:
    """Forget up to ``limit`` keys first used before a moment; the number of them."""
    t = idempotency_keys
    old = (
        sa.select(t.c.principal_id, t.c.key_digest)
        .where(t.c.created_at < before)
        .order_by(t.c.created_at)
        .limit(limit)
    )
    both = sa.tuple_(t.c.principal_id, t.c.key_digest)
    return connection.execute(sa.delete(t).where(both.in_(old))).rowcount


def _check_key(request: Request) -> None:
    if not _KEY.fullmatch(request.key):
        raise UsageError("The idempotency key is not 1 to 255 visible ASCII characters; nothing was done.")


def _is(request: Request) -> sa.ColumnElement[bool]:
    return sa.and_(
        idempotency_keys.c.principal_id == request.principal_id,
        idempotency_keys.c.key_digest == _key_digest(request),
    )


def _key_digest(request: Request) -> bytes:
    return hashlib.sha256(request.key.encode("ascii")).digest()


def _request_digest(request: Request) -> bytes:
    mac = hmac.new(request.key.encode("ascii"), request.route.encode() + b"\0", hashlib.sha256)
    mac.update(request.body)
    return mac.digest()
