"""People who sign in, their sessions and passkeys; the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REFUSAL = "the audit log is append-only"


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _audit()
    if op.get_bind().dialect.name == "sqlite":
        _triggers_of_sqlite()
    else:
        _triggers_of_postgresql()
    _people()
    _links()
    _passkeys()
    _sessions()


def _audit() -> None:
    position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "audit_log",
        sa.Column("position", position, autoincrement=False, nullable=False),
        moment("at"),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("target", sa.String(length=300), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_target_position", "audit_log", ["target", "position"])
    op.create_index("ix_audit_log_actor_position", "audit_log", ["actor", "position"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.bulk_insert(head, [{"id": 1, "position": 0, "digest": bytes(32)}])


def _triggers_of_sqlite() -> None:
    for name, when in (
        ("audit_log_no_update", "BEFORE UPDATE ON audit_log"),
        ("audit_log_no_delete", "BEFORE DELETE ON audit_log"),
        ("audit_head_no_delete", "BEFORE DELETE ON audit_head"),
        ("audit_head_forward", "BEFORE UPDATE ON audit_head WHEN NEW.position <> OLD.position + 1"),
    ):
        op.execute(f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END")


def _triggers_of_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    for name, when in (
        ("audit_log_no_change", "BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW"),
        ("audit_log_no_truncate", "BEFORE TRUNCATE ON audit_log"),
        ("audit_head_no_delete", "BEFORE DELETE ON audit_head FOR EACH ROW"),
        ("audit_head_no_truncate", "BEFORE TRUNCATE ON audit_head"),
        (
            "audit_head_forward",
            "BEFORE UPDATE ON audit_head FOR EACH ROW WHEN (NEW.position <> OLD.position + 1)",
        ),
    ):
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION audit_refuse()")


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=True),
        sa.Column("issuer_subject", sa.String(length=255), nullable=True),
        sa.Column("handle", sa.LargeBinary(length=32), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("key_map", sa.JSON(), nullable=False),
        moment("created_at"),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        moment("last_sign_in_at", nullable=True),
        moment("disabled_at", nullable=True),
        sa.Column("disabled_by", sa.String(length=200), nullable=True),
        sa.CheckConstraint("theme IN ('system', 'light', 'dark')", name=op.f("ck_people_theme")),
        sa.CheckConstraint("(issuer IS NULL) = (issuer_subject IS NULL)", name=op.f("ck_people_identity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email", name=op.f("uq_people_email")),
        sa.UniqueConstraint("handle", name=op.f("uq_people_handle")),
        sa.UniqueConstraint("issuer", "issuer_subject", name=op.f("uq_people_issuer_issuer_subject")),
    )


def _links() -> None:
    op.create_table(
        "person_links",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=12), nullable=False),
        moment("created_at"),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        moment("valid_until"),
        _of_person("person_links"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_person_links")),
    )
    op.create_index("ix_person_links_person_id", "person_links", ["person_id"])


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=1023), nullable=False),
        sa.Column("person_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        moment("created_at"),
        moment("last_used_at", nullable=True),
        _of_person("passkeys"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index("ix_passkeys_person_id", "passkeys", ["person_id"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("person_id", sa.String(length=12), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("client", sa.String(length=200), nullable=False),
        moment("created_at"),
        moment("seen_at"),
        moment("expires_at"),
        sa.CheckConstraint("method IN ('link', 'passkey', 'oidc')", name=op.f("ck_sessions_method")),
        _of_person("sessions"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
        sa.UniqueConstraint("id", name=op.f("uq_sessions_id")),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "sign_ins",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        moment("valid_until"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_ins")),
    )
    op.create_index("ix_sign_ins_valid_until", "sign_ins", ["valid_until"])


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["person_id"], ["people.id"], name=op.f(f"fk_{table}_person_id"), ondelete="CASCADE"
    )
