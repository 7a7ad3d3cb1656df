"""Passkeys (WebAuthn Level 3): made by somebody who is signed in, and then their way in.

The device checks its user (fingerprint, PIN) each time: without that nothing is accepted. A counter that
does not go up may be that of a copy: such a sign-in is refused. The library is loaded at its first use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.access.keytext import new_id
from holdfast.access.people import Person, person_of
from holdfast.errors import ConflictError, NotAuthenticatedError, NotFoundError, UsageError
from holdfast.records import audit
from holdfast.records.tables.base import now
from holdfast.records.tables.people import passkeys, people

__all__ = [
    "Challenge",
    "Party",
    "Passkey",
    "list_passkeys",
    "register",
    "registration_options",
    "remove_passkey",
    "sign_in",
    "sign_in_options",
]

MAX_PASSKEYS = 20
TIMEOUT_MS = 120_000


@dataclass(frozen=True, slots=True)
class Party:
    """To whom passkeys belong: the console's origin, and the name in it (WebAuthn's RP ID)."""

    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the browser is asked: ``options`` is JSON for it, ``value`` is kept until it answers."""

    options: dict[str, Any]
    value: bytes


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as lists show it."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


def registration_options(connection: sa.Connection, person: Person, party: Party) -> Challenge:
    """What the browser needs to make a passkey for a person who is signed in."""
    import webauthn
    from webauthn.helpers import structs

    query = sa.select(passkeys.c.credential_id).where(passkeys.c.person_id == person.id)
    known = [structs.PublicKeyCredentialDescriptor(id=bytes(one)) for one in connection.scalars(query)]
    options = webauthn.generate_registration_options(
        rp_id=party.name,
        rp_name="Holdfast",
        user_id=person.handle,
        user_name=person.email or person.name,
        user_display_name=person.name,
        timeout=TIMEOUT_MS,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=known,
    )
    return Challenge(json.loads(webauthn.options_to_json(options)), options.challenge)


def register(
    connection: sa.Connection,
    person: Person,
    party: Party,
    *,
    challenge: bytes,
    credential: Mapping[str, Any],
    name: str,
) -> Passkey:
    """Keeps the passkey that the browser made. Raises UsageError for an answer that is not sound."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    if not (name.strip() and len(name) <= 100 and name.isprintable()):
        raise UsageError("A passkey's name has 1 to 100 printable characters. None was kept.")
    count = sa.select(sa.func.count()).where(passkeys.c.person_id == person.id)
    if connection.execute(count).scalar_one() >= MAX_PASSKEYS:
        raise ConflictError(f"There are {MAX_PASSKEYS} passkeys already. None was kept. Remove one first.")
    try:
        made = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.name,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise UsageError(
            "The browser's answer is not that of a passkey for this console. None was kept. Try again."
        ) from error
    row = {"id": new_id(), "name": name.strip(), "created_at": now(), "last_used_at": None}
    connection.execute(
        sa.insert(passkeys).values(
            **row,
            credential_id=made.credential_id,
            person_id=person.id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            transports=_transports(credential),
        )
    )
    target = f"passkey:{row['id']}"
    audit.append(connection, actor=person.subject, action="passkey.add", target=target)
    return Passkey(**row)  # type: ignore[arg-type]  # the columns of the row just written


def sign_in_options(party: Party) -> Challenge:
    """What the browser needs to let somebody sign in with whichever passkey they choose."""
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=party.name, timeout=TIMEOUT_MS, user_verification=UserVerificationRequirement.REQUIRED
    )
    return Challenge(json.loads(webauthn.options_to_json(options)), options.challenge)


def sign_in(
    connection: sa.Connection, party: Party, *, challenge: bytes, credential: Mapping[str, Any]
) -> Person:
    """Whose passkey answered the challenge. Raises `NotAuthenticatedError`."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        credential_id = base64url_to_bytes(str(credential["rawId"]))
        handle = base64url_to_bytes(str(credential["response"]["userHandle"]))
    except (KeyError, TypeError, ValueError) as error:
        raise NotAuthenticatedError("passkey_malformed", REFUSED) from error
    known = sa.select(passkeys, people.c.handle, people.c.disabled_at).join(people)
    key = connection.execute(known.where(passkeys.c.credential_id == credential_id).with_for_update()).first()
    if key is None or bytes(key.handle) != handle:
        raise NotAuthenticatedError("passkey_unknown", REFUSED)
    if key.disabled_at is not None:
        raise NotAuthenticatedError("person_disabled", REFUSED)
    try:
        proved = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.name,
            expected_origin=party.origin,
            credential_public_key=bytes(key.public_key),
            credential_current_sign_count=0,  # looked at below, to tell a copy from a forgery
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise NotAuthenticatedError("passkey_wrong", REFUSED) from error
    if key.sign_count and proved.new_sign_count <= key.sign_count:
        raise NotAuthenticatedError("passkey_counter", REFUSED)
    values = {"sign_count": proved.new_sign_count, "last_used_at": now()}
    connection.execute(sa.update(passkeys).where(passkeys.c.id == key.id).values(values))
    return person_of(connection.execute(sa.select(people).where(people.c.id == key.person_id)).one())


def list_passkeys(connection: sa.Connection, person_id: str) -> list[Passkey]:
    """A person's passkeys, the oldest first."""
    names = [passkeys.c[name] for name in Passkey.__dataclass_fields__]
    query = sa.select(*names).where(passkeys.c.person_id == person_id).order_by(passkeys.c.created_at)
    return [Passkey(**row._mapping) for row in connection.execute(query)]


def remove_passkey(connection: sa.Connection, person: Person, passkey_id: str) -> None:
    """Removes one of a person's own passkeys. Raises `NotFoundError`."""
    mine = sa.and_(passkeys.c.person_id == person.id, passkeys.c.id == passkey_id)
    if not connection.execute(sa.delete(passkeys).where(mine)).rowcount:
        raise NotFoundError("You have no such passkey. Nothing was removed.")
    target = f"passkey:{passkey_id}"
    audit.append(connection, actor=person.subject, action="passkey.remove", target=target)


REFUSED = "This passkey was not accepted. Nobody was signed in. Try again, or ask for a one-time link."


def _transports(credential: Mapping[str, Any]) -> list[str]:
    given = credential.get("response", {}).get("transports", [])
    return [str(one)[:20] for one in given[:10]] if isinstance(given, list) else []
