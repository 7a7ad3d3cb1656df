"""What keeps and what ends held content: preservation of reports, requests to destroy, the journal.

`vault_journal` holds what is not yet written into the journal beside the objects; a row is gone once it is
(see `holdfast.vault.journal`).
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = ["vault_destruction_items", "vault_destructions", "vault_journal", "vault_preserved"]

# Which items belong to what was reported: a follow-up keeps them all for another year.
vault_preserved = sa.Table(
    "vault_preserved",
    metadata,
    sa.Column("subject", sa.String(200), primary_key=True),  # the reference of the reported case
    sa.Column("item_id", sa.String(32), sa.ForeignKey("vault_items.id"), primary_key=True),
    sa.Column("begun_at", Timestamp, nullable=False),
    sa.Index("ix_vault_preserved_item_id", "item_id"),
)

# Asked for by one person, approved by another.
vault_destructions = sa.Table(
    "vault_destructions",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),  # see `holdfast.vault.destruction.Kind`
    sa.Column("reference", sa.String(200), nullable=False),  # the request's own number
    sa.Column("agency", sa.String(200), nullable=True),
    sa.Column("asked_by", sa.String(200), nullable=False),
    sa.Column("asked_at", Timestamp, nullable=False),
    sa.Column("decision", sa.String(10), nullable=True),  # None: nobody decided yet
    sa.Column("decided_by", sa.String(200), nullable=True),
    sa.Column("decided_at", Timestamp, nullable=True),
    sa.CheckConstraint("kind IN ('law_enforcement', 'period_over')", name="kind"),
    sa.CheckConstraint("decision IN ('approved', 'withdrawn')", name="decision"),
    sa.CheckConstraint("decision <> 'approved' OR decided_by <> asked_by", name="two_people"),
)

vault_destruction_items = sa.Table(
    "vault_destruction_items",
    metadata,
    sa.Column(
        "destruction_id",
        BigId,
        sa.ForeignKey("vault_destructions.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("item_id", sa.String(32), sa.ForeignKey("vault_items.id"), primary_key=True),
    sa.Index("ix_vault_destruction_items_item_id", "item_id"),
)

vault_journal = sa.Table(
    "vault_journal",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("entry", sa.JSON, nullable=False),  # see `holdfast.vault.journal`
    sqlite_autoincrement=True,  # rows are removed by id: an id must not come back
)
