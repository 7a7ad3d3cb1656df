"""Sessions of people: who is signed in, since when, from where; each ends by itself.

A session ends after so long without a request, and after so long in any case; when its person signs out,
here or everywhere, is disabled, or loses it to an administrator. It is looked up on every request: signing
out is heard at once, in every process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from holdfast.access.keytext import new_id
from holdfast.access.people import Person, person_of
from holdfast.access.principal import Principal
from holdfast.access.tokens import csrf_token, digest_of, new_token
from holdfast.errors import NotAuthenticatedError
from holdfast.records import audit
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.people import people, person_links, sessions, sign_ins

__all__ = [
    "OpenSession",
    "Session",
    "SessionVerifier",
    "drop_session",
    "end_session",
    "end_sessions",
    "list_sessions",
    "prune",
    "start_session",
]

SEEN_EVERY = timedelta(minutes=1)
MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as lists show it."""

    id: str
    method: str
    address: str | None
    client: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """The session of a request, with the person as they are at this moment."""

    id: str
    person: Person
    method: str
    created_at: datetime
    csrf: str

    @property
    def principal(self) -> Principal:
        return Principal(self.person.subject, self.person.name, self.person.roles)


def start_session(
    connection: sa.Connection,
    person: Person,
    *,
    method: str,
    lifetime: timedelta,
    address: str | None = None,
    client: str = "",
) -> str:
    """A new session for somebody who has just proved who they are; its token, for the cookie.

    ``method`` is ``"link"``, ``"passkey"`` or ``"oidc"``.
    """
    token, session_id, moment = new_token(), new_id(), now()
    connection.execute(
        sa.insert(sessions).values(
            digest=digest_of(token),
            id=session_id,
            person_id=person.id,
            method=method,
            address=address,
            client=_printable(client)[:200],
            created_at=moment,
            seen_at=moment,
            expires_at=moment + lifetime,
        )
    )
    connection.execute(sa.update(people).where(people.c.id == person.id).values(last_sign_in_at=moment))
    facts = {"method": method, "address": address}
    audit.append(
        connection, actor=person.subject, action="session.start", target=f"session:{session_id}", facts=facts
    )
    return token


def end_session(connection: sa.Connection, person: Person, session_id: str) -> bool:
    """Ends one of a person's own sessions; whether there was one."""
    mine = sa.and_(sessions.c.person_id == person.id, sessions.c.id == session_id)
    if not connection.execute(sa.delete(sessions).where(mine)).rowcount:
        return False
    audit.append(connection, actor=person.subject, action="session.end", target=f"session:{session_id}")
    return True


def drop_session(connection: sa.Connection, token: str) -> None:
    """Ends the session of a token, if there is one: another takes its place in this browser."""
    connection.execute(sa.delete(sessions).where(sessions.c.digest == (digest_of(token) or b"")))


def end_sessions(connection: sa.Connection, person_id: str, *, by: str, but: str | None = None) -> int:
    """Signs a person out everywhere, but for the session ``but``; how many sessions ended."""
    gone = sa.delete(sessions).where(sessions.c.person_id == person_id)
    if but is not None:
        gone = gone.where(sessions.c.id != but)
    count = connection.execute(gone).rowcount
    if count:
        facts = {"sessions": count}
        audit.append(
            connection, actor=by, action="session.end_all", target=f"person:{person_id}", facts=facts
        )
    return count


def list_sessions(connection: sa.Connection, person_id: str) -> list[OpenSession]:
    """A person's sessions, the newest first."""
    names = [sessions.c[name] for name in OpenSession.__dataclass_fields__]
    query = sa.select(*names).where(sessions.c.person_id == person_id, sessions.c.expires_at > now())
    return [
        OpenSession(**row._mapping)
        for row in connection.execute(query.order_by(sessions.c.created_at.desc()))
    ]


def prune(connection: sa.Connection) -> int:
    """Deletes sessions, links and begun sign-ins whose time is over; how many."""
    over = (sessions.c.expires_at, person_links.c.valid_until, sign_ins.c.valid_until)
    return sum(connection.execute(sa.delete(column.table).where(column < now())).rowcount for column in over)


class SessionVerifier:
    """Recognises sessions by their token. Safe to use from many threads; one per process."""

    def __init__(self, database: Database, *, idle: timedelta) -> None:
        self._database = database
        self._idle = idle
        self._seen: set[bytes] = set()

    def remembers(self, token: str) -> bool:
        """Whether this token was good when it was last looked at, however long ago that was."""
        return digest_of(token) in self._seen

    def verify(self, token: str) -> Session:
        """The session of a token. Raises NotAuthenticatedError, RecordsUnavailableError."""
        moment, digest = now(), digest_of(token)
        if digest is None:
            raise NotAuthenticatedError("session_malformed", NOT_SIGNED_IN)
        query = sa.select(people, *_OF_SESSION).join(sessions, sessions.c.person_id == people.c.id)
        with self._database.read() as connection:
            row = connection.execute(query.where(sessions.c.digest == digest)).first()
        self._seen.discard(digest)
        if row is None:
            raise NotAuthenticatedError("session_unknown", NOT_SIGNED_IN)
        if row.expires_at <= moment or row.seen_at + self._idle <= moment:
            raise NotAuthenticatedError("session_over", NOT_SIGNED_IN)
        person = person_of(row)
        if not person.is_active:
            raise NotAuthenticatedError("person_disabled", NOT_SIGNED_IN)
        if moment - row.seen_at >= min(SEEN_EVERY, self._idle / 4):
            with self._database.write() as connection:
                seen = sa.update(sessions).where(sessions.c.digest == digest)
                connection.execute(seen.values(seen_at=moment))
        if len(self._seen) >= MAX_REMEMBERED:
            self._seen.clear()
        self._seen.add(digest)
        return Session(row.session_id, person, row.method, row.session_created_at, csrf_token(token))


_OF_SESSION = (
    sessions.c.id.label("session_id"),
    sessions.c.method,
    sessions.c.created_at.label("session_created_at"),
    sessions.c.seen_at,
    sessions.c.expires_at,
)
NOT_SIGNED_IN = "You are not signed in, or no longer. Nothing was done. Sign in at /console/sign-in."


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
