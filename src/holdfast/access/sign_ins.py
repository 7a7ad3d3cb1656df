"""A sign-in between its first request and its last, tied to the browser that began it.

What was promised at the beginning (a challenge, a state, a nonce) waits under the SHA-256 of a random value
in the browser's cookie. It is taken once: what is sent a second time finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from holdfast.access.tokens import digest_of, new_token
from holdfast.errors import NotAuthenticatedError
from holdfast.records.tables.base import now
from holdfast.records.tables.people import sign_ins

__all__ = ["VALID", "begin", "take"]

VALID = timedelta(minutes=10)


def begin(connection: sa.Connection, kind: str, facts: Mapping[str, Any]) -> str:
    """Keeps ``facts`` for ten minutes; the value for the browser's cookie."""
    token = new_token()
    values = {"digest": digest_of(token), "kind": kind, "facts": dict(facts), "valid_until": now() + VALID}
    connection.execute(sa.insert(sign_ins).values(values))
    return token


def take(connection: sa.Connection, kind: str, token: str | None) -> dict[str, Any]:
    """What was kept, once. Raises `NotAuthenticatedError` where there is nothing of this kind."""
    begun = sa.delete(sign_ins).where(sign_ins.c.digest == (digest_of(token or "") or b""))
    begun = begun.where(sign_ins.c.kind == kind)
    row = connection.execute(begun.returning(sign_ins.c.facts, sign_ins.c.valid_until)).first()
    if row is None or row.valid_until <= now():
        raise NotAuthenticatedError("sign_in_not_begun", NOT_BEGUN)
    return dict(row.facts)


NOT_BEGUN = "This sign-in was not begun in this browser, or too long ago. Nobody was signed in. Begin again."
