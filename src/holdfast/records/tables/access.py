"""API keys and their secrets. A key has one secret, and two while it is being rotated.

A secret is never stored, only its SHA-256: 256 random bits cannot be guessed, so a slow password hash
would add nothing but time to every upload (OWASP's advice on slow hashes is about guessable passwords).
Rows are never deleted while an audit line may name the key: a revoked key stays, and says so.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import Timestamp, metadata

__all__ = ["api_key_secrets", "api_keys"]

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.String(12), primary_key=True),  # public: the middle part of hf_<id>_<secret>
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("roles", sa.JSON, nullable=False),  # names of `access.roles.Role`
    sa.Column("grants", sa.JSON, nullable=False),  # names of `access.roles.Permission`
    sa.Column(
        "banks_seen", sa.JSON, nullable=False
    ),  # bank names or patterns: see `access.principal.BankScope`
    sa.Column("banks_written", sa.JSON, nullable=False),
    sa.Column("networks", sa.JSON, nullable=False),  # CIDR text; [] is anywhere
    sa.Column("limits", sa.JSON, nullable=True),  # fields of `access.limits.KeyLimits`; None: the default
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("created_by", sa.String(200), nullable=False),
    sa.Column("expires_at", Timestamp, nullable=True),
    sa.Column("last_used_at", Timestamp, nullable=True),  # the hour, no finer
    sa.Column("revoked_at", Timestamp, nullable=True),
    sa.Column("revoked_by", sa.String(200), nullable=True),
)

api_key_secrets = sa.Table(
    "api_key_secrets",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),  # SHA-256 of the whole key text
    sa.Column(
        "key_id", sa.String(12), sa.ForeignKey("api_keys.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("valid_until", Timestamp, nullable=True),  # None for the newest; set by rotation
)
