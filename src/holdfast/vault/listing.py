"""Items and their tombstones as the records have them: nothing about their content but the size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from holdfast.errors import NotFoundError
from holdfast.records.bank_scope import ALL_BANKS, item_is_seen
from holdfast.records.tables.vault import vault_access, vault_items
from holdfast.vault.models import Action, Item
from holdfast.vault.retention import active_legal_holds

__all__ = ["get_item", "list_items", "released_by"]


def get_item(connection: sa.Connection, item_id: str) -> Item:
    """The item or its tombstone. Raises `NotFoundError`."""
    row = connection.execute(sa.select(vault_items).where(vault_items.c.id == item_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"The vault has no item {item_id!r}.")
    return _items(connection, [row])[0]


def list_items(
    connection: sa.Connection,
    *,
    state: str | None = None,
    before_id: str | None = None,
    banks_seen: tuple[str, ...] = ALL_BANKS,
    limit: int = 100,
) -> list[Item]:
    """Items, the one that was held last first. For the next page give the last id as ``before_id``.

    Items that decisions about entries of banks not named in ``banks_seen`` are about are left out. Raises
    `NotFoundError` when there is no item ``before_id``.
    """
    query = sa.select(vault_items).order_by(vault_items.c.held_at.desc(), vault_items.c.id.desc())
    query = query.where(item_is_seen(vault_items.c.id, banks_seen))
    if state is not None:
        query = query.where(vault_items.c.state == state)
    if before_id is not None:
        last = get_item(connection, before_id)
        earlier = sa.and_(vault_items.c.held_at == last.held_at, vault_items.c.id < last.id)
        query = query.where(sa.or_(vault_items.c.held_at < last.held_at, earlier))
    return _items(connection, connection.execute(query.limit(limit)).all())


def released_by(connection: sa.Connection, item_id: str) -> str | None:
    """Who released the item last; None where nobody ever did."""
    query = sa.select(vault_access.c.actor).where(
        vault_access.c.item_id == item_id, vault_access.c.action == str(Action.RELEASE)
    )
    return connection.execute(query.order_by(vault_access.c.id.desc()).limit(1)).scalar()


def _items(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[Item]:
    holds = active_legal_holds(connection, [row.id for row in rows])
    return [
        Item(
            **{name: value for name, value in row._mapping.items() if name != "sealed_facts"},
            legal_holds=tuple(holds.get(row.id, ())),
        )
        for row in rows
    ]
