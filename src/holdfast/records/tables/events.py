"""What happened: events for matches and holds one by one, everything else as counts.

`log_positions` hands out the ids of `events` in the order of the commits: the row is locked from the
first append until the transaction ends, so no reader ever sees an id before a smaller one.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = ["counters", "events", "log_positions"]

log_positions = sa.Table(
    "log_positions",
    metadata,
    sa.Column("log", sa.String(40), primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),  # the last one given out
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=False),  # in commit order, without gaps
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("content_reference", sa.String(500), nullable=True),  # the platform's own name of the content
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("at", Timestamp, nullable=False, index=True),
    sa.Index("ix_events_kind_id", "kind", "id"),
    sa.Index("ix_events_content_reference", "content_reference"),
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("labels", sa.String(500), primary_key=True),  # JSON object, keys sorted: one spelling a set
    sa.Column("grain", sa.String(4), primary_key=True),  # "hour" | "day": the length of the bucket
    sa.Column("bucket", Timestamp, primary_key=True),  # the beginning, UTC
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.CheckConstraint("grain IN ('hour', 'day')", name="grain"),
    sa.Index("ix_counters_grain_bucket", "grain", "bucket"),
)
