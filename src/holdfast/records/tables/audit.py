"""The audit log: what people did, in a chain of hashes, and the head of that chain.

Triggers refuse every change and removal of a row on both databases (migration 0007). They stop mistakes;
who may drop a trigger is caught by the chain, and who may rewrite the whole chain by a head that was kept
elsewhere: see `records.audit_check`.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = ["audit_head", "audit_log"]

audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("position", BigId, primary_key=True, autoincrement=False),  # from 1, without gaps
    sa.Column("at", Timestamp, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),  # a principal's subject
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("target", sa.String(300), nullable=False),
    sa.Column("facts", sa.Text, nullable=False),  # canonical JSON: the very text that was hashed
    sa.Column("digest", sa.LargeBinary(32), nullable=False),  # over the digest before it and this row
    sa.Index("ix_audit_log_target_position", "target", "position"),
    sa.Index("ix_audit_log_actor_position", "actor", "position"),
)

# One row. Who appends locks it first, so that rows follow one another on PostgreSQL as well.
audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False),  # of the newest row; 0 when there is none
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.CheckConstraint("id = 1", name="one"),
)
