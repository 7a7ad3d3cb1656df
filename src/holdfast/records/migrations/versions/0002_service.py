"""The service: decisions and reviews, the flood brake's memory, exchanges, the go-live checklist."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def big_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _decisions()
    _of_entries()
    _exchanges()
    _hma()
    _checklist()
    op.add_column("action_receipts", moment("overdue_at", nullable=True))


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("event_id", big_id(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("rule_class", sa.String(length=40), nullable=False),
        sa.Column("rules_version", sa.String(length=100), nullable=False),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("queue", sa.Integer(), nullable=True),
        sa.Column("entry_id", big_id(), nullable=True),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=True),
        sa.Column("content_reference", sa.String(length=500), nullable=True),
        moment("decided_at"),
        moment("reviewed_at", nullable=True),
        sa.Column("reviewed_by", sa.String(length=200), nullable=True),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("review_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint("verdict IN ('confirm', 'dispute')", name=op.f("ck_decisions_verdict")),
        sa.CheckConstraint("(reviewed_at IS NULL) = (verdict IS NULL)", name=op.f("ck_decisions_reviewed")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_decisions")),
    )
    for column in ("content_reference", "entry_id", "item_id"):
        op.create_index(f"ix_decisions_{column}", "decisions", [column])
    is_open = sa.text("queue IS NOT NULL AND reviewed_at IS NULL")
    op.create_index(
        "ix_decisions_open",
        "decisions",
        ["queue", "event_id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _of_entries() -> None:
    op.create_table(
        "entry_reviews",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("entry_id", big_id(), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), server_default="", nullable=False),
        sa.Column("event_id", big_id(), nullable=True),
        moment("at"),
        sa.CheckConstraint(
            "verdict IN ('confirm', 'dispute', 'withdraw')", name=op.f("ck_entry_reviews_verdict")
        ),
        _of_entry("entry_reviews"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_reviews")),
    )
    op.create_index("ix_entry_reviews_entry_id", "entry_reviews", ["entry_id"])
    op.create_table(
        "entry_match_counts",
        sa.Column("entry_id", big_id(), nullable=False),
        moment("minute"),
        sa.Column("matches", sa.Integer(), nullable=False),
        _of_entry("entry_match_counts"),
        sa.PrimaryKeyConstraint("entry_id", "minute", name=op.f("pk_entry_match_counts")),
    )
    op.create_index("ix_entry_match_counts_minute", "entry_match_counts", ["minute"])
    op.create_table(
        "flooded_entries",
        sa.Column("entry_id", big_id(), nullable=False),
        moment("since"),
        sa.Column("last_hour", sa.Integer(), nullable=False),
        sa.Column("daily_mean", sa.Float(), nullable=False),
        _of_entry("flooded_entries"),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_flooded_entries")),
    )


def _of_entry(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["entry_id"], ["entries.id"], name=op.f(f"fk_{table}_entry_id"), ondelete="CASCADE"
    )


def _of_bank(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["bank_id"], ["banks.id"], name=op.f(f"fk_{table}_bank_id"), ondelete="CASCADE"
    )


def _exchanges() -> None:
    op.create_table(
        "exchanges",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("bank_id", big_id(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("checkpoint", sa.JSON(none_as_null=True), nullable=True),
        moment("checkpoint_at", nullable=True),
        moment("fetch_started_at", nullable=True),
        moment("fetched_at", nullable=True),
        sa.Column("fetch_succeeded", sa.Boolean(), nullable=True),
        sa.Column("fetch_error", sa.String(length=500), nullable=True),
        sa.Column("fetched_items", sa.BigInteger(), nullable=False),
        sa.Column("up_to_date", sa.Boolean(), nullable=False),
        moment("created_at"),
        _of_bank("exchanges"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchanges")),
        sa.UniqueConstraint("bank_id", name=op.f("uq_exchanges_bank_id")),
        sa.UniqueConstraint("name", name=op.f("uq_exchanges_name")),
    )
    op.create_table(
        "exchange_credentials",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        moment("updated_at"),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_exchange_credentials")),
    )


def _hma() -> None:
    op.create_table(
        "hma_banks",
        sa.Column("bank_id", big_id(), nullable=False),
        sa.Column("enabled_ratio", sa.Float(), nullable=False),
        sa.CheckConstraint("enabled_ratio BETWEEN 0 AND 1", name=op.f("ck_hma_banks_enabled_ratio")),
        _of_bank("hma_banks"),
        sa.PrimaryKeyConstraint("bank_id", name=op.f("pk_hma_banks")),
    )
    op.create_table(
        "hma_contents",
        sa.Column("entry_id", big_id(), nullable=False),
        sa.Column("content_id", sa.String(length=500), nullable=True),
        sa.Column("content_uri", sa.String(length=2083), nullable=True),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=True),
        _of_entry("hma_contents"),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_hma_contents")),
    )


def _checklist() -> None:
    op.create_table(
        "checklist",
        sa.Column("item", sa.String(length=60), nullable=False),
        moment("done_at"),
        sa.Column("done_by", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=500), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_checklist")),
    )
    op.create_table(
        "home_facts",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_home_facts")),
    )
