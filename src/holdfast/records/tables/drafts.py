"""Drafts of reports and where they go.

What a draft says holds people's data and is sealed; the key is outside the database. A draft that was handed
over has a filing or a packet, which know how it went on.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = ["WAITING", "report_automatic", "report_drafts", "report_packets"]

# Drafts that were not handed over. Queries name it word for word, so that the partial index serves them.
WAITING = sa.text("report_drafts.state IN ('draft', 'asked', 'holding')")
_WAITING = sa.text("state IN ('draft', 'asked', 'holding')")
_LIVE = sa.text("state IN ('pending', 'written')")

# A report as one file for a police force or a hotline; handed over by a person.
report_packets = sa.Table(
    "report_packets",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("destination", sa.String(40), nullable=False),
    sa.Column("case_reference", sa.String(200), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("sealed_submission", sa.LargeBinary, nullable=False),
    sa.Column("file_count", sa.Integer, nullable=False),
    sa.Column("incident_count", sa.Integer, nullable=False),
    sa.Column("requested_by", sa.String(200), nullable=False),
    sa.Column("requested_at", Timestamp, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),  # failed ones
    sa.Column("due_at", Timestamp, nullable=False),
    sa.Column("lease_until", Timestamp, nullable=True),  # set while somebody writes it
    sa.Column("file_name", sa.String(255), nullable=True),  # in the folder of packets
    sa.Column("size_bytes", sa.BigInteger, nullable=True),
    sa.Column("sha256", sa.String(64), nullable=True),  # of the encrypted file
    sa.Column("written_at", Timestamp, nullable=True),
    sa.Column("handed_over_at", Timestamp, nullable=True),
    sa.Column("handed_over_by", sa.String(200), nullable=True),
    sa.Column("receipt", sa.LargeBinary, nullable=True),  # what they said on taking it, as it was given to us
    sa.Column("last_error", sa.String(500), nullable=True),
    sa.Column("finished_at", Timestamp, nullable=True),
    sa.UniqueConstraint("destination", "case_reference", "revision"),
    sa.CheckConstraint(
        "state IN ('pending', 'written', 'handed_over', 'refused', 'cancelled')", name="state"
    ),
    sa.CheckConstraint(
        "(finished_at IS NOT NULL) = (state IN ('handed_over', 'refused', 'cancelled'))", name="finished"
    ),
    sa.CheckConstraint("(handed_over_at IS NULL) = (handed_over_by IS NULL)", name="handed_over"),
    sa.Index(
        "ix_report_packets_due",
        "destination",
        "due_at",
        "id",
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
)

report_drafts = sa.Table(
    "report_drafts",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("case_reference", sa.String(200), nullable=False),
    sa.Column("case_id", sa.BigInteger, nullable=True),  # None: a report that belongs to no case here
    sa.Column("case_revision", sa.Integer, nullable=True),  # of the decision that it tells of
    sa.Column("destination", sa.String(40), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),  # from 1; each is at most one report
    sa.Column("state", sa.String(12), nullable=False),  # see `holdfast.reporting.drafts.models.State`
    sa.Column("version", sa.Integer, nullable=False),  # grows with every change; what is approved has one
    sa.Column("sealed_content", sa.LargeBinary, nullable=False),
    sa.Column("sealed_answer", sa.LargeBinary, nullable=True),  # what the platform said, as it came
    sa.Column("file_count", sa.Integer, nullable=False),
    sa.Column("incident_count", sa.Integer, nullable=False),
    sa.Column("lacks", sa.Integer, nullable=False),  # what must be there and is not: 0, or it goes nowhere
    sa.Column("score", sa.Integer, nullable=False),  # how complete it is, 0 to 100
    sa.Column("priority", sa.Integer, nullable=False),  # the highest first
    sa.Column("is_imminent", sa.Boolean, nullable=False),  # danger: no hold, no second person
    sa.Column("is_automatic", sa.Boolean, nullable=False),  # filed by rule, without a person
    sa.Column("needs_second", sa.Boolean, nullable=False),
    sa.Column("rule", sa.String(60), nullable=True),  # of the jurisdictions, None: asked for by hand
    sa.Column("deadline_at", Timestamp, nullable=True),
    sa.Column("retention_days", sa.Integer, nullable=False),
    sa.Column("enrichment", sa.String(12), nullable=False),
    sa.Column("enrichment_tries", sa.Integer, nullable=False),
    sa.Column("enrichment_due_at", Timestamp, nullable=True),
    sa.Column("created_by", sa.String(200), nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("changed_by", sa.String(200), nullable=False),
    sa.Column("changed_at", Timestamp, nullable=False),
    sa.Column("asked_by", sa.String(200), nullable=True),  # the first of two people
    sa.Column("asked_at", Timestamp, nullable=True),
    sa.Column("approved_by", sa.String(200), nullable=True),
    sa.Column("approved_at", Timestamp, nullable=True),
    sa.Column("hold_until", Timestamp, nullable=True),  # nothing is opened before
    sa.Column("filing_id", BigId, sa.ForeignKey("filings.id"), nullable=True, unique=True),
    sa.Column("packet_id", BigId, sa.ForeignKey("report_packets.id"), nullable=True, unique=True),
    sa.Column("sent_at", Timestamp, nullable=True),
    sa.Column("cancelled_by", sa.String(200), nullable=True),
    sa.Column("cancelled_at", Timestamp, nullable=True),
    sa.Column("reason", sa.String(500), nullable=True),  # why it was cancelled or held back
    sa.Column("late_told_at", Timestamp, nullable=True),  # when the alarm about its deadline was raised
    sa.UniqueConstraint("case_reference", "destination", "revision"),
    sa.CheckConstraint("state IN ('draft', 'asked', 'holding', 'sent', 'cancelled')", name="state"),
    sa.CheckConstraint("enrichment IN ('none', 'wanted', 'answered', 'failed')", name="enrichment"),
    sa.CheckConstraint("(state = 'sent') = (filing_id IS NOT NULL OR packet_id IS NOT NULL)", name="sent"),
    sa.CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
    sa.CheckConstraint("state != 'holding' OR hold_until IS NOT NULL", name="hold"),
    sa.Index(
        "ix_report_drafts_waiting", "state", "hold_until", sqlite_where=_WAITING, postgresql_where=_WAITING
    ),
    sa.Index("ix_report_drafts_case_id", "case_id"),
)

# Whether reports may be filed by rule, without a person: one row, made when the setting is first seen on.
report_automatic = sa.Table(
    "report_automatic",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("shadow_since", Timestamp, nullable=False),
    sa.Column("stopped_at", Timestamp, nullable=True),  # the stop switch
    sa.Column("stopped_by", sa.String(200), nullable=True),
    sa.CheckConstraint("id = 1", name="one"),
    sa.CheckConstraint("(stopped_at IS NULL) = (stopped_by IS NULL)", name="stopped"),
)
