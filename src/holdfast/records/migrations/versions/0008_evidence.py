"""Evidence: what keeps and what ends held content."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def big_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("vault_legal_holds", sa.Column("agency", sa.String(length=200), nullable=True))
    op.add_column("vault_legal_holds", moment("until", nullable=True))
    _preserved()
    _destructions()
    op.create_table(
        "vault_journal",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("entry", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_journal")),
        sqlite_autoincrement=True,
    )


def _preserved() -> None:
    op.create_table(
        "vault_preserved",
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        moment("begun_at"),
        sa.ForeignKeyConstraint(["item_id"], ["vault_items.id"], name=op.f("fk_vault_preserved_item_id")),
        sa.PrimaryKeyConstraint("subject", "item_id", name=op.f("pk_vault_preserved")),
    )
    op.create_index("ix_vault_preserved_item_id", "vault_preserved", ["item_id"])


def _destructions() -> None:
    op.create_table(
        "vault_destructions",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("agency", sa.String(length=200), nullable=True),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        moment("asked_at"),
        sa.Column("decision", sa.String(length=10), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        moment("decided_at", nullable=True),
        sa.CheckConstraint(
            "kind IN ('law_enforcement', 'period_over')", name=op.f("ck_vault_destructions_kind")
        ),
        sa.CheckConstraint(
            "decision IN ('approved', 'withdrawn')", name=op.f("ck_vault_destructions_decision")
        ),
        sa.CheckConstraint(
            "decision <> 'approved' OR decided_by <> asked_by", name=op.f("ck_vault_destructions_two_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_destructions")),
    )
    op.create_table(
        "vault_destruction_items",
        sa.Column("destruction_id", big_id(), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["destruction_id"],
            ["vault_destructions.id"],
            name=op.f("fk_vault_destruction_items_destruction_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["vault_items.id"], name=op.f("fk_vault_destruction_items_item_id")
        ),
        sa.PrimaryKeyConstraint("destruction_id", "item_id", name=op.f("pk_vault_destruction_items")),
    )
    op.create_index("ix_vault_destruction_items_item_id", "vault_destruction_items", ["item_id"])
