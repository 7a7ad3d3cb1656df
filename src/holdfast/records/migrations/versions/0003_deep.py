"""The deep check: how each bank matches, uploads that wait, budgets, reference-side views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def big_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _banks()
    _waiting()
    _reference_views()
    op.add_column("scans", sa.Column("deep", sa.Boolean(), server_default=sa.false(), nullable=False))


def _banks() -> None:
    """Banks that are there keep the rule that they had."""
    for column in (
        sa.Column("matching", sa.String(length=20), server_default="classic", nullable=False),
        sa.Column("deep_per_hour", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reference_views", sa.Boolean(), server_default=sa.false(), nullable=False),
    ):
        op.add_column("banks", column)


def _waiting() -> None:
    op.create_table(
        "deep_checks",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("spool", sa.String(length=32), nullable=False),
        sa.Column("object", sa.String(length=32), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        moment("created_at"),
        moment("lease_until", nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deep_checks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deep_checks_spool_id", "deep_checks", ["spool", "id"])
    op.create_table(
        "deep_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("wrapped_by", sa.String(length=200), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        moment("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deep_keys")),
    )
    op.create_table(
        "deep_budgets",
        sa.Column("bank_id", big_id(), nullable=False),
        moment("hour"),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["banks.id"], name=op.f("fk_deep_budgets_bank_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("bank_id", "hour", name=op.f("pk_deep_budgets")),
    )


def _reference_views() -> None:
    op.create_table(
        "reference_views",
        sa.Column("fingerprint_id", big_id(), autoincrement=False, nullable=False),
        sa.Column("words", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint_id", name=op.f("pk_reference_views")),
    )
