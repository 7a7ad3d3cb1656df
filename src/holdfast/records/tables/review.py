"""People's work: cases, what lies in them, notices and appeals, what was decided and by whom.

A case is centred on an account. Its `fence` grows by one with every lease: who holds an older number has lost
the case. Its `version` grows with everything that is added: a decision names the version that was looked at.
What people wrote (messages, notices, appeals) is sealed; the key is outside the database. `viewing` has who
saw what.
"""

from __future__ import annotations

import sqlalchemy as sa

from holdfast.records.tables.base import BigId, Timestamp, metadata

__all__ = [
    "appeals",
    "approvals",
    "case_decisions",
    "case_items",
    "case_labels",
    "case_notes",
    "case_texts",
    "cases",
    "cluster_bands",
    "media_clusters",
    "notices",
    "second_reviews",
]

_OPEN = sa.text("state = 'open'")
_GATHERS = sa.text("gathers")
_LEASED = sa.text("lease_owner IS NOT NULL")
_WAITING = sa.text("state = 'waiting'")
_ASKED = sa.text("verdict IS NULL")
_UNDONE = sa.text("at IS NULL")
LABELS = "('A1', 'A2', 'B1', 'B2', 'none')"

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("account", sa.String(255), nullable=True),  # the platform's name of it
    sa.Column("kind", sa.String(10), nullable=False),  # what opened it: "match" | "notice" | "text"
    sa.Column("surface", sa.String(10), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),  # 0: imminent danger, then 1 (first) to 5
    sa.Column("imminent_at", Timestamp, nullable=True),
    sa.Column("imminent_by", sa.String(200), nullable=True),
    sa.Column("gathers", sa.Boolean, nullable=False),  # takes in what comes of its account: one open case
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("media_count", sa.Integer, nullable=False),
    sa.Column("text_count", sa.Integer, nullable=False),  # notices and batches of messages
    sa.Column("incident_type", sa.String(80), nullable=True),
    sa.Column("annotations", sa.JSON, nullable=False),  # of the whole report, in the CyberTipline's words
    sa.Column("opened_at", Timestamp, nullable=False),
    sa.Column("opened_by", sa.String(200), nullable=False),
    sa.Column("due_at", Timestamp, nullable=False),  # its clock: an alarm until it is decided
    sa.Column("alarmed_at", Timestamp, nullable=True),  # the last alarm
    sa.Column("updated_at", Timestamp, nullable=False),
    sa.Column("closed_at", Timestamp, nullable=True),
    sa.Column("lease_owner", sa.String(200), nullable=True),
    sa.Column("lease_until", Timestamp, nullable=True),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("merged_into", BigId, nullable=True),
    sa.Column("earlier_case", BigId, nullable=True),  # of the same account, or the one it was split from
    sa.CheckConstraint("kind IN ('match', 'notice', 'text')", name="kind"),
    sa.CheckConstraint("state IN ('open', 'waiting', 'decided', 'merged')", name="state"),
    sa.CheckConstraint("priority BETWEEN 0 AND 5", name="priority"),
    sa.CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="lease"),
    sa.Index("ix_cases_queue", "state", "priority", "due_at", "id"),  # partial, SQLite would not take it
    sa.Index("ix_cases_kind_queue", "kind", "state", "priority", "due_at", "id"),
    sa.Index("ix_cases_due", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("uq_cases_gathers", "account", unique=True, sqlite_where=_GATHERS, postgresql_where=_GATHERS),
    sa.Index("ix_cases_lease", "lease_owner", sqlite_where=_LEASED, postgresql_where=_LEASED),
    sa.Index("ix_cases_account_id", "account", "id"),
    sa.Index("ix_cases_state_id", "state", "id"),
    sa.Index("ix_cases_state_opened_at", "state", "opened_at"),
    sa.Index("ix_cases_state_closed_at", "state", "closed_at"),
)

# Copies of one content, in whatever cases: decided once for all of them. The hashes are forgotten when no
# copy is held any more.
media_clusters = sa.Table(
    "media_clusters",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=True, index=True),  # SHA-256 of the first copy
    sa.Column("code", sa.LargeBinary, nullable=True),  # its PDQ
    sa.Column("exact_entry", BigId, nullable=True, index=True),  # the entry that lists this very file
    sa.Column("members", sa.Integer, nullable=False),
    sa.Column("made_at", Timestamp, nullable=False),
    sa.Column("verdict", sa.String(10), nullable=True),  # of the latest decision that is in force
    sa.Column("label", sa.String(4), nullable=True),
    sa.Column("not_a_match", sa.String(30), nullable=True),
    sa.Column("annotations", sa.JSON, nullable=False),
    sa.Column("decided_by", sa.String(200), nullable=True),
    sa.Column("decided_at", Timestamp, nullable=True),
    sa.Column("decided_case", BigId, nullable=True),
    sa.CheckConstraint("verdict IN ('confirm', 'dispute')", name="verdict"),
)

# A code in 16 pieces of 16 bits: two codes within 15 bits share a piece (pigeonhole).
cluster_bands = sa.Table(
    "cluster_bands",
    metadata,
    sa.Column("band", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("value", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column(
        "cluster_id",
        BigId,
        sa.ForeignKey("media_clusters.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    ),
)

case_items = sa.Table(
    "case_items",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("case_id", BigId, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("cluster_id", BigId, sa.ForeignKey("media_clusters.id"), nullable=True, index=True),
    sa.Column("event_id", BigId, nullable=True, unique=True),  # no foreign key: events are pruned
    sa.Column("item_id", sa.String(32), nullable=True, index=True),  # the held content in the vault
    sa.Column("content_reference", sa.String(500), nullable=True),
    sa.Column("medium", sa.String(10), nullable=False),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("rule", sa.String(100), nullable=False),
    sa.Column("rule_class", sa.String(40), nullable=False),
    sa.Column("entry_id", BigId, nullable=True),  # the entry that the rule held on
    sa.Column("bank_id", BigId, nullable=True),
    sa.Column("trusted", sa.Boolean, nullable=False),
    sa.Column("algorithm", sa.String(20), nullable=True),  # the technique that the rule held on
    sa.Column("matches", sa.JSON, nullable=False),  # as `decisions.facts.MatchFacts.to_json` has them
    sa.Column("context", sa.JSON, nullable=False),  # as `decisions.facts.Context.to_json`
    sa.Column("added_at", Timestamp, nullable=False),
    sa.Column("label", sa.String(4), nullable=True),
    sa.Column("not_a_match", sa.String(30), nullable=True),  # why, where the label is "none"
    sa.Column("annotations", sa.JSON, nullable=False),  # of the file, in the CyberTipline's words
    sa.Column("labelled_by", sa.String(200), nullable=True),
    sa.Column("labelled_at", Timestamp, nullable=True),
    sa.Column("verdict", sa.String(10), nullable=True),  # of the decision that is in force
    sa.CheckConstraint(f"label IN {LABELS}", name="label"),
    sa.CheckConstraint("verdict IN ('confirm', 'dispute')", name="verdict"),
    sa.Index("ix_case_items_case_id_id", "case_id", "id"),
    sa.Index("ix_case_items_bank_id_case_id", "bank_id", "case_id"),
)

# Everything that was ever said of a file; the row of `case_items` has what stands.
case_labels = sa.Table(
    "case_labels",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("case_item_id", BigId, sa.ForeignKey("case_items.id"), nullable=False, index=True),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("label", sa.String(4), nullable=False),
    sa.Column("not_a_match", sa.String(30), nullable=True),
    sa.Column("annotations", sa.JSON, nullable=False),
    sa.Column("at", Timestamp, nullable=False),
    sa.CheckConstraint(f"label IN {LABELS}", name="label"),
)

# Messages in batches: one key wrapped for each, not for each message.
case_texts = sa.Table(
    "case_texts",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("case_id", BigId, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("name", sa.String(32), nullable=False, unique=True),  # what the sealed text is bound to
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("messages", sa.Integer, nullable=False),
    sa.Column("added_at", Timestamp, nullable=False),
    sa.Column("added_by", sa.String(200), nullable=False),
)

case_notes = sa.Table(
    "case_notes",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("case_id", BigId, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("text", sa.String(4000), nullable=False),
    sa.Column("at", Timestamp, nullable=False),
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("reference", sa.String(32), nullable=False, unique=True),  # what the sender was told
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("case_id", BigId, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # text, contact, addresses
    sa.Column("content_references", sa.JSON, nullable=False),
    sa.Column("known_copies", sa.Integer, nullable=False),  # acted on at once
    sa.Column("received_at", Timestamp, nullable=False),
    sa.Column("received_by", sa.String(200), nullable=False),  # a key, or the public form
    sa.Column("due_at", Timestamp, nullable=False),
    sa.Column("outcome", sa.String(20), nullable=True),
    sa.Column("closed_at", Timestamp, nullable=True),
    sa.CheckConstraint("(outcome IS NULL) = (closed_at IS NULL)", name="closed"),
)

case_decisions = sa.Table(
    "case_decisions",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("case_id", BigId, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),  # of the case, from 1
    sa.Column("outcome", sa.String(10), nullable=False),
    sa.Column("account_action", sa.String(20), nullable=True),  # what the platform is asked to do
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("verdicts", sa.JSON, nullable=False),  # {case item: "confirm" | "dispute"}
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("at", Timestamp, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("in_force_after", Timestamp, nullable=False),  # until then it can be undone
    sa.Column("ended_at", Timestamp, nullable=True),  # in force, undone, refused or overturned then
    sa.Column("ended_by", sa.String(200), nullable=True),
    sa.UniqueConstraint("case_id", "revision"),
    sa.CheckConstraint("outcome IN ('report', 'hold', 'release', 'nothing')", name="outcome"),
    sa.CheckConstraint(
        "state IN ('waiting', 'approval', 'in_force', 'undone', 'refused', 'overturned')", name="state"
    ),
    sa.Index(
        "ix_case_decisions_waiting",
        "in_force_after",
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
    sa.Index("ix_case_decisions_state_id", "state", "id"),
)

appeals = sa.Table(
    "appeals",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("reference", sa.String(32), nullable=False, unique=True),
    sa.Column("case_id", BigId, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("decision_id", BigId, sa.ForeignKey("case_decisions.id"), nullable=False),  # appealed against
    sa.Column("answer_id", BigId, nullable=True),  # the decision that overturns it
    sa.Column("not_a_match", sa.String(30), nullable=True),  # why it does
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("received_at", Timestamp, nullable=False),
    sa.Column("received_by", sa.String(200), nullable=False),
    sa.Column("due_at", Timestamp, nullable=False),
    sa.Column("outcome", sa.String(12), nullable=True),
    sa.Column("statement", sa.String(2000), nullable=True),  # of reasons, for the person; names no list
    sa.Column("decided_by", sa.String(200), nullable=True),
    sa.Column("decided_at", Timestamp, nullable=True),
    sa.CheckConstraint("outcome IN ('upheld', 'overturned')", name="outcome"),
    sa.CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided"),
)

# What needs a second person: asked for by one, answered by another.
approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("target", sa.String(100), nullable=False),  # "case:17", "item:0f3c..."
    sa.Column("case_id", BigId, nullable=True, index=True),
    sa.Column("decision_id", BigId, nullable=True, index=True),
    sa.Column("why", sa.String(500), nullable=False),
    sa.Column("asked_by", sa.String(200), nullable=False),
    sa.Column("asked_at", Timestamp, nullable=False),
    sa.Column("alone_after", Timestamp, nullable=True),  # the same person may answer then; None: never
    sa.Column("expires_at", Timestamp, nullable=True),
    sa.Column("verdict", sa.String(10), nullable=True),
    sa.Column("answered_by", sa.String(200), nullable=True),
    sa.Column("answered_at", Timestamp, nullable=True),
    sa.Column("was_alone", sa.Boolean, nullable=False),
    sa.Column("used_at", Timestamp, nullable=True),  # an approval opens once
    sa.CheckConstraint("kind IN ('clear_trusted', 'open_outside_case')", name="kind"),
    sa.CheckConstraint("verdict IN ('approved', 'refused')", name="verdict"),
    sa.CheckConstraint("(verdict IS NULL) = (answered_at IS NULL)", name="answered"),
    sa.Index("ix_approvals_asked", "id", sqlite_where=_ASKED, postgresql_where=_ASKED),
)

second_reviews = sa.Table(
    "second_reviews",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("case_item_id", BigId, sa.ForeignKey("case_items.id"), nullable=False, unique=True),
    sa.Column("first_person", sa.String(200), nullable=False),
    sa.Column("first_label", sa.String(4), nullable=False),
    sa.Column("asked_at", Timestamp, nullable=False),
    sa.Column("person", sa.String(200), nullable=True),
    sa.Column("label", sa.String(4), nullable=True),
    sa.Column("at", Timestamp, nullable=True),
    sa.CheckConstraint(f"label IN {LABELS}", name="label"),
    sa.CheckConstraint("(at IS NULL) = (label IS NULL)", name="done"),
    sa.Index("ix_second_reviews_undone", "id", sqlite_where=_UNDONE, postgresql_where=_UNDONE),
    sa.Index("ix_second_reviews_at", "at"),
)
