"""Uploads that wait for their deep check, and how much of it banks have had this hour.

A row says nothing about anybody: what is known of the upload lies, encrypted, in a file of its host's spool
folder, under a key that is in the row (sealed by a key of `deep_keys`). The row goes in the transaction that
writes what came of the check, and the file is noise from then on.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = ["deep_budgets", "deep_checks", "deep_keys"]

deep_checks = sa.Table(
    "deep_checks",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("spool", sa.String(32), nullable=False),  # the folder that holds the file; one a home
    sa.Column("object", sa.String(32), nullable=False),  # the file's name, random
    sa.Column("sealed_key", sa.LargeBinary, nullable=False),
    sa.Column("key_id", sa.String(32), nullable=False),  # of `deep_keys`
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("lease_until", Timestamp, nullable=True),  # set while a worker has it
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),  # grows with every claim, as in `jobs`
    sa.Index("ix_deep_checks_spool_id", "spool", "id"),
    sqlite_autoincrement=True,  # an id of an upload that is gone is never another's
)

# Keys that seal the keys of rows: a new one every hour, destroyed when no row can need it any more. Each is
# wrapped by the key-encryption key, which is never in the home.
deep_keys = sa.Table(
    "deep_keys",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("wrapped_by", sa.String(200), nullable=False),
    sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
)

deep_budgets = sa.Table(
    "deep_budgets",
    metadata,
    sa.Column("bank_id", BigId, sa.ForeignKey("banks.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("hour", Timestamp, primary_key=True),  # UTC
    sa.Column("used", sa.Integer, nullable=False),
)
