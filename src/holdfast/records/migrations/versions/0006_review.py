"""Review: cases, notices, appeals, decisions of people, the view ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def big_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def index(name: str, table: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    only = None if where is None else sa.text(where)
    op.create_index(op.f(name), table, list(columns), unique=unique, sqlite_where=only, postgresql_where=only)


def upgrade() -> None:
    _cases()
    _media_clusters()
    _cluster_bands()
    _case_items()
    _case_labels()
    _case_texts()
    _case_notes()
    _notices()
    _case_decisions()
    _appeals()
    _approvals()
    _second_reviews()
    _media_grants()
    _media_shapes()
    _media_served()
    _view_events()
    _attestations()
    _exposures()
    _exposures_avoided()
    _reviewers()


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("account", sa.String(length=255), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("surface", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        moment("imminent_at", nullable=True),
        sa.Column("imminent_by", sa.String(length=200), nullable=True),
        sa.Column("gathers", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("media_count", sa.Integer(), nullable=False),
        sa.Column("text_count", sa.Integer(), nullable=False),
        sa.Column("incident_type", sa.String(length=80), nullable=True),
        sa.Column("annotations", sa.JSON(), nullable=False),
        moment("opened_at"),
        sa.Column("opened_by", sa.String(length=200), nullable=False),
        moment("due_at"),
        moment("alarmed_at", nullable=True),
        moment("updated_at"),
        moment("closed_at", nullable=True),
        sa.Column("lease_owner", sa.String(length=200), nullable=True),
        moment("lease_until", nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("merged_into", big_id(), nullable=True),
        sa.Column("earlier_case", big_id(), nullable=True),
        sa.CheckConstraint("kind IN ('match', 'notice', 'text')", name=op.f("ck_cases_kind")),
        sa.CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name=op.f("ck_cases_lease")),
        sa.CheckConstraint("priority BETWEEN 0 AND 5", name=op.f("ck_cases_priority")),
        sa.CheckConstraint("state IN ('open', 'waiting', 'decided', 'merged')", name=op.f("ck_cases_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    index("ix_cases_account_id", "cases", "account", "id")
    index("ix_cases_due", "cases", "due_at", where="state = 'open'")
    index("ix_cases_kind_queue", "cases", "kind", "state", "priority", "due_at", "id")
    index("ix_cases_lease", "cases", "lease_owner", where="lease_owner IS NOT NULL")
    index("ix_cases_queue", "cases", "state", "priority", "due_at", "id")
    index("ix_cases_state_closed_at", "cases", "state", "closed_at")
    index("ix_cases_state_id", "cases", "state", "id")
    index("ix_cases_state_opened_at", "cases", "state", "opened_at")
    index("uq_cases_gathers", "cases", "account", unique=True, where="gathers")


def _media_clusters() -> None:
    op.create_table(
        "media_clusters",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("code", sa.LargeBinary(), nullable=True),
        sa.Column("exact_entry", big_id(), nullable=True),
        sa.Column("members", sa.Integer(), nullable=False),
        moment("made_at"),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("label", sa.String(length=4), nullable=True),
        sa.Column("not_a_match", sa.String(length=30), nullable=True),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        moment("decided_at", nullable=True),
        sa.Column("decided_case", big_id(), nullable=True),
        sa.CheckConstraint("verdict IN ('confirm', 'dispute')", name=op.f("ck_media_clusters_verdict")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_clusters")),
    )
    index("ix_media_clusters_digest", "media_clusters", "digest")
    index("ix_media_clusters_exact_entry", "media_clusters", "exact_entry")


def _cluster_bands() -> None:
    op.create_table(
        "cluster_bands",
        sa.Column("band", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cluster_id", big_id(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["media_clusters.id"],
            name=op.f("fk_cluster_bands_cluster_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("band", "value", "cluster_id", name=op.f("pk_cluster_bands")),
    )
    index("ix_cluster_bands_cluster_id", "cluster_bands", "cluster_id")


def _case_items() -> None:
    op.create_table(
        "case_items",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("case_id", big_id(), nullable=False),
        sa.Column("cluster_id", big_id(), nullable=True),
        sa.Column("event_id", big_id(), nullable=True),
        sa.Column("item_id", sa.String(length=32), nullable=True),
        sa.Column("content_reference", sa.String(length=500), nullable=True),
        sa.Column("medium", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("rule_class", sa.String(length=40), nullable=False),
        sa.Column("entry_id", big_id(), nullable=True),
        sa.Column("bank_id", big_id(), nullable=True),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("algorithm", sa.String(length=20), nullable=True),
        sa.Column("matches", sa.JSON(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        moment("added_at"),
        sa.Column("label", sa.String(length=4), nullable=True),
        sa.Column("not_a_match", sa.String(length=30), nullable=True),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("labelled_by", sa.String(length=200), nullable=True),
        moment("labelled_at", nullable=True),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.CheckConstraint("label IN ('A1', 'A2', 'B1', 'B2', 'none')", name=op.f("ck_case_items_label")),
        sa.CheckConstraint("verdict IN ('confirm', 'dispute')", name=op.f("ck_case_items_verdict")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_items_case_id")),
        sa.ForeignKeyConstraint(["cluster_id"], ["media_clusters.id"], name=op.f("fk_case_items_cluster_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_items")),
        sa.UniqueConstraint("event_id", name=op.f("uq_case_items_event_id")),
    )
    index("ix_case_items_bank_id_case_id", "case_items", "bank_id", "case_id")
    index("ix_case_items_case_id_id", "case_items", "case_id", "id")
    index("ix_case_items_cluster_id", "case_items", "cluster_id")
    index("ix_case_items_item_id", "case_items", "item_id")


def _case_labels() -> None:
    op.create_table(
        "case_labels",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("case_item_id", big_id(), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("label", sa.String(length=4), nullable=False),
        sa.Column("not_a_match", sa.String(length=30), nullable=True),
        sa.Column("annotations", sa.JSON(), nullable=False),
        moment("at"),
        sa.CheckConstraint("label IN ('A1', 'A2', 'B1', 'B2', 'none')", name=op.f("ck_case_labels_label")),
        sa.ForeignKeyConstraint(
            ["case_item_id"], ["case_items.id"], name=op.f("fk_case_labels_case_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_labels")),
    )
    index("ix_case_labels_case_item_id", "case_labels", "case_item_id")


def _case_texts() -> None:
    op.create_table(
        "case_texts",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("case_id", big_id(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        moment("added_at"),
        sa.Column("added_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_texts_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_texts")),
        sa.UniqueConstraint("name", name=op.f("uq_case_texts_name")),
    )
    index("ix_case_texts_case_id", "case_texts", "case_id")


def _case_notes() -> None:
    op.create_table(
        "case_notes",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("case_id", big_id(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("text", sa.String(length=4000), nullable=False),
        moment("at"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_notes_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notes")),
    )
    index("ix_case_notes_case_id", "case_notes", "case_id")


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("case_id", big_id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("content_references", sa.JSON(), nullable=False),
        sa.Column("known_copies", sa.Integer(), nullable=False),
        moment("received_at"),
        sa.Column("received_by", sa.String(length=200), nullable=False),
        moment("due_at"),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        moment("closed_at", nullable=True),
        sa.CheckConstraint("(outcome IS NULL) = (closed_at IS NULL)", name=op.f("ck_notices_closed")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notices_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("reference", name=op.f("uq_notices_reference")),
    )
    index("ix_notices_case_id", "notices", "case_id")


def _case_decisions() -> None:
    op.create_table(
        "case_decisions",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("case_id", big_id(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("account_action", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("verdicts", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        moment("at"),
        sa.Column("state", sa.String(length=12), nullable=False),
        moment("in_force_after"),
        moment("ended_at", nullable=True),
        sa.Column("ended_by", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('report', 'hold', 'release', 'nothing')", name=op.f("ck_case_decisions_outcome")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'approval', 'in_force', 'undone', 'refused', 'overturned')",
            name=op.f("ck_case_decisions_state"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_decisions_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_decisions")),
        sa.UniqueConstraint("case_id", "revision", name=op.f("uq_case_decisions_case_id_revision")),
    )
    index("ix_case_decisions_state_id", "case_decisions", "state", "id")
    index("ix_case_decisions_waiting", "case_decisions", "in_force_after", where="state = 'waiting'")


def _appeals() -> None:
    op.create_table(
        "appeals",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("case_id", big_id(), nullable=False),
        sa.Column("decision_id", big_id(), nullable=False),
        sa.Column("answer_id", big_id(), nullable=True),
        sa.Column("not_a_match", sa.String(length=30), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        moment("received_at"),
        sa.Column("received_by", sa.String(length=200), nullable=False),
        moment("due_at"),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("statement", sa.String(length=2000), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        moment("decided_at", nullable=True),
        sa.CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name=op.f("ck_appeals_decided")),
        sa.CheckConstraint("outcome IN ('upheld', 'overturned')", name=op.f("ck_appeals_outcome")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_appeals_case_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["case_decisions.id"], name=op.f("fk_appeals_decision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
        sa.UniqueConstraint("reference", name=op.f("uq_appeals_reference")),
    )
    index("ix_appeals_case_id", "appeals", "case_id")


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("target", sa.String(length=100), nullable=False),
        sa.Column("case_id", big_id(), nullable=True),
        sa.Column("decision_id", big_id(), nullable=True),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        moment("asked_at"),
        moment("alone_after", nullable=True),
        moment("expires_at", nullable=True),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("answered_by", sa.String(length=200), nullable=True),
        moment("answered_at", nullable=True),
        sa.Column("was_alone", sa.Boolean(), nullable=False),
        moment("used_at", nullable=True),
        sa.CheckConstraint("(verdict IS NULL) = (answered_at IS NULL)", name=op.f("ck_approvals_answered")),
        sa.CheckConstraint("kind IN ('clear_trusted', 'open_outside_case')", name=op.f("ck_approvals_kind")),
        sa.CheckConstraint("verdict IN ('approved', 'refused')", name=op.f("ck_approvals_verdict")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    index("ix_approvals_asked", "approvals", "id", where="verdict IS NULL")
    index("ix_approvals_case_id", "approvals", "case_id")
    index("ix_approvals_decision_id", "approvals", "decision_id")


def _second_reviews() -> None:
    op.create_table(
        "second_reviews",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("case_item_id", big_id(), nullable=False),
        sa.Column("first_person", sa.String(length=200), nullable=False),
        sa.Column("first_label", sa.String(length=4), nullable=False),
        moment("asked_at"),
        sa.Column("person", sa.String(length=200), nullable=True),
        sa.Column("label", sa.String(length=4), nullable=True),
        moment("at", nullable=True),
        sa.CheckConstraint("(at IS NULL) = (label IS NULL)", name=op.f("ck_second_reviews_done")),
        sa.CheckConstraint("label IN ('A1', 'A2', 'B1', 'B2', 'none')", name=op.f("ck_second_reviews_label")),
        sa.ForeignKeyConstraint(
            ["case_item_id"], ["case_items.id"], name=op.f("fk_second_reviews_case_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_reviews")),
        sa.UniqueConstraint("case_item_id", name=op.f("uq_second_reviews_case_item_id")),
    )
    index("ix_second_reviews_at", "second_reviews", "at")
    index("ix_second_reviews_undone", "second_reviews", "id", where="at IS NULL")


def _media_grants() -> None:
    op.create_table(
        "media_grants",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("session", sa.String(length=100), nullable=False),
        sa.Column("case_id", big_id(), nullable=True),
        sa.Column("case_item_id", big_id(), nullable=True),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=True),
        sa.Column("approval_id", big_id(), nullable=True),
        moment("granted_at"),
        moment("expires_at"),
        moment("ended_at", nullable=True),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("shown_ms", sa.BigInteger(), nullable=False),
        sa.Column("broken", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_grants")),
    )
    index("ix_media_grants_item_id", "media_grants", "item_id")
    index("ix_media_grants_person_granted_at", "media_grants", "person", "granted_at")


def _media_shapes() -> None:
    op.create_table(
        "media_shapes",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("shape", sa.String(length=10), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "shape IN ('still', 'animation', 'video', 'silent', 'sound', 'other')",
            name=op.f("ck_media_shapes_shape"),
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_media_shapes")),
    )


def _media_served() -> None:
    op.create_table(
        "media_served",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("grant_id", big_id(), nullable=True),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("case_id", big_id(), nullable=True),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("fidelity", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("first_byte", sa.BigInteger(), nullable=False),
        sa.Column("end_byte", sa.BigInteger(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=False),
        moment("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_served")),
    )
    index("ix_media_served_case_id", "media_served", "case_id")
    index("ix_media_served_grant_id", "media_served", "grant_id")
    index("ix_media_served_item_id", "media_served", "item_id")


def _view_events() -> None:
    op.create_table(
        "view_events",
        sa.Column("grant_id", big_id(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("clock_ms", sa.BigInteger(), nullable=False),
        sa.Column("from_s", sa.Float(), nullable=True),
        sa.Column("to_s", sa.Float(), nullable=True),
        moment("at"),
        sa.ForeignKeyConstraint(["grant_id"], ["media_grants.id"], name=op.f("fk_view_events_grant_id")),
        sa.PrimaryKeyConstraint("grant_id", "number", name=op.f("pk_view_events")),
    )


def _attestations() -> None:
    op.create_table(
        "attestations",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("grant_id", big_id(), nullable=False),
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        moment("at"),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("why_not", sa.String(length=40), nullable=True),
        sa.Column("shown_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("complete = (why_not IS NULL)", name=op.f("ck_attestations_complete")),
        sa.ForeignKeyConstraint(["grant_id"], ["media_grants.id"], name=op.f("fk_attestations_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestations")),
        sa.UniqueConstraint("grant_id", name=op.f("uq_attestations_grant_id")),
    )
    index("ix_attestations_item_id", "attestations", "item_id")


def _exposures() -> None:
    op.create_table(
        "exposures",
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("shown_ms", sa.BigInteger(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person", "day", name=op.f("pk_exposures")),
    )


def _exposures_avoided() -> None:
    op.create_table(
        "exposures_avoided",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "why", name=op.f("pk_exposures_avoided")),
    )


def _reviewers() -> None:
    op.create_table(
        "reviewers",
        sa.Column("person", sa.String(length=200), nullable=False),
        moment("trained_at", nullable=True),
        sa.Column("trained_by", sa.String(length=200), nullable=True),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        moment("paused_until", nullable=True),
        sa.Column("streak_ms", sa.BigInteger(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("comfort", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_reviewers")),
    )
