"""What was decided about uploads, what people said of entries, and how often entries match.

`decisions` has one row for each upload that matched or that a rule held; its id is the id of the event.
What people say of an *entry* is in `entry_reviews`: of each person the latest counts (`decisions/brakes.py`).
`entry_match_counts` and `flooded_entries` are the memory of the flood brake (`decisions/flood.py`).
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = ["decisions", "entry_match_counts", "entry_reviews", "flooded_entries"]

_OPEN = sa.text("queue IS NOT NULL AND reviewed_at IS NULL")

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("event_id", BigId, primary_key=True, autoincrement=False),  # no foreign key: events are pruned
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("rule", sa.String(100), nullable=False),  # "" where no rule of the file held
    sa.Column("rule_class", sa.String(40), nullable=False),
    sa.Column("rules_version", sa.String(100), nullable=False),
    sa.Column("actions", sa.JSON, nullable=False),  # as `decisions.actions.Actions.to_json`
    sa.Column("queue", sa.Integer, nullable=True),  # 1 (first) to 5: a person is to look
    sa.Column("entry_id", BigId, nullable=True, index=True),  # the entry that the rule held on
    sa.Column("trusted", sa.Boolean, nullable=False),  # its bank was trusted
    sa.Column("item_id", sa.String(32), nullable=True, index=True),  # the held content in the vault
    sa.Column("content_reference", sa.String(500), nullable=True, index=True),
    sa.Column("decided_at", Timestamp, nullable=False),
    sa.Column("reviewed_at", Timestamp, nullable=True),
    sa.Column("reviewed_by", sa.String(200), nullable=True),
    sa.Column("verdict", sa.String(10), nullable=True),  # "confirm" | "dispute"
    sa.Column("review_reason", sa.String(500), nullable=True),
    sa.CheckConstraint("verdict IN ('confirm', 'dispute')", name="verdict"),
    sa.CheckConstraint("(reviewed_at IS NULL) = (verdict IS NULL)", name="reviewed"),
    sa.Index(
        "ix_decisions_open", "queue", "event_id", sqlite_where=_OPEN, postgresql_where=_OPEN
    ),  # partial: what is done costs the queue nothing
)

entry_reviews = sa.Table(
    "entry_reviews",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("entry_id", BigId, sa.ForeignKey("entries.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("person", sa.String(200), nullable=False),  # the principal that said so
    sa.Column("verdict", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False, server_default=""),
    sa.Column("event_id", BigId, nullable=True),  # the upload that it was said about
    sa.Column("at", Timestamp, nullable=False),
    sa.CheckConstraint("verdict IN ('confirm', 'dispute', 'withdraw')", name="verdict"),
)

entry_match_counts = sa.Table(
    "entry_match_counts",
    metadata,
    sa.Column("entry_id", BigId, sa.ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("minute", Timestamp, primary_key=True),  # UTC; minutes of earlier days are added up into one
    sa.Column("matches", sa.Integer, nullable=False),
    sa.Index("ix_entry_match_counts_minute", "minute"),
)

flooded_entries = sa.Table(
    "flooded_entries",
    metadata,
    sa.Column("entry_id", BigId, sa.ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("since", Timestamp, nullable=False),
    sa.Column("last_hour", sa.Integer, nullable=False),  # matches in the hour that set it off
    sa.Column("daily_mean", sa.Float, nullable=False),
)
