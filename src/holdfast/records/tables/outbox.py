"""What the platform is told, and what it answered: webhook endpoints, the outbox, receipts of actions.

An outbox row is written in the transaction of its event and names its endpoint: one row an endpoint and
message, so that one endpoint's failures are nobody else's.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = [
    "action_receipts",
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_endpoints",
    "webhook_secrets",
]

_PENDING = sa.text("state = 'pending'")
_UNCONFIRMED = sa.text("confirmed_at IS NULL")

webhook_endpoints = sa.Table(
    "webhook_endpoints",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("url", sa.String(2000), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("kinds", sa.JSON, nullable=False),  # list of event kinds; ["*"] is all
    sa.Column("failing_since", Timestamp, nullable=True),  # None after a delivery that worked
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp, nullable=False),
)

webhook_secrets = sa.Table(
    "webhook_secrets",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column(
        "endpoint_id",
        BigId,
        sa.ForeignKey("webhook_endpoints.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # encrypted; the key is outside the database
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("expires_at", Timestamp, nullable=True),  # None: the current one
)

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column(
        "endpoint_id", BigId, sa.ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column(
        "message_id", sa.String(60), nullable=False, unique=True
    ),  # the header webhook-id, on every try
    sa.Column("event_id", BigId, nullable=True),  # no foreign key: events are pruned on their own
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # the exact text that is signed and sent
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("next_at", Timestamp, nullable=False),  # not before; while being sent, the end of the lease
    sa.Column("last_error", sa.String(200), nullable=True),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("finished_at", Timestamp, nullable=True),
    sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name="state"),
    sa.Index(
        "ix_webhook_deliveries_pending",
        "endpoint_id",
        "next_at",
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    ),
    sa.Index("ix_webhook_deliveries_state_finished_at", "state", "finished_at"),
)

# The delivery log. A receiver's answer is never kept: it could say anything about anybody.
webhook_attempts = sa.Table(
    "webhook_attempts",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column(
        "delivery_id",
        BigId,
        sa.ForeignKey("webhook_deliveries.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("at", Timestamp, nullable=False),
    sa.Column("duration_ms", sa.Integer, nullable=False),
    sa.Column("status", sa.Integer, nullable=True),  # None: no answer came
    sa.Column("error", sa.String(200), nullable=True),  # None: it worked
)

action_receipts = sa.Table(
    "action_receipts",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("event_id", BigId, nullable=False, index=True),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("content_reference", sa.String(500), nullable=False, index=True),
    sa.Column("uploaded_at", Timestamp, nullable=True),  # None: the platform did not say
    sa.Column("matched_at", Timestamp, nullable=False),
    sa.Column("asked_at", Timestamp, nullable=False),
    sa.Column("confirmed_at", Timestamp, nullable=True),
    sa.Column("outcome", sa.String(20), nullable=True),  # "removed" | "already_gone"
    sa.Column("removed", sa.JSON(none_as_null=True), nullable=True),  # what, in the platform's own names
    sa.Column("removed_at", Timestamp, nullable=True),
    sa.Column("confirmed_by", sa.String(100), nullable=True),  # the API key that said so
    sa.Column("overdue_at", Timestamp, nullable=True),  # the alarm was raised then, which happens once
    sa.CheckConstraint("outcome IN ('removed', 'already_gone')", name="outcome"),
    sa.CheckConstraint("(confirmed_at IS NULL) = (outcome IS NULL)", name="confirmed"),
    sa.Index(
        "ix_action_receipts_unconfirmed",
        "asked_at",
        sqlite_where=_UNCONFIRMED,
        postgresql_where=_UNCONFIRMED,
    ),
    sa.Index("ix_action_receipts_asked_at", "asked_at"),
)
