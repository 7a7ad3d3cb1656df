"""People who may sign in to the console, and what they set for themselves.

Every function joins the caller's transaction and writes its audit row there. People are never deleted, since
the audit log names them: they are disabled, and their sessions, links and passkeys end with it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.access.keytext import new_id
from holdfast.access.roles import Role
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records import audit
from holdfast.records.tables.base import now
from holdfast.records.tables.people import passkeys, people, person_links, sessions

__all__ = [
    "PEOPLE_ROLES",
    "THEMES",
    "Person",
    "add_person",
    "disable_person",
    "enable_person",
    "get_person",
    "list_people",
    "person_of",
    "set_preferences",
    "set_roles",
    "subject_of",
]

# The others are duties of programs.
PEOPLE_ROLES = (Role.REVIEWER, Role.ANALYST, Role.LEAD, Role.ADMIN, Role.AUDITOR)
THEMES = ("system", "light", "dark")
MAX_KEYS = 50

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?|")


@dataclass(frozen=True, slots=True)
class Person:
    """One person. ``locale`` is empty where the browser's language is taken."""

    id: str
    name: str
    email: str | None
    roles: frozenset[Role]
    issuer: str | None
    issuer_subject: str | None
    handle: bytes
    locale: str
    theme: str
    key_map: Mapping[str, str]
    created_at: datetime
    created_by: str
    last_sign_in_at: datetime | None
    disabled_at: datetime | None
    disabled_by: str | None

    @property
    def subject(self) -> str:
        return subject_of(self.id)

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None


def subject_of(person_id: str) -> str:
    """The name of a person's principal in audit rows, events and limits."""
    return f"person:{person_id}"


def add_person(
    connection: sa.Connection,
    *,
    name: str,
    roles: Collection[Role],
    by: str,
    email: str | None = None,
    identity: tuple[str, str] | None = None,
) -> Person:
    """A new person; ``identity`` is the issuer and its subject, where an identity provider knows them.

    Raises UsageError for what cannot be, ConflictError where the address or identity belongs to another.
    """
    _check_name(name)
    if not roles:
        raise UsageError(
            f"A person without a role could do nothing; nobody was added. Give one of: {_ROLES}."
        )
    _check_roles(roles)
    address = _email(email)
    _check_free(connection, address, identity)
    person_id = new_id()
    connection.execute(
        sa.insert(people).values(
            id=person_id,
            name=name.strip(),
            email=address,
            roles=sorted(set(roles)),
            issuer=identity[0] if identity else None,
            issuer_subject=identity[1] if identity else None,
            handle=secrets.token_bytes(32),
            locale="",
            theme="system",
            key_map={},
            created_at=now(),
            created_by=by,
        )
    )
    _note(
        connection, by, "person.add", person_id, {"roles": sorted(set(roles)), "by_provider": bool(identity)}
    )
    return get_person(connection, person_id)


def list_people(connection: sa.Connection) -> list[Person]:
    """Everybody, by name; the disabled ones last."""
    order = (people.c.disabled_at.is_not(None), sa.func.lower(people.c.name), people.c.id)
    return [person_of(row) for row in connection.execute(sa.select(people).order_by(*order))]


def get_person(connection: sa.Connection, person_id: str) -> Person:
    """One person. Raises `NotFoundError`."""
    row = connection.execute(sa.select(people).where(people.c.id == person_id)).first()
    if row is None:
        raise NotFoundError(
            f"There is no person {person_id!r}; nothing was changed. List them to see who is."
        )
    return person_of(row)


def set_roles(connection: sa.Connection, person_id: str, roles: Collection[Role], *, by: str) -> Person:
    """Other roles for a person, from their next request on. Nobody changes their own.

    Raises UsageError, NotFoundError.
    """
    _check_roles(roles)
    _refuse_self(person_id, by, "roles")
    before = get_person(connection, person_id)
    connection.execute(sa.update(people).where(people.c.id == person_id).values(roles=sorted(set(roles))))
    facts = {"before": sorted(before.roles), "roles": sorted(set(roles))}
    if set(roles) != before.roles:
        _note(connection, by, "person.roles", person_id, facts)
    return get_person(connection, person_id)


def disable_person(connection: sa.Connection, person_id: str, *, by: str) -> Person:
    """Ends a person's access at once: sessions, links and passkeys go. Again: the first time stands."""
    _refuse_self(person_id, by, "account")
    if get_person(connection, person_id).is_active:
        for table in (sessions, person_links, passkeys):
            connection.execute(sa.delete(table).where(table.c.person_id == person_id))
        values = {"disabled_at": now(), "disabled_by": by}
        connection.execute(sa.update(people).where(people.c.id == person_id).values(values))
        _note(connection, by, "person.disable", person_id, {})
    return get_person(connection, person_id)


def enable_person(connection: sa.Connection, person_id: str, *, by: str) -> Person:
    """Lets a person in again; passkeys that went are made anew by a link."""
    if not get_person(connection, person_id).is_active:
        values = {"disabled_at": None, "disabled_by": None}
        connection.execute(sa.update(people).where(people.c.id == person_id).values(values))
        _note(connection, by, "person.enable", person_id, {})
    return get_person(connection, person_id)


def set_preferences(
    connection: sa.Connection,
    person_id: str,
    *,
    locale: str | None = None,
    theme: str | None = None,
    key_map: Mapping[str, str] | None = None,
) -> None:
    """What a person sets for themselves; None leaves it. It is no audit row: nobody answers for a colour.

    Raises `UsageError`.
    """
    values: dict[str, Any] = {}
    if locale is not None:
        if _LOCALE.fullmatch(locale) is None:
            raise UsageError("The language is no language code, such as en or es. Nothing was changed.")
        values["locale"] = locale
    if theme is not None:
        if theme not in THEMES:
            raise UsageError(f"The theme is one of {', '.join(THEMES)}. Nothing was changed.")
        values["theme"] = theme
    if key_map is not None:
        fits = all(len(action) <= 40 and 1 <= len(key) <= 20 for action, key in key_map.items())
        if len(key_map) > MAX_KEYS or not fits:
            raise UsageError("The key map does not fit. Nothing was changed.")
        values["key_map"] = dict(key_map)
    if values:
        connection.execute(sa.update(people).where(people.c.id == person_id).values(values))


def person_of(row: Any) -> Person:
    """A row of `people`. Roles that this version does not know, or no person has, are left out: denied."""
    return Person(
        id=row.id,
        name=row.name,
        email=row.email,
        roles=frozenset(role for role in PEOPLE_ROLES if role in row.roles),
        issuer=row.issuer,
        issuer_subject=row.issuer_subject,
        handle=bytes(row.handle),
        locale=row.locale,
        theme=row.theme,
        key_map=dict(row.key_map),
        created_at=row.created_at,
        created_by=row.created_by,
        last_sign_in_at=row.last_sign_in_at,
        disabled_at=row.disabled_at,
        disabled_by=row.disabled_by,
    )


_ROLES = ", ".join(PEOPLE_ROLES)


def _note(
    connection: sa.Connection, by: str, action: str, person_id: str, facts: Mapping[str, object]
) -> None:
    audit.append(connection, actor=by, action=action, target=subject_of(person_id), facts=facts)


def _refuse_self(person_id: str, by: str, what: str) -> None:
    if by == subject_of(person_id):
        raise UsageError(f"Nobody changes their own {what}; nothing was changed. Ask another administrator.")


def _check_name(name: str) -> None:
    if not (name.strip() and len(name) <= 200 and name.isprintable()):
        raise UsageError("A person's name has 1 to 200 printable characters; nobody was added.")


def _check_roles(roles: Collection[Role]) -> None:
    unfit = sorted(set(roles) - set(PEOPLE_ROLES))
    if unfit:
        raise UsageError(f"{unfit[0]} is no role of a person; nothing was changed. One of: {_ROLES}.")


def _email(email: str | None) -> str | None:
    if email is None or not email.strip():
        return None
    address = email.strip().lower()
    if len(address) > 254 or not address.isprintable() or _EMAIL.fullmatch(address) is None:
        raise UsageError("That is no e-mail address; nobody was added.")
    return address


def _check_free(connection: sa.Connection, email: str | None, identity: tuple[str, str] | None) -> None:
    taken: list[sa.ColumnElement[bool]] = [sa.false()]
    if email is not None:
        taken.append(people.c.email == email)
    if identity is not None:
        taken.append(sa.and_(people.c.issuer == identity[0], people.c.issuer_subject == identity[1]))
    if connection.execute(sa.select(people.c.id).where(sa.or_(*taken))).first() is not None:
        raise ConflictError("Somebody with this address or identity is there already; nobody was added.")
