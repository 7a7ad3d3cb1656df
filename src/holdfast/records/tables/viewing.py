"""Who saw what of held content, and how much a day does to whom.

A *grant* lets one person see one file in one session. `media_served` has the bytes that went out,
`view_events` what the browser said of its screen, with numbers without a gap; `attestations` what followed.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = [
    "attestations",
    "exposures",
    "exposures_avoided",
    "media_grants",
    "media_served",
    "media_shapes",
    "reviewers",
    "view_events",
]

_COMPLETE = sa.text("complete")

media_grants = sa.Table(
    "media_grants",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("session", sa.String(100), nullable=False),
    sa.Column("case_id", BigId, nullable=True),  # None: outside a case, by an approval
    sa.Column("case_item_id", BigId, nullable=True),
    sa.Column("item_id", sa.String(32), nullable=False, index=True),
    sa.Column("fence", sa.Integer, nullable=True),  # of the case's lease
    sa.Column("approval_id", BigId, nullable=True),
    sa.Column("granted_at", Timestamp, nullable=False),
    sa.Column("expires_at", Timestamp, nullable=False),
    sa.Column("ended_at", Timestamp, nullable=True),
    sa.Column("last_number", sa.Integer, nullable=False),  # of the browser's events so far; 0: none
    sa.Column(
        "shown_ms", sa.BigInteger, nullable=False
    ),  # unblurred so far, as it was counted for the person
    sa.Column("broken", sa.String(40), nullable=True),  # why it proves no full view, once that is known
    sa.Index("ix_media_grants_person_granted_at", "person", "granted_at"),
)

# What kind of thing a held file is, as the decode workers found it: a full view means something else
# for each kind. "silent": a video that surely has no sound track; "video": any other.
media_shapes = sa.Table(
    "media_shapes",
    metadata,
    sa.Column("item_id", sa.String(32), primary_key=True),
    sa.Column("shape", sa.String(10), nullable=False),
    sa.Column("duration_s", sa.Float, nullable=True),  # of a video or sound; None where the file does not say
    sa.CheckConstraint("shape IN ('still', 'animation', 'video', 'silent', 'sound', 'other')", name="shape"),
)

media_served = sa.Table(
    "media_served",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("grant_id", BigId, nullable=True, index=True),  # None: blurred, which needs none
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("case_id", BigId, nullable=True, index=True),
    sa.Column("item_id", sa.String(32), nullable=False, index=True),
    sa.Column("fidelity", sa.String(40), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=True),  # SHA-256 of what the range is of; forgotten with it
    sa.Column("first_byte", sa.BigInteger, nullable=False),
    sa.Column("end_byte", sa.BigInteger, nullable=False),  # the first that was not sent
    sa.Column("total_bytes", sa.BigInteger, nullable=False),
    sa.Column("at", Timestamp, nullable=False),
)

view_events = sa.Table(
    "view_events",
    metadata,
    sa.Column("grant_id", BigId, sa.ForeignKey("media_grants.id"), primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # from 1, without gaps
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("clock_ms", sa.BigInteger, nullable=False),  # of the browser, counting from the reveal
    sa.Column("from_s", sa.Float, nullable=True),  # of the timeline, where something played
    sa.Column("to_s", sa.Float, nullable=True),
    sa.Column("at", Timestamp, nullable=False),  # when it came here
)

attestations = sa.Table(
    "attestations",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("grant_id", BigId, sa.ForeignKey("media_grants.id"), nullable=False, unique=True),
    sa.Column("item_id", sa.String(32), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("at", Timestamp, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("why_not", sa.String(40), nullable=True),
    sa.Column("shown_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("complete = (why_not IS NULL)", name="complete"),
    sa.Index("ix_attestations_item_id", "item_id"),
)

exposures = sa.Table(
    "exposures",
    metadata,
    sa.Column("person", sa.String(200), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),  # UTC
    sa.Column("items", sa.Integer, nullable=False),  # files seen unblurred
    sa.Column("shown_ms", sa.BigInteger, nullable=False),
    sa.Column("severity", sa.Integer, nullable=False),  # points: see `review.wellness`
)

exposures_avoided = sa.Table(
    "exposures_avoided",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),  # UTC
    sa.Column("why", sa.String(20), primary_key=True),
    sa.Column("files", sa.Integer, nullable=False),
)

# What a person chose, and what the organisation knows of them: nobody sees media without a row.
reviewers = sa.Table(
    "reviewers",
    metadata,
    sa.Column("person", sa.String(200), primary_key=True),
    sa.Column("trained_at", Timestamp, nullable=True),
    sa.Column("trained_by", sa.String(200), nullable=True),
    sa.Column("opted_out", sa.Boolean, nullable=False),
    sa.Column("paused_until", Timestamp, nullable=True),
    sa.Column("streak_ms", sa.BigInteger, nullable=False),  # unblurred since the last pause
    sa.Column("limits", sa.JSON, nullable=False),  # their own, where lower than the organisation's
    sa.Column("comfort", sa.JSON, nullable=False),  # as `review.wellness.Comfort`
)
