"""Exchanges in the records: each owns a bank of its name. Functions join the caller's transaction."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

import sqlalchemy as sa

from holdfast.banks.service import create_bank, delete_bank
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.exchanges.models import Exchange, Programme, check_fields
from holdfast.exchanges.programmes import PROGRAMMES
from holdfast.records.dialect import upsert
from holdfast.records.tables.banks import banks
from holdfast.records.tables.base import now
from holdfast.records.tables.exchanges import exchange_credentials, exchanges

__all__ = [
    "Sealer",
    "bank_of",
    "create_exchange",
    "credentials_context",
    "delete_exchange",
    "get_exchange",
    "get_programme",
    "has_credentials",
    "list_exchanges",
    "set_credentials",
    "switch_exchange",
]

_NAME = re.compile(r"[A-Z0-9_]{1,200}")


class Sealer(Protocol):
    """Encrypts small secrets for the records (`vault.secrets.KeySealer`)."""

    def seal(self, plain: bytes, *, context: bytes) -> bytes: ...


def get_programme(kind: str) -> Programme:
    """Raises `NotFoundError` when there is none of that name."""
    found = PROGRAMMES.get(kind)
    if found is None:
        raise NotFoundError(
            f"There is no programme {kind[:100]!r} ({', '.join(PROGRAMMES)}). Nothing was done."
        )
    return found


def create_exchange(
    connection: sa.Connection, name: str, kind: str, config: Mapping[str, Any], *, enabled: bool = True
) -> Exchange:
    """Sets up a programme, with a new bank of the same name that is not trusted.

    Raises
        UsageError: a name or configuration that cannot be; for the latter it names the field alone.
        NotFoundError: no such programme.
        ConflictError: an exchange or bank of that name exists.
    """
    programme = get_programme(kind)
    if not _NAME.fullmatch(name):
        raise UsageError("An exchange's name has capital letters, digits and _. Nothing was created.")
    values = check_fields(programme.config, config)
    if _row(connection, name) is not None:
        raise ConflictError(f"There is an exchange {name!r} already. Nothing was created.")
    bank = create_bank(connection, name, note=f"hashes from the exchange {name}"[:255])
    connection.execute(
        exchanges.insert().values(
            name=name,
            kind=kind,
            bank_id=bank.id,
            config=values,
            enabled=enabled,
            fetched_items=0,
            up_to_date=False,
            created_at=now(),
        )
    )
    return get_exchange(connection, name)


def list_exchanges(connection: sa.Connection) -> list[Exchange]:
    """All exchanges in the order of their names."""
    return [Exchange(*row) for row in connection.execute(_EXCHANGES.order_by(exchanges.c.name))]


def get_exchange(connection: sa.Connection, name: str) -> Exchange:
    """Raises `NotFoundError` when there is none of that name."""
    row = _row(connection, name)
    if row is None:
        raise NotFoundError(f"There is no exchange {name[:200]!r}. Nothing was done.")
    return Exchange(*row)


def bank_of(connection: sa.Connection, exchange: Exchange) -> str:
    """The name of the bank that an exchange's hashes go to."""
    statement = sa.select(banks.c.name).where(banks.c.id == exchange.bank_id)
    return str(connection.execute(statement).scalar_one())


def switch_exchange(connection: sa.Connection, name: str, *, enabled: bool) -> Exchange:
    """Switches fetching on or off; what was fetched goes on matching. Raises `NotFoundError`."""
    exchange = get_exchange(connection, name)
    connection.execute(exchanges.update().where(exchanges.c.id == exchange.id).values(enabled=enabled))
    return get_exchange(connection, name)


def delete_exchange(connection: sa.Connection, name: str) -> None:
    """Leaves an exchange; its bank goes with all it holds. Raises `NotFoundError`."""
    exchange = get_exchange(connection, name)
    bank = bank_of(connection, exchange)
    connection.execute(exchanges.delete().where(exchanges.c.id == exchange.id))
    delete_bank(connection, bank)


def set_credentials(connection: sa.Connection, sealer: Sealer, kind: str, given: Mapping[str, Any]) -> None:
    """Keeps a programme's credentials, encrypted; empty ones remove them.

    Raises
        NotFoundError: no such programme.
        UsageError: it takes none, or a field is missing, unknown or wrong. What was kept stays.
        KeyUnavailableError: they could not be encrypted.
    """
    programme = get_programme(kind)
    if programme.credentials is None:
        raise UsageError(f"the programme {kind!r} takes no credentials")
    if not given:
        connection.execute(exchange_credentials.delete().where(exchange_credentials.c.kind == kind))
        return
    plain = json.dumps(check_fields(programme.credentials, given)).encode()
    row = {"sealed": sealer.seal(plain, context=credentials_context(kind)), "updated_at": now()}
    statement = upsert(connection, exchange_credentials).values(kind=kind, **row)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[exchange_credentials.c.kind], set_=row)
    )


def has_credentials(connection: sa.Connection, kind: str) -> bool:
    """Whether credentials of a programme are kept."""
    statement = sa.select(exchange_credentials.c.kind).where(exchange_credentials.c.kind == kind)
    return connection.execute(statement).first() is not None


def credentials_context(kind: str) -> bytes:
    """What a programme's sealed credentials are bound to: another's cannot be put in their place."""
    return b"exchange credentials " + kind.encode()


def _row(connection: sa.Connection, name: str) -> Any:
    return connection.execute(_EXCHANGES.where(exchanges.c.name == name)).first()


_COLUMNS = (
    "id",
    "name",
    "kind",
    "bank_id",
    "config",
    "enabled",
    "checkpoint_at",
    "fetch_started_at",
    "fetched_at",
    "fetch_succeeded",
    "fetch_error",
    "fetched_items",
    "up_to_date",
)
_EXCHANGES: sa.Select[Any] = sa.select(*(exchanges.c[name] for name in _COLUMNS))
