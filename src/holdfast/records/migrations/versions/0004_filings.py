"""Reports on their way to a destination."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def big_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _filings()
    _attempts()
    _exchanges()
    _alarms()


def _filings() -> None:
    op.create_table(
        "filings",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("destination", sa.String(length=40), nullable=False),
        sa.Column("case_reference", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("after_retract", sa.String(length=12), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("sealed_submission", sa.LargeBinary(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("incident_count", sa.Integer(), nullable=False),
        sa.Column("cancel_wanted", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        moment("due_at"),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.String(length=100), nullable=True),
        moment("lease_until", nullable=True),
        sa.Column("attempt_id", big_id(), nullable=True),
        sa.Column("report_id", sa.BigInteger(), nullable=True),
        moment("opened_at", nullable=True),
        moment("touched_at", nullable=True),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.Column("receipt_request_id", sa.String(length=200), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        moment("requested_at"),
        moment("finished_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'open', 'uploading', 'described', 'finishing', 'retracting', "
            "'filed', 'refused', 'cancelled')",
            name=op.f("ck_filings_state"),
        ),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_filings_revision")),
        sa.CheckConstraint(
            "(finished_at IS NOT NULL) = (state IN ('filed', 'refused', 'cancelled'))",
            name=op.f("ck_filings_finished"),
        ),
        sa.CheckConstraint(
            "(report_id IS NOT NULL) = (state NOT IN ('pending', 'refused', 'cancelled'))",
            name=op.f("ck_filings_report_id"),
        ),
        sa.CheckConstraint(
            "(after_retract IS NOT NULL) = (state = 'retracting')", name=op.f("ck_filings_after_retract")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filings")),
        sa.UniqueConstraint(
            "destination",
            "case_reference",
            "revision",
            name=op.f("uq_filings_destination_case_reference_revision"),
        ),
    )
    live = sa.text("finished_at IS NULL")
    op.create_index(
        "ix_filings_due",
        "filings",
        ["destination", sa.text("priority DESC"), "due_at", "id"],
        sqlite_where=live,
        postgresql_where=live,
    )


def _attempts() -> None:
    op.create_table(
        "filing_attempts",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("filing_id", big_id(), nullable=False),
        sa.Column("destination", sa.String(length=40), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        moment("begun_at"),
        sa.Column("report_id", sa.BigInteger(), nullable=True),
        moment("finish_sent_at", nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        moment("ended_at", nullable=True),
        sa.CheckConstraint(
            "outcome IN ('finished', 'retracted', 'gone', 'none', 'unknown')",
            name=op.f("ck_filing_attempts_outcome"),
        ),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_filing_attempts_ended")),
        _of_filing("filing_attempts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_attempts")),
        sa.UniqueConstraint(
            "destination", "report_id", name=op.f("uq_filing_attempts_destination_report_id")
        ),
    )
    op.create_index("ix_filing_attempts_filing_id", "filing_attempts", ["filing_id"])
    op.create_table(
        "filing_uploads",
        sa.Column("attempt_id", big_id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.String(length=200), nullable=False),
        sa.Column("was_viewed", sa.Boolean(), nullable=False),
        sa.Column("exif_was_viewed", sa.Boolean(), nullable=False),
        moment("uploaded_at"),
        moment("described_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["filing_attempts.id"],
            name=op.f("fk_filing_uploads_attempt_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("attempt_id", "number", name=op.f("pk_filing_uploads")),
    )


def _exchanges() -> None:
    op.create_table(
        "filing_exchanges",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("filing_id", big_id(), nullable=False),
        sa.Column("attempt_id", big_id(), nullable=True),
        sa.Column("step", sa.String(length=12), nullable=False),
        moment("sent_at"),
        moment("answered_at", nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.String(length=200), nullable=True),
        sa.Column("sealed_sent", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=True),
        _of_filing("filing_exchanges"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_exchanges")),
    )
    op.create_index("ix_filing_exchanges_filing_id", "filing_exchanges", ["filing_id"])


def _alarms() -> None:
    op.create_table(
        "filing_alarms",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("filing_id", big_id(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        moment("raised_at"),
        moment("repeated_at"),
        moment("cleared_at", nullable=True),
        sa.Column("cleared_by", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "(cleared_at IS NULL) = (cleared_by IS NULL)", name=op.f("ck_filing_alarms_cleared")
        ),
        _of_filing("filing_alarms"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_alarms")),
    )
    op.create_index("ix_filing_alarms_filing_id", "filing_alarms", ["filing_id"])
    is_open = sa.text("cleared_at IS NULL")
    op.create_index(
        "uq_filing_alarms_open",
        "filing_alarms",
        ["filing_id", "kind"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _of_filing(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["filing_id"], ["filings.id"], name=op.f(f"fk_{table}_filing_id"), ondelete="CASCADE"
    )
