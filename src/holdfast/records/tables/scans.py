"""Folder scans: a cursor and counters, so that a killed scan goes on and counts each file once.

Nothing is kept about files that match nothing except the counters and, while a scan is unfinished,
the one path it has come to.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = ["scan_matches", "scans"]

scans = sa.Table(
    "scans",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("root", sa.String(4096), nullable=False),
    sa.Column("banks", sa.JSON, nullable=False),  # names of the banks asked for; [] for all
    sa.Column("deep", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("revision", sa.Integer, nullable=False),  # a second process on the same scan is noticed by it
    sa.Column("started_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp, nullable=False),
    sa.Column("finished_at", Timestamp, nullable=True),
    sa.Column(
        "cursor", sa.JSON, nullable=True
    ),  # path parts of the last file counted; None at the start and the end
    sa.Column("counts", sa.JSON, nullable=False),  # outcome -> files
    sa.Column("bytes_done", sa.BigInteger, nullable=False),
)

scan_matches = sa.Table(
    "scan_matches",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("scan_id", BigId, sa.ForeignKey("scans.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("path", sa.String(4096), nullable=False),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("answer", sa.JSON, nullable=False),
)
