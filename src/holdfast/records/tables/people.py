"""People who sign in: their roles, one-time links, passkeys, sessions, and sign-ins that are under way.

Of links and sessions only the SHA-256 is kept: whoever reads the database cannot sign in with what lies
there. Rows of people are never deleted, because the audit log names them: a person is disabled.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import Timestamp, metadata

__all__ = ["passkeys", "people", "person_links", "sessions", "sign_ins"]

people = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.String(12), primary_key=True),  # the subject is person:<id>
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("email", sa.String(254), nullable=True, unique=True),  # lower case
    sa.Column("roles", sa.JSON, nullable=False),  # names of `access.roles.Role`
    sa.Column("issuer", sa.String(500), nullable=True),  # of the identity provider that knows them
    sa.Column("issuer_subject", sa.String(255), nullable=True),  # what it calls them
    sa.Column("handle", sa.LargeBinary(32), nullable=False, unique=True),  # WebAuthn's random user handle
    sa.Column("locale", sa.String(10), nullable=False),
    sa.Column("theme", sa.String(10), nullable=False),
    sa.Column("key_map", sa.JSON, nullable=False),  # action -> key, where it is not the usual one
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("created_by", sa.String(200), nullable=False),
    sa.Column("last_sign_in_at", Timestamp, nullable=True),
    sa.Column("disabled_at", Timestamp, nullable=True),
    sa.Column("disabled_by", sa.String(200), nullable=True),
    sa.UniqueConstraint("issuer", "issuer_subject"),
    sa.CheckConstraint("theme IN ('system', 'light', 'dark')", name="theme"),
    sa.CheckConstraint("(issuer IS NULL) = (issuer_subject IS NULL)", name="identity"),
)


def _of_person() -> sa.Column[str]:
    return sa.Column(
        "person_id", sa.String(12), sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True
    )


person_links = sa.Table(
    "person_links",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    _of_person(),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("created_by", sa.String(200), nullable=False),
    sa.Column("valid_until", Timestamp, nullable=False),
)

passkeys = sa.Table(
    "passkeys",
    metadata,
    sa.Column("id", sa.String(12), primary_key=True),  # for pages and the audit log
    sa.Column("credential_id", sa.LargeBinary(1023), nullable=False, unique=True),
    _of_person(),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False),  # COSE
    sa.Column("sign_count", sa.BigInteger, nullable=False),  # 0 for ever where the device does not count
    sa.Column("transports", sa.JSON, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("last_used_at", Timestamp, nullable=True),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("id", sa.String(12), nullable=False, unique=True),  # for pages and the audit log
    _of_person(),
    sa.Column("method", sa.String(10), nullable=False),  # "link" | "passkey" | "oidc"
    sa.Column("address", sa.String(45), nullable=True),
    sa.Column("client", sa.String(200), nullable=False),  # as the browser names itself
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("seen_at", Timestamp, nullable=False),  # the minute, no finer
    sa.Column("expires_at", Timestamp, nullable=False),
    sa.CheckConstraint("method IN ('link', 'passkey', 'oidc')", name="method"),
    sa.Index("ix_sessions_expires_at", "expires_at"),
)

# A sign-in between its first request and its last: taken, and deleted, once.
sign_ins = sa.Table(
    "sign_ins",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),  # of the random value in the browser's cookie
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("valid_until", Timestamp, nullable=False, index=True),
)
