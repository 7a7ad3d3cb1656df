"""Programmes that trade lists, their credentials, and what the HMA-compatible API keeps beside banks."""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = ["exchange_credentials", "exchanges", "hma_banks", "hma_contents"]

exchanges = sa.Table(
    "exchanges",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(40), nullable=False),  # the programme: "sample", "ncmec", ...
    sa.Column("bank_id", BigId, sa.ForeignKey("banks.id", ondelete="CASCADE"), nullable=False, unique=True),
    sa.Column("config", sa.JSON, nullable=False),  # the programme's own settings; no secret
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("checkpoint", sa.JSON(none_as_null=True), nullable=True),  # where the next fetch goes on
    sa.Column("checkpoint_at", Timestamp, nullable=True),  # up to which moment of the programme's we know
    sa.Column("fetch_started_at", Timestamp, nullable=True),  # set while one runs
    sa.Column("fetched_at", Timestamp, nullable=True),
    sa.Column("fetch_succeeded", sa.Boolean, nullable=True),  # None: never fetched
    sa.Column("fetch_error", sa.String(500), nullable=True),
    sa.Column("fetched_items", sa.BigInteger, nullable=False),
    sa.Column("up_to_date", sa.Boolean, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
)

exchange_credentials = sa.Table(
    "exchange_credentials",
    metadata,
    sa.Column("kind", sa.String(40), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # encrypted; the key is outside the database
    sa.Column("updated_at", Timestamp, nullable=False),
)

hma_banks = sa.Table(
    "hma_banks",
    metadata,
    sa.Column("bank_id", BigId, sa.ForeignKey("banks.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("enabled_ratio", sa.Float, nullable=False),  # 0 to 1: the share of look-ups that ask this bank
    sa.CheckConstraint("enabled_ratio BETWEEN 0 AND 1", name="enabled_ratio"),
)

hma_contents = sa.Table(
    "hma_contents",
    metadata,
    sa.Column("entry_id", BigId, sa.ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("content_id", sa.String(500), nullable=True),  # the caller's own name of it
    sa.Column("content_uri", sa.String(2083), nullable=True),
    sa.Column("data", sa.JSON(none_as_null=True), nullable=True),
)
