"""Requests to destroy held content, with what is told of them: events, webhooks, the audit log."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from holdfast.decisions import records
from holdfast.records import audit
from holdfast.review.held import tell
from holdfast.vault import destruction
from holdfast.vault.destruction import Kind

__all__ = ["approve", "ask", "withdraw"]


def ask(
    connection: sa.Connection,
    item_ids: Sequence[str],
    *,
    kind: Kind,
    reference: str,
    actor: str,
    agency: str | None = None,
) -> int:
    """As `vault.destruction.ask`, on the audit log."""
    made = destruction.ask(connection, item_ids, kind=kind, reference=reference, actor=actor, agency=agency)
    facts = {"kind": kind, "items": len(set(item_ids)), "reference": reference}
    audit.append(connection, actor=actor, action="vault.destruction_ask", target=_target(made), facts=facts)
    return made


def approve(connection: sa.Connection, destruction_id: int, *, actor: str) -> list[str]:
    """As `vault.destruction.approve`; the platform is told of each item."""
    items = destruction.approve(connection, destruction_id, actor=actor)
    for item_id in items:
        tell(connection, "hold.destroyed", item_id, records.of_item(connection, item_id), actor)
    facts, target = {"items": len(items)}, _target(destruction_id)
    audit.append(connection, actor=actor, action="vault.destruction_approve", target=target, facts=facts)
    return items


def withdraw(connection: sa.Connection, destruction_id: int, *, actor: str) -> None:
    """As `vault.destruction.withdraw`, on the audit log."""
    destruction.withdraw(connection, destruction_id, actor=actor)
    audit.append(connection, actor=actor, action="vault.destruction_withdraw", target=_target(destruction_id))


def _target(destruction_id: int) -> str:
    return f"destruction:{destruction_id}"
