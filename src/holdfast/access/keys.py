"""API keys in the records: make, list, rotate, revoke. Every function joins the caller's transaction.

The secret exists twice only: in the `NewKey` that is handed over once, and with its owner. The records
hold its SHA-256. Making, rotating and revoking write their audit rows in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from holdfast.access.keytext import KeyText, new_key_text
from holdfast.access.limits import KeyLimits
from holdfast.access.networks import parse_networks
from holdfast.access.principal import BankScope
from holdfast.access.roles import GRANTABLE, Permission, Role
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records import audit
from holdfast.records.tables.access import api_key_secrets, api_keys
from holdfast.records.tables.base import now as this_moment

__all__ = [
    "DEFAULT_LIFETIME",
    "DEFAULT_OVERLAP",
    "KeyRecord",
    "NewKey",
    "create_first_key",
    "create_key",
    "list_keys",
    "revoke_key",
    "rotate_key",
]

DEFAULT_LIFETIME = timedelta(days=365)
DEFAULT_OVERLAP = timedelta(hours=24)
MAX_OVERLAP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made or rotated. ``text`` is shown once, and never again: it is not kept."""

    key_id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is known of a key: everything but its secret."""

    key_id: str
    name: str
    roles: frozenset[Role]
    grants: frozenset[Permission]
    banks: BankScope
    networks: tuple[str, ...]
    limits: KeyLimits | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None  # the hour, no finer
    revoked_at: datetime | None
    revoked_by: str | None

    def state(self, now: datetime) -> str:
        """``"active"``, ``"expired"`` or ``"revoked"``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


def create_key(
    connection: sa.Connection,
    *,
    name: str,
    roles: Collection[Role],
    created_by: str,
    grants: Collection[Permission] = (),
    banks: BankScope | None = None,
    networks: Collection[str] = (),
    limits: KeyLimits | None = None,
    lifetime: timedelta | None = DEFAULT_LIFETIME,
    now: datetime | None = None,
) -> NewKey:
    """A new key. ``lifetime`` None never expires: then rotating it is a matter of discipline.

    A key with the grant ``hma.path_key`` may stand in a URL, for clients that send no header. It opens
    only the HMA-compatible API and must be bound to networks, because URLs end up in logs. Raises
    `UsageError` when something asked for cannot be given.
    """
    _check_name(name)
    given = frozenset(grants)
    if not given <= GRANTABLE:
        raise UsageError(
            f"{', '.join(sorted(given - GRANTABLE))} cannot be granted to a key; none was made. Give a role."
        )
    if not roles and not given:
        raise UsageError("A key without role or grant can do nothing; no key was made. Give it a role.")
    if Permission.HMA_PATH_KEY in given and not networks:
        raise UsageError(
            "A key that stands in a URL must be bound to networks; none was made. Name the client's networks."
        )
    _check_lifetime(lifetime)
    created_at = now or this_moment()
    scope = banks or BankScope()
    text = new_key_text()
    connection.execute(
        sa.insert(api_keys).values(
            id=text.key_id,
            name=name,
            roles=sorted(roles),
            grants=sorted(given),
            banks_seen=list(scope.see),
            banks_written=list(scope.change),
            networks=[str(network) for network in parse_networks(networks)],
            limits=None if limits is None else asdict(limits),
            created_at=created_at,
            created_by=created_by,
            expires_at=None if lifetime is None else created_at + lifetime,
        )
    )
    _add_secret(connection, text, created_at)
    facts = {"roles": sorted(roles), "grants": sorted(given)}
    audit.append(connection, actor=created_by, action="key.create", target=f"key:{text.key_id}", facts=facts)
    return NewKey(text.key_id, text.text)


def create_first_key(
    connection: sa.Connection, *, roles: Collection[Role] = (Role.ADMIN,), now: datetime | None = None
) -> NewKey | None:
    """The first key of a new home, for `holdfast init` and `holdfast serve`; None when there ever was one.

    Also when all keys have expired or were revoked: a restart must not print an admin key into a log.
    Of several processes that start at once, one gets the key.
    """
    if connection.dialect.name == "postgresql":
        # Two empty tables seen by two transactions would make two keys. SQLite's writers queue anyway.
        connection.exec_driver_sql("LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE")
    if connection.execute(sa.select(api_keys.c.id).limit(1)).first() is not None:
        return None
    return create_key(connection, name="first key", roles=roles, created_by="holdfast", now=now)


def list_keys(connection: sa.Connection, *, include_revoked: bool = True) -> list[KeyRecord]:
    """All keys, oldest first."""
    query = sa.select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
    if not include_revoked:
        query = query.where(api_keys.c.revoked_at.is_(None))
    return [key_record(row) for row in connection.execute(query)]


def rotate_key(
    connection: sa.Connection,
    key_id: str,
    *,
    rotated_by: str,
    overlap: timedelta = DEFAULT_OVERLAP,
    lifetime: timedelta | None = None,
    now: datetime | None = None,
) -> NewKey:
    """A new secret for a key, valid at once; the old one stays valid for ``overlap`` (0 to 30 days).

    Id, roles, scopes, networks and limits stay. ``lifetime``, counted from now, sets a new expiry; None
    keeps the old. Raises `NotFoundError`; `ConflictError` for a key that was revoked or has expired.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise UsageError(
            f"An overlap of {overlap} was asked for; nothing was changed. Give 0 to {MAX_OVERLAP.days} days."
        )
    _check_lifetime(lifetime)
    moment = now or this_moment()
    record = _locked(connection, key_id)
    if record.state(moment) != "active":
        raise ConflictError(
            f"The key {key_id} is {record.state(moment)}; nothing was changed. Make a new key."
        )
    secrets = api_key_secrets.c
    of_key = secrets.key_id == key_id
    connection.execute(sa.delete(api_key_secrets).where(of_key, secrets.valid_until <= moment))
    connection.execute(
        sa.update(api_key_secrets)
        .where(of_key, sa.or_(secrets.valid_until.is_(None), secrets.valid_until > moment + overlap))
        .values(valid_until=moment + overlap)
    )
    if lifetime is not None:
        connection.execute(
            sa.update(api_keys).where(api_keys.c.id == key_id).values(expires_at=moment + lifetime)
        )
    text = new_key_text(key_id)
    _add_secret(connection, text, moment)
    facts = {"overlap_hours": overlap.total_seconds() / 3600}
    audit.append(connection, actor=rotated_by, action="key.rotate", target=f"key:{key_id}", facts=facts)
    return NewKey(key_id, text.text)


def revoke_key(
    connection: sa.Connection, key_id: str, *, revoked_by: str, now: datetime | None = None
) -> KeyRecord:
    """Ends a key with all its secrets; what it was stays readable. Again: the first revocation stands.

    Every process refuses it once its cache is older than `verify.CACHE_S`. Raises `NotFoundError`.
    """
    if _locked(connection, key_id).revoked_at is None:
        values = {"revoked_at": now or this_moment(), "revoked_by": revoked_by}
        connection.execute(sa.update(api_keys).where(api_keys.c.id == key_id).values(values))
        audit.append(connection, actor=revoked_by, action="key.revoke", target=f"key:{key_id}")
    return _locked(connection, key_id)


def key_record(row: Any) -> KeyRecord:
    """A row of `api_keys`. Roles and grants that this version does not know are left out: denied."""
    return KeyRecord(
        key_id=row.id,
        name=row.name,
        roles=frozenset(role for role in Role if role in row.roles),
        grants=frozenset(permission for permission in GRANTABLE if permission in row.grants),
        banks=BankScope(tuple(row.banks_seen), tuple(row.banks_written)),
        networks=tuple(row.networks),
        limits=None if row.limits is None else KeyLimits(**row.limits),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )


def _locked(connection: sa.Connection, key_id: str) -> KeyRecord:
    row = connection.execute(sa.select(api_keys).where(api_keys.c.id == key_id).with_for_update()).first()
    if row is None:
        raise NotFoundError(
            f"There is no key {key_id!r}; nothing was changed. `holdfast key list` names them all."
        )
    return key_record(row)


def _add_secret(connection: sa.Connection, text: KeyText, moment: datetime) -> None:
    values = {"digest": text.digest, "key_id": text.key_id, "created_at": moment, "valid_until": None}
    connection.execute(sa.insert(api_key_secrets).values(values))


def _check_name(name: str) -> None:
    if not (name.strip() and len(name) <= 200 and name.isprintable()):
        raise UsageError(
            "A key's name has 1 to 200 printable characters; no key was made. Say who uses it for what."
        )


def _check_lifetime(lifetime: timedelta | None) -> None:
    if lifetime is not None and lifetime <= timedelta(0):
        raise UsageError(
            "The key would have expired already; nothing was changed. Give a lifetime above zero."
        )
