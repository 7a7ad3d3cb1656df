"""Content of a report, kept from the decision to report on and for a year from its last filing.

    preservation.begin(connection, "case:12", item_ids, actor="person:ana")    at the decision
    preservation.follow(connection, "case:12", at, actor="filer")              at every filing of it

A *subject* is the reference of what is reported. Items that join later are kept with the others; a follow-up
extends all of them. Nothing here ever makes a period shorter: not a cancelled filing, not a retraction.
What else a report rests on (documents sent, answers, decisions, views, messages) is rows that stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from holdfast.records.dialect import upsert
from holdfast.records.tables.base import now
from holdfast.records.tables.evidence import vault_preserved
from holdfast.vault import journal, retention

__all__ = ["begin", "follow", "items_of"]


def begin(connection: sa.Connection, subject: str, item_ids: Sequence[str], *, actor: str) -> list[str]:
    """Keep the items of a report that was decided on; those of them that live.

    Until the first filing the year counts from now. Ids that name nothing in the vault are passed over.
    """
    at = now()
    kept = retention.filed(
        connection, sorted(set(item_ids)), at, actor=actor, purpose=f"to be reported: {subject}"
    )
    if kept:
        rows = [{"subject": subject, "item_id": item, "begun_at": at} for item in kept]
        connection.execute(upsert(connection, vault_preserved).on_conflict_do_nothing(), rows)
        told = {"kind": "preserved", "subject": subject, "at": at.isoformat()}
        journal.note(connection, [{**told, "item": item} for item in kept])
    return kept


def follow(connection: sa.Connection, subject: str, at: datetime, *, actor: str) -> list[str]:
    """A report of the subject was filed at ``at``: its items' year counts from then. Those that live."""
    purpose = f"reported: {subject}"
    return retention.filed(connection, items_of(connection, subject), at, actor=actor, purpose=purpose)


def items_of(connection: sa.Connection, subject: str) -> list[str]:
    """Everything that was ever kept for the subject, tombstones too."""
    query = sa.select(vault_preserved.c.item_id).where(vault_preserved.c.subject == subject)
    return list(connection.scalars(query.order_by(vault_preserved.c.item_id)))
