"""Reports on their way to a destination: one row a report of one case revision, and what was said on the way.

`fence` grows by one with every claim: who holds an older number has lost the filing. What was sent and what
was answered may hold people's data and is sealed; the key is outside the database. The receipt is not sealed:
it holds ids only, and must be there when the key is not.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = ["filing_alarms", "filing_attempts", "filing_exchanges", "filing_uploads", "filings"]

_LIVE = sa.text("finished_at IS NULL")
_OPEN_ALARM = sa.text("cleared_at IS NULL")

filings = sa.Table(
    "filings",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("destination", sa.String(40), nullable=False),
    sa.Column("case_reference", sa.String(200), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),  # from 1; each is at most one report
    sa.Column("state", sa.String(12), nullable=False),  # see `holdfast.reporting.filing.models.State`
    sa.Column("after_retract", sa.String(12), nullable=True),  # the state once the open report is gone
    sa.Column("priority", sa.Integer, nullable=False),  # the highest first
    sa.Column("sealed_submission", sa.LargeBinary, nullable=False),
    sa.Column("file_count", sa.Integer, nullable=False),
    sa.Column("incident_count", sa.Integer, nullable=False),
    sa.Column("cancel_wanted", sa.Boolean, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),  # failed ones, for the pause before the next
    sa.Column("due_at", Timestamp, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("worker_id", sa.String(100), nullable=True),
    sa.Column("lease_until", Timestamp, nullable=True),  # set while somebody works at it
    sa.Column("attempt_id", BigId, nullable=True),  # the attempt whose report is open, or was filed
    sa.Column("report_id", sa.BigInteger, nullable=True),  # the destination's, likewise
    sa.Column("opened_at", Timestamp, nullable=True),
    sa.Column("touched_at", Timestamp, nullable=True),  # the last upload or file details
    sa.Column("receipt", sa.LargeBinary, nullable=True),  # byte for byte
    sa.Column("receipt_request_id", sa.String(200), nullable=True),
    sa.Column("last_error", sa.String(500), nullable=True),
    sa.Column("requested_by", sa.String(200), nullable=False),
    sa.Column("requested_at", Timestamp, nullable=False),
    sa.Column("finished_at", Timestamp, nullable=True),  # filed, refused or cancelled then
    sa.UniqueConstraint("destination", "case_reference", "revision"),
    sa.CheckConstraint(
        "state IN ('pending', 'open', 'uploading', 'described', 'finishing', 'retracting', "
        "'filed', 'refused', 'cancelled')",
        name="state",
    ),
    sa.CheckConstraint("revision >= 1", name="revision"),
    sa.CheckConstraint(
        "(finished_at IS NOT NULL) = (state IN ('filed', 'refused', 'cancelled'))", name="finished"
    ),
    sa.CheckConstraint(
        "(report_id IS NOT NULL) = (state NOT IN ('pending', 'refused', 'cancelled'))", name="report_id"
    ),
    sa.CheckConstraint("(after_retract IS NOT NULL) = (state = 'retracting')", name="after_retract"),
    sa.Index(
        "ix_filings_due",
        "destination",
        sa.text("priority DESC"),
        "due_at",
        "id",
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
)

# One row a report that was asked for: written before the request, so that none can be open unknown to us.
filing_attempts = sa.Table(
    "filing_attempts",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column(
        "filing_id", BigId, sa.ForeignKey("filings.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("destination", sa.String(40), nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("begun_at", Timestamp, nullable=False),
    sa.Column("report_id", sa.BigInteger, nullable=True),  # None: no answer, or one without an id
    sa.Column("finish_sent_at", Timestamp, nullable=True),  # written before the request
    sa.Column("outcome", sa.String(12), nullable=True),  # None while it is open
    sa.Column("ended_at", Timestamp, nullable=True),
    sa.UniqueConstraint("destination", "report_id"),  # an id that comes twice is somebody else's report
    sa.CheckConstraint(
        "outcome IN ('finished', 'retracted', 'gone', 'none', 'unknown')",
        name="outcome",
    ),
    sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
)

filing_uploads = sa.Table(
    "filing_uploads",
    metadata,
    sa.Column("attempt_id", BigId, sa.ForeignKey("filing_attempts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # of the file in the submission, from 0
    sa.Column("file_id", sa.String(200), nullable=False),  # the destination's
    sa.Column("was_viewed", sa.Boolean, nullable=False),  # proved by the view ledger for these very bytes
    sa.Column("exif_was_viewed", sa.Boolean, nullable=False),
    sa.Column("uploaded_at", Timestamp, nullable=False),
    sa.Column("described_at", Timestamp, nullable=True),
)

filing_exchanges = sa.Table(
    "filing_exchanges",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column(
        "filing_id", BigId, sa.ForeignKey("filings.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("attempt_id", BigId, nullable=True),
    sa.Column("step", sa.String(12), nullable=False),
    sa.Column("sent_at", Timestamp, nullable=False),
    sa.Column("answered_at", Timestamp, nullable=True),  # None: no answer that could be read
    sa.Column("status", sa.Integer, nullable=True),  # HTTP
    sa.Column("code", sa.Integer, nullable=True),  # the destination's
    sa.Column("request_id", sa.String(200), nullable=True),  # to be quoted to the destination
    sa.Column("sealed_sent", sa.LargeBinary, nullable=True),  # documents only: no content of files
    sa.Column("sealed_answer", sa.LargeBinary, nullable=True),
)

filing_alarms = sa.Table(
    "filing_alarms",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column(
        "filing_id", BigId, sa.ForeignKey("filings.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("detail", sa.String(500), nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("raised_at", Timestamp, nullable=False),
    sa.Column("repeated_at", Timestamp, nullable=False),
    sa.Column("cleared_at", Timestamp, nullable=True),
    sa.Column("cleared_by", sa.String(200), nullable=True),  # a person, or the filer itself
    sa.CheckConstraint("(cleared_at IS NULL) = (cleared_by IS NULL)", name="cleared"),
    sa.Index(
        "uq_filing_alarms_open",
        "filing_id",
        "kind",
        unique=True,
        sqlite_where=_OPEN_ALARM,
        postgresql_where=_OPEN_ALARM,
    ),
)
