"""Which person an identity provider speaks of, and what they may do. Nobody comes in without a role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from holdfast.access.people import Person, add_person, get_person, person_of, set_roles, subject_of
from holdfast.access.roles import Role
from holdfast.errors import NotAuthenticatedError
from holdfast.records import audit
from holdfast.records.tables.people import people

__all__ = ["BY", "person_for"]

BY = "identity-provider"  # in the audit log, as the one who gave roles
MAX_VALUES = 1000


def person_for(
    connection: sa.Connection,
    claims: Mapping[str, Any],
    *,
    issuer: str,
    roles_claim: str | None,
    roles: Mapping[str, Sequence[str]],
) -> Person:
    """The person of verified claims.

    With ``roles_claim`` its values, by ``roles``, say at every sign-in who may do what, and whoever has a
    role is added. Without it a person must have been added before, by the e-mail address that the provider
    says it has verified; from then on the provider's own name for them counts. Raises
    NotAuthenticatedError; ConflictError where the address is that of somebody else.
    """
    subject = str(claims["sub"])
    given = None if roles_claim is None else _roles(claims.get(roles_claim), roles)
    if given is not None and not given:
        raise NotAuthenticatedError("no_role", NO_ROLE)
    same = sa.and_(people.c.issuer == issuer, people.c.issuer_subject == subject)
    row = connection.execute(sa.select(people).where(same)).first()
    person = person_of(row) if row is not None else _bound(connection, claims, issuer, subject)
    if person is None:
        if given is None:
            raise NotAuthenticatedError("unknown_person", NO_ROLE)
        called = str(claims.get("name") or claims.get("email") or subject)
        name = "".join(character for character in called if character.isprintable()).strip()[:200]
        email = str(claims["email"]) if _verified_email(claims) else None
        identity = (issuer, subject)
        return add_person(
            connection, name=name or "(no name)", roles=given, by=BY, email=email, identity=identity
        )
    if not person.is_active:
        raise NotAuthenticatedError("person_disabled", NO_ROLE)
    if given is not None and given != person.roles:
        person = set_roles(connection, person.id, given, by=BY)
    if not person.roles:
        raise NotAuthenticatedError("no_role", NO_ROLE)
    return person


def _roles(value: object, roles: Mapping[str, Sequence[str]]) -> frozenset[Role]:
    """The roles that the claim's values name; a value that is not named, or no text, gives none."""
    values = value[:MAX_VALUES] if isinstance(value, list) else [value]
    names = {role for one in values if isinstance(one, str) for role in roles.get(one, ())}
    return frozenset(Role(name) for name in names)


def _bound(connection: sa.Connection, claims: Mapping[str, Any], issuer: str, subject: str) -> Person | None:
    """Somebody who was added with this verified address and that no provider knows yet, from now on known."""
    if not _verified_email(claims):
        return None
    address = str(claims["email"]).strip().lower()
    waits = sa.and_(people.c.email == address, people.c.issuer.is_(None), people.c.disabled_at.is_(None))
    values = {"issuer": issuer, "issuer_subject": subject}
    bound = sa.update(people).where(waits).values(values).returning(people.c.id)
    person_id = connection.execute(bound).scalar()
    if person_id is None:
        return None
    audit.append(connection, actor=BY, action="person.bind", target=subject_of(person_id))
    return get_person(connection, person_id)


def _verified_email(claims: Mapping[str, Any]) -> bool:
    return claims.get("email_verified") is True and isinstance(claims.get("email"), str)


NO_ROLE = (
    "The identity provider knows you, but you have no role here. Nobody was signed in. "
    "Ask an administrator of Holdfast."
)
