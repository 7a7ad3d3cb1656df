"""Drafts of reports and where they go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def big_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _packets()
    _drafts()
    _automatic()


def _packets() -> None:
    op.create_table(
        "report_packets",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("destination", sa.String(length=40), nullable=False),
        sa.Column("case_reference", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("sealed_submission", sa.LargeBinary(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("incident_count", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        moment("requested_at"),
        sa.Column("tries", sa.Integer(), nullable=False),
        moment("due_at"),
        moment("lease_until", nullable=True),
        sa.Column("file_name", sa.String(length=255), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        moment("written_at", nullable=True),
        moment("handed_over_at", nullable=True),
        sa.Column("handed_over_by", sa.String(length=200), nullable=True),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        moment("finished_at", nullable=True),
        sa.CheckConstraint(
            "(finished_at IS NOT NULL) = (state IN ('handed_over', 'refused', 'cancelled'))",
            name=op.f("ck_report_packets_finished"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'written', 'handed_over', 'refused', 'cancelled')",
            name=op.f("ck_report_packets_state"),
        ),
        sa.CheckConstraint(
            "(handed_over_at IS NULL) = (handed_over_by IS NULL)", name=op.f("ck_report_packets_handed_over")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_packets")),
        sa.UniqueConstraint(
            "destination",
            "case_reference",
            "revision",
            name=op.f("uq_report_packets_destination_case_reference_revision"),
        ),
    )
    op.create_index(
        "ix_report_packets_due",
        "report_packets",
        ["destination", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'written')"),
        postgresql_where=sa.text("state IN ('pending', 'written')"),
    )


def _drafts() -> None:
    op.create_table(
        "report_drafts",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("case_reference", sa.String(length=200), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("case_revision", sa.Integer(), nullable=True),
        sa.Column("destination", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=True),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("incident_count", sa.Integer(), nullable=False),
        sa.Column("lacks", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("is_imminent", sa.Boolean(), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("needs_second", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=True),
        moment("deadline_at", nullable=True),
        sa.Column("retention_days", sa.Integer(), nullable=False),
        sa.Column("enrichment", sa.String(length=12), nullable=False),
        sa.Column("enrichment_tries", sa.Integer(), nullable=False),
        moment("enrichment_due_at", nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        moment("created_at"),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        moment("changed_at"),
        sa.Column("asked_by", sa.String(length=200), nullable=True),
        moment("asked_at", nullable=True),
        sa.Column("approved_by", sa.String(length=200), nullable=True),
        moment("approved_at", nullable=True),
        moment("hold_until", nullable=True),
        sa.Column("filing_id", big_id(), nullable=True),
        sa.Column("packet_id", big_id(), nullable=True),
        moment("sent_at", nullable=True),
        sa.Column("cancelled_by", sa.String(length=200), nullable=True),
        moment("cancelled_at", nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        moment("late_told_at", nullable=True),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f("ck_report_drafts_cancelled")
        ),
        sa.CheckConstraint(
            "(state = 'sent') = (filing_id IS NOT NULL OR packet_id IS NOT NULL)",
            name=op.f("ck_report_drafts_sent"),
        ),
        sa.CheckConstraint(
            "enrichment IN ('none', 'wanted', 'answered', 'failed')", name=op.f("ck_report_drafts_enrichment")
        ),
        sa.CheckConstraint(
            "state != 'holding' OR hold_until IS NOT NULL", name=op.f("ck_report_drafts_hold")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'asked', 'holding', 'sent', 'cancelled')", name=op.f("ck_report_drafts_state")
        ),
        sa.ForeignKeyConstraint(["filing_id"], ["filings.id"], name=op.f("fk_report_drafts_filing_id")),
        sa.ForeignKeyConstraint(
            ["packet_id"], ["report_packets.id"], name=op.f("fk_report_drafts_packet_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_drafts")),
        sa.UniqueConstraint(
            "case_reference",
            "destination",
            "revision",
            name=op.f("uq_report_drafts_case_reference_destination_revision"),
        ),
        sa.UniqueConstraint("filing_id", name=op.f("uq_report_drafts_filing_id")),
        sa.UniqueConstraint("packet_id", name=op.f("uq_report_drafts_packet_id")),
    )
    op.create_index("ix_report_drafts_case_id", "report_drafts", ["case_id"], unique=False)
    op.create_index(
        "ix_report_drafts_waiting",
        "report_drafts",
        ["state", "hold_until"],
        unique=False,
        sqlite_where=sa.text("state IN ('draft', 'asked', 'holding')"),
        postgresql_where=sa.text("state IN ('draft', 'asked', 'holding')"),
    )


def _automatic() -> None:
    op.create_table(
        "report_automatic",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        moment("shadow_since"),
        moment("stopped_at", nullable=True),
        sa.Column("stopped_by", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "(stopped_at IS NULL) = (stopped_by IS NULL)", name=op.f("ck_report_automatic_stopped")
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_report_automatic_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_automatic")),
    )
