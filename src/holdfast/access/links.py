"""One-time links: how somebody signs in who has no passkey yet, or has lost it.

An administrator makes one and hands it over. It is valid for minutes, once; making another ends it.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from holdfast.access.people import Person, get_person, person_of, subject_of
from holdfast.access.tokens import digest_of, new_token
from holdfast.errors import ConflictError, NotAuthenticatedError, UsageError
from holdfast.records import audit
from holdfast.records.tables.base import now
from holdfast.records.tables.people import people, person_links

__all__ = ["MAX_MINUTES", "make_link", "redeem_link"]

MAX_MINUTES = 24 * 60


def make_link(connection: sa.Connection, person_id: str, *, by: str, minutes: float) -> str:
    """The token of a new link; older ones of this person end.

    Raises UsageError, NotFoundError; ConflictError for somebody who is disabled.
    """
    if not 0 < minutes <= MAX_MINUTES:
        raise UsageError(f"A link is valid for up to {MAX_MINUTES} minutes. None was made.")
    if not get_person(connection, person_id).is_active:
        raise ConflictError("This person is disabled. No link was made. Enable them first.")
    connection.execute(sa.delete(person_links).where(person_links.c.person_id == person_id))
    token, moment = new_token(), now()
    connection.execute(
        sa.insert(person_links).values(
            digest=digest_of(token),
            person_id=person_id,
            created_at=moment,
            created_by=by,
            valid_until=moment + timedelta(minutes=minutes),
        )
    )
    facts = {"minutes": minutes}
    audit.append(connection, actor=by, action="person.link", target=subject_of(person_id), facts=facts)
    return token


def redeem_link(connection: sa.Connection, token: str) -> Person:
    """The person of a link, which is used up by it. Raises `NotAuthenticatedError`."""
    used = sa.delete(person_links).where(person_links.c.digest == (digest_of(token) or b""))
    row = connection.execute(used.returning(person_links.c.person_id, person_links.c.valid_until)).first()
    if row is None or row.valid_until <= now():
        raise NotAuthenticatedError("link", LINK_REFUSED)
    person = connection.execute(sa.select(people).where(people.c.id == row.person_id)).one()
    if person.disabled_at is not None:
        raise NotAuthenticatedError("link", LINK_REFUSED)
    return person_of(person)


LINK_REFUSED = "This link is not valid, or no longer. Nobody was signed in. Ask for a new one."
