"""Work to be done later, and answers already given: the job queue and the idempotency keys.

A job goes queued -> running -> done, or back to queued after a failure or a lost lease, or ends dead
(attempts used up) or cancelled. `fence` grows by one with every claim and never falls: who holds an
older number has lost the job, whatever it believes.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = ["idempotency_keys", "jobs"]

_WAITING = sa.text("state = 'queued'")
_RUNNING = sa.text("state = 'running'")
_FINISHED = sa.text("finished_at IS NOT NULL")
_ACTIVE = sa.text("state IN ('queued', 'running')")

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),  # the highest first
    sa.Column("unique_key", sa.String(200), nullable=True),  # one active job a kind and key
    sa.Column("run_after", Timestamp, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),  # claims that count against max_attempts
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("worker_id", sa.String(100), nullable=True),  # who runs it or ran it last
    sa.Column("lease_until", Timestamp, nullable=True),  # set while running
    sa.Column("progress_done", sa.BigInteger, nullable=False),
    sa.Column("progress_total", sa.BigInteger, nullable=True),
    sa.Column("progress_note", sa.String(500), nullable=False),
    sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("last_error", sa.String(1000), nullable=True),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("started_at", Timestamp, nullable=True),
    sa.Column("finished_at", Timestamp, nullable=True),
    sa.CheckConstraint("state IN ('queued', 'running', 'done', 'dead', 'cancelled')", name="state"),
    sa.CheckConstraint("max_attempts >= 1", name="max_attempts"),
    # Partial, so that finished jobs cost a claim nothing.
    sa.Index(
        "ix_jobs_waiting", sa.text("priority DESC"), "id", sqlite_where=_WAITING, postgresql_where=_WAITING
    ),
    sa.Index("ix_jobs_leases", "lease_until", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    sa.Index(
        "uq_jobs_active",
        "kind",
        "unique_key",
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
    sa.Index("ix_jobs_finished", "finished_at", sqlite_where=_FINISHED, postgresql_where=_FINISHED),
)

# Neither the key nor the request can be read or guessed from a row: see `records/idempotency.py`.
idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("principal_id", sa.String(100), primary_key=True),
    sa.Column("key_digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("route", sa.String(200), nullable=False),
    sa.Column("request_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("status", sa.Integer, nullable=True),  # None only inside the transaction that does the write
    sa.Column("content_type", sa.String(100), nullable=True),
    sa.Column("body", sa.LargeBinary, nullable=True),
    sa.Column("created_at", Timestamp, nullable=False, index=True),
)
