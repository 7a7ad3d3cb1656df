"""Who is told: endpoints, what they want to hear of, and their secrets.

A secret is shown once, when it is made, and kept sealed: the key is the caller's (`Sealer`), outside the
database. `rotate` makes a new one; until the old one runs out both sign, so no message is lost.

A disabled endpoint is a pause, not an end: what is written meanwhile waits in the outbox.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from holdfast.decisions.webhooks.signing import new_secret, secret_text
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records.dialect import moment
from holdfast.records.events import KINDS
from holdfast.records.tables.outbox import webhook_endpoints, webhook_secrets

__all__ = [
    "ALL_KINDS",
    "Address",
    "Endpoint",
    "Reach",
    "Sealer",
    "check_url",
    "create",
    "delete",
    "get",
    "list_endpoints",
    "prune_secrets",
    "rotate",
    "update",
    "valid_secrets",
]

ALL_KINDS = "*"
OVERLAP_S = 24 * 3600.0
MAX_ENDPOINTS = 100

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
# What ends in a number is an IPv4 address to the system's resolver (octal, hex, fewer than four numbers).
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


class Sealer(Protocol):
    """Encrypts what must not lie readable in the database. Safe to use from many threads.

    ``context`` is bound to the sealed bytes: `unseal` with another one fails.
    """

    def seal(self, plain: bytes, *, context: bytes) -> bytes: ...

    def unseal(self, sealed: bytes, *, context: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Reach:
    """Where webhooks may go: https to an address that ``may_reach`` allows, and http to this host itself
    where ``allow_loopback_http``.
    """

    may_reach: Callable[[Address], bool]
    allow_loopback_http: bool = False


NAMES_ONLY = Reach(lambda _: False)  # no URL may name an address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One receiver. ``kinds`` are kinds of events, or ("*",); `failing_since` is None when all is well."""

    id: int
    name: str
    url: str
    enabled: bool
    kinds: tuple[str, ...]
    failing_since: datetime | None
    created_at: datetime
    updated_at: datetime


def check_url(url: str, reach: Reach) -> Address | None:
    """The address that the URL names, None for a name, which is to be checked when it is resolved.

    Raises `UsageError` for all but https, or http to this host itself where that is allowed, and for an
    address out of reach.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError("The webhook URL cannot be read; nothing was kept.") from error
    if (
        not host
        or parts.username is not None
        or parts.password is not None
        or parts.fragment
        or len(url) > 2000
    ):
        raise UsageError("A webhook URL has a host, no user or password and no fragment; nothing was kept.")
    if not url.isascii() or any(character <= " " for character in url):
        raise UsageError("A webhook URL is visible ASCII: encode other characters; nothing was kept.")
    address = _address(host)
    if address is not None and not reach.may_reach(address):
        raise UsageError(
            "The webhook URL names an address that is not public; nothing was kept. Networks of your own are "
            "named in the setting webhooks.allow_networks."
        )
    is_loopback = address is not None and address.is_loopback
    if parts.scheme == "https" or (parts.scheme == "http" and reach.allow_loopback_http and is_loopback):
        return address
    raise UsageError(
        "A webhook URL begins with https://; nothing was kept. (http:// works for this host's loopback "
        "address only, where the settings allow it.)"
    )


def create(
    connection: sa.Connection,
    sealer: Sealer,
    *,
    name: str,
    url: str,
    kinds: Collection[str] = (ALL_KINDS,),
    secret: bytes | None = None,
    reach: Reach = NAMES_ONLY,
) -> tuple[Endpoint, str]:
    """A new endpoint and its secret as text, which cannot be had again.

    Raises `UsageError` for a bad name, URL or kind, `ConflictError` when the name is taken.
    """
    if not _NAME.fullmatch(name):
        raise UsageError("An endpoint's name is 1 to 64 small letters, digits, - _ and .; nothing was kept.")
    check_url(url, reach)
    count = connection.execute(sa.select(sa.func.count()).select_from(webhook_endpoints)).scalar_one()
    if count >= MAX_ENDPOINTS:
        raise UsageError(f"There are {count} webhook endpoints already, the most there may be.")
    at = moment(connection)
    values = {
        "name": name,
        "url": url,
        "enabled": True,
        "kinds": _checked_kinds(kinds),
        "created_at": at,
        "updated_at": at,
    }
    statement = sa.insert(webhook_endpoints).values(values).returning(webhook_endpoints.c.id)
    try:
        endpoint_id = int(connection.execute(statement).scalar_one())
    except IntegrityError as error:
        raise ConflictError(f"There is a webhook endpoint {name!r} already; nothing was kept.") from error
    text = _add_secret(connection, sealer, endpoint_id, secret or new_secret())
    return get(connection, endpoint_id), text


def get(connection: sa.Connection, endpoint_id: int) -> Endpoint:
    """One endpoint. Raises `NotFoundError`."""
    row = connection.execute(
        sa.select(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id)
    ).first()
    if row is None:
        raise NotFoundError(f"There is no webhook endpoint {endpoint_id}.")
    return _endpoint(row)


def list_endpoints(connection: sa.Connection) -> list[Endpoint]:
    """All endpoints, by name."""
    query = sa.select(webhook_endpoints).order_by(webhook_endpoints.c.name)
    return [_endpoint(row) for row in connection.execute(query)]


def update(
    connection: sa.Connection,
    endpoint_id: int,
    *,
    url: str | None = None,
    enabled: bool | None = None,
    kinds: Collection[str] | None = None,
    reach: Reach = NAMES_ONLY,
) -> Endpoint:
    """Change what is given and leave the rest. Raises `NotFoundError`, `UsageError`."""
    values: dict[str, Any] = {"updated_at": moment(connection)}
    if url is not None:
        check_url(url, reach)
        values["url"] = url
    if enabled is not None:
        values["enabled"] = enabled
    if kinds is not None:
        values["kinds"] = _checked_kinds(kinds)
    statement = sa.update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id).values(values)
    connection.execute(statement)
    return get(connection, endpoint_id)


def delete(connection: sa.Connection, endpoint_id: int) -> None:
    """Remove an endpoint with its secrets, its log and every message that still waits for it."""
    statement = sa.delete(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id)
    if connection.execute(statement).rowcount == 0:
        raise NotFoundError(f"There is no webhook endpoint {endpoint_id}.")


def rotate(
    connection: sa.Connection,
    sealer: Sealer,
    endpoint_id: int,
    *,
    secret: bytes | None = None,
    overlap_s: float = OVERLAP_S,
) -> str:
    """A new secret, as text; the old ones sign beside it for ``overlap_s`` more seconds.

    With ``overlap_s=0`` the old ones are gone at once: for a secret that got out.
    """
    get(connection, endpoint_id)
    mine = webhook_secrets.c.endpoint_id == endpoint_id
    if overlap_s <= 0:
        connection.execute(sa.delete(webhook_secrets).where(mine))
    else:
        connection.execute(
            sa.update(webhook_secrets)
            .where(mine, webhook_secrets.c.expires_at.is_(None))
            .values(expires_at=moment(connection, overlap_s))
        )
    return _add_secret(connection, sealer, endpoint_id, secret or new_secret())


def valid_secrets(connection: sa.Connection, sealer: Sealer, endpoint_id: int) -> list[bytes]:
    """The secrets that sign now, the newest first."""
    expires_at = webhook_secrets.c.expires_at
    query = (
        sa.select(webhook_secrets.c.sealed)
        .where(
            webhook_secrets.c.endpoint_id == endpoint_id,
            expires_at.is_(None) | (expires_at > moment(connection)),
        )
        .order_by(webhook_secrets.c.id.desc())
    )
    return [
        sealer.unseal(sealed, context=_context(endpoint_id)) for sealed in connection.execute(query).scalars()
    ]


def prune_secrets(connection: sa.Connection) -> int:
    """Delete the secrets that have run out; the number of them."""
    statement = sa.delete(webhook_secrets).where(webhook_secrets.c.expires_at <= moment(connection))
    return connection.execute(statement).rowcount


def _add_secret(connection: sa.Connection, sealer: Sealer, endpoint_id: int, secret: bytes) -> str:
    sealed = sealer.seal(secret, context=_context(endpoint_id))
    connection.execute(
        sa.insert(webhook_secrets).values(
            endpoint_id=endpoint_id, sealed=sealed, created_at=moment(connection)
        )
    )
    return secret_text(secret)


def _context(endpoint_id: int) -> bytes:
    return f"webhook-secret:{endpoint_id}".encode("ascii")


def _checked_kinds(kinds: Collection[str]) -> list[str]:
    unknown = set(kinds) - KINDS - {ALL_KINDS}
    if unknown or not kinds:
        raise UsageError(f"Unknown kinds of events {sorted(unknown)}, or none at all; nothing was kept.")
    return sorted(kinds)


def _address(host: str) -> Address | None:
    """The address that a host is; None for a name. Raises `UsageError` for one that is written unusually."""
    host = host.removesuffix(".")
    if host == "localhost":
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        if _NUMBER.fullmatch(host.rpartition(".")[2]):
            raise UsageError(
                "The webhook URL's host is no name and no address in its usual form; nothing was kept."
            ) from None
        return None


def _endpoint(row: sa.Row[Any]) -> Endpoint:
    fields = dict(row._mapping)
    return Endpoint(**{**fields, "kinds": tuple(fields["kinds"])})
