"""The go-live checklist: what is seen by itself, what a person marks, what cannot be marked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.access.keys import create_first_key, create_key, revoke_key, rotate_key
from holdfast.access.roles import Role
from holdfast.banks.entries import add_entry
from holdfast.banks.models import Fingerprint
from holdfast.banks.service import create_bank
from holdfast.banks.sources import ensure_source
from holdfast.decisions.policy import DEFAULT_POLICY
from holdfast.errors import UsageError
from holdfast.records.counters import Counters
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.events import counters
from holdfast.service import checklist, facts
from holdfast.settings import ServerSettings, Settings


def states(database: Database, home: Path, **settings: object) -> dict[str, checklist.Item]:
    chosen = Settings(**settings)  # type: ignore[arg-type]
    return {item.name: item for item in checklist.items(database, chosen, home)}


def fill(connection: sa.Connection, bank_id: int, number: int) -> None:
    source = ensure_source(connection, "own", kind="own")
    made_up = Fingerprint("md5", bytes([number]) * 16)
    add_entry(connection, bank_id, label="one", added=[made_up], source_id=source.id)


def test_a_new_home_has_all_of_it_to_do(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        create_first_key(connection)
    found = states(database, tmp_path)
    assert {item.state for item in found.values()} == {"todo"}
    assert all(item.detail and item.how for item in found.values())


@pytest.mark.parametrize("name", checklist.MARKED)
def test_a_person_marks_what_no_program_sees(database: Database, tmp_path: Path, name: str) -> None:
    with database.write() as connection:
        checklist.mark(connection, name, by="key:ana", note="file L-17")
        checklist.mark(connection, name, by="key:bo", note="again")
    item = states(database, tmp_path)[name]
    assert item.state == "ok" and "key:bo" in item.detail and "again" in item.detail and item.how == ""
    with database.write() as connection:
        checklist.unmark(connection, name)
    assert states(database, tmp_path)[name].state == "todo"


@pytest.mark.parametrize("name", ["lists", "policy", "backup", "first_keys", "nonsense"])
def test_what_can_be_seen_is_not_marked(database: Database, name: str) -> None:
    with pytest.raises(UsageError, match="registration"), database.write() as connection:
        checklist.mark(connection, name, by="key:ana")
    with database.read() as connection:
        assert checklist.marks(connection) == {}


def test_a_note_has_an_end(database: Database) -> None:
    with pytest.raises(UsageError, match="500"), database.write() as connection:
        checklist.mark(connection, "tls", by="key:ana", note="x" * 501)


def test_lists_count_when_trusted_and_filled(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        create_bank(connection, "EMPTY", trusted=True)
        doubtful = create_bank(connection, "DOUBTFUL")
        fill(connection, doubtful.id, 1)
    assert states(database, tmp_path)["lists"].state == "todo"
    with database.write() as connection:
        real = create_bank(connection, "REAL", trusted=True)
        fill(connection, real.id, 2)
    item = states(database, tmp_path)["lists"]
    assert item.state == "ok" and "REAL" in item.detail and "EMPTY" not in item.detail


def test_policy_rows_need_names(database: Database, tmp_path: Path) -> None:
    item = states(database, tmp_path)["policy"]
    assert item.state == "todo" and "private-us" in item.detail and "private-eea" not in item.detail
    text = DEFAULT_POLICY.read_text(encoding="utf-8")
    confirmed = text.replace(
        'action = "scan"\n', 'action = "scan"\nconfirmed_by = "A. Counsel, 20 October"\n'
    )
    digests = 'action = "digests_only"\n'
    confirmed = confirmed.replace(digests, digests + 'confirmed_by = "A. Counsel, 20 October"\n')
    (tmp_path / "policy.toml").write_text(confirmed, encoding="utf-8")
    assert states(database, tmp_path)["policy"].state == "ok"
    (tmp_path / "policy.toml").write_text("nonsense", encoding="utf-8")
    assert states(database, tmp_path)["policy"].state == "problem"


def test_a_week_in_shadow_is_seen_in_the_counters(database: Database, tmp_path: Path) -> None:
    counting = Counters(database)
    counting.add("decided.shadow", rule="hostile-file-trial")
    counting.flush()
    assert "0 of 7 days" in states(database, tmp_path)["shadow_week"].detail
    with database.write() as connection:
        row = connection.execute(sa.select(counters)).one()
        earlier = {**row._mapping, "bucket": row.bucket - timedelta(days=8)}
        connection.execute(sa.insert(counters).values(earlier))
    assert states(database, tmp_path)["shadow_week"].state == "ok"


def test_backups_grow_old(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        facts.stamp(connection, facts.BACKUP)
    assert states(database, tmp_path)["backup"].state == "ok"
    with database.write() as connection:
        facts.stamp(connection, facts.BACKUP, now() - timedelta(days=9))
    item = states(database, tmp_path)["backup"]
    assert item.state == "warning" and "9 days" in item.detail


def test_a_public_address_without_tls_is_a_problem(database: Database, tmp_path: Path) -> None:
    found = states(database, tmp_path, server=ServerSettings(host="0.0.0.0"))
    assert found["tls"].state == "problem" and "0.0.0.0" in found["tls"].detail
    with database.write() as connection:
        checklist.mark(connection, "tls", by="local")
    assert states(database, tmp_path, server=ServerSettings(host="0.0.0.0"))["tls"].state == "ok"


def test_first_keys_are_done_when_rotated_or_revoked(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        first = create_first_key(connection)
        assert first is not None
        second = create_key(connection, name="first upload key", roles=[Role.UPLOADER], created_by="holdfast")
        create_key(connection, name="web", roles=[Role.UPLOADER], created_by="key:x")
    item = states(database, tmp_path)["first_keys"]
    assert first.key_id in item.detail and second.key_id in item.detail
    with database.write() as connection:
        rotate_key(connection, first.key_id, rotated_by="test")
        revoke_key(connection, second.key_id, revoked_by="local")
    assert states(database, tmp_path)["first_keys"].state == "ok"
