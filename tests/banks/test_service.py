"""Banks: made, listed, changed, deleted with all they hold."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from holdfast.banks import service
from holdfast.banks.entries import add_entry
from holdfast.banks.log import read_since
from holdfast.banks.models import Bank, Source
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records.database import Database
from holdfast.records.tables.banks import entries, fingerprint_sources, fingerprints
from tests.banks.conftest import digest, pdq


def test_a_new_bank_is_enabled_untrusted_and_known(database: Database) -> None:
    with database.write() as connection:
        made = service.create_bank(connection, " films\n2026 ", note="a note")
    assert (made.name, made.kind, made.trusted, made.enabled) == ("films 2026", "known", False, True)
    assert (made.max_distance_bits, made.note) == (31, "a note")
    with database.read() as connection:
        assert service.get_bank(connection, "films 2026") == made


def test_banks_are_listed_by_name(database: Database) -> None:
    with database.write() as connection:
        for name in ("b", "a", "c"):
            service.create_bank(connection, name)
    with database.read() as connection:
        assert [found.name for found in service.list_banks(connection)] == ["a", "b", "c"]


def test_a_second_bank_of_one_name_is_a_conflict_and_the_rest_is_kept(database: Database, bank: Bank) -> None:
    with database.write() as connection:
        with pytest.raises(ConflictError, match="already"):
            service.create_bank(connection, bank.name)
        service.create_bank(connection, "other")
    with database.read() as connection:
        assert len(service.list_banks(connection)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "unknown"},
        {"max_distance_bits": 64},
        {"max_distance_bits": -1},
        {"note": "x" * 256},
        {"matching": "sometimes"},
        {"deep_per_hour": -1},
        {"deep_per_hour": service.MAX_DEEP_PER_HOUR + 1},
        {"deep_per_hour": 1, "matching": "classic"},
        {"deep_per_hour": 1, "kind": "benign"},
    ],
)
def test_what_cannot_be_is_refused(database: Database, wrong: dict[str, object]) -> None:
    with database.write() as connection, pytest.raises(UsageError, match="Nothing"):
        service.create_bank(connection, "x", **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", " \t", "x" * 201])
def test_a_bank_needs_a_name(database: Database, name: str) -> None:
    with database.write() as connection, pytest.raises(UsageError):
        service.create_bank(connection, name)


def test_update_changes_what_is_given_only(database: Database, bank: Bank) -> None:
    with database.write() as connection:
        changed = service.update_bank(connection, bank.name, enabled=False, max_distance_bits=0)
        assert (changed.enabled, changed.max_distance_bits, changed.trusted) == (False, 0, False)
        renamed = service.update_bank(connection, bank.name, new_name="new", trusted=True)
        assert (renamed.id, renamed.name, renamed.enabled, renamed.trusted) == (bank.id, "new", False, True)
        assert service.update_bank(connection, "new") == renamed
        with pytest.raises(NotFoundError):
            service.get_bank(connection, bank.name)


def test_only_calibrated_banks_have_deep_checks(database: Database, bank: Bank) -> None:
    assert (bank.matching, bank.deep_per_hour, bank.asks_for_deep) == ("calibrated", 0, False)
    with database.write() as connection:
        asking = service.update_bank(connection, bank.name, deep_per_hour=500)
        assert asking.asks_for_deep
        with pytest.raises(UsageError, match="calibrated"):
            service.update_bank(connection, bank.name, matching="classic")
        off = service.update_bank(connection, bank.name, matching="classic", deep_per_hour=0)
        assert (off.matching, off.asks_for_deep) == ("classic", False)
        assert not service.update_bank(
            connection, bank.name, matching="calibrated", deep_per_hour=500, enabled=False
        ).asks_for_deep


def test_renaming_to_a_taken_name_is_a_conflict(database: Database, bank: Bank) -> None:
    with database.write() as connection:
        service.create_bank(connection, "taken")
        with pytest.raises(ConflictError, match="taken"):
            service.update_bank(connection, bank.name, new_name="taken")


def test_delete_takes_all_with_it_and_tells_the_indexes(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        kept = service.create_bank(connection, "kept")
        for number in range(3):
            added = [pdq(number), digest("md5", number)]
            add_entry(connection, bank.id, label=str(number), added=added, source_id=own.id)
        add_entry(connection, kept.id, label="k", added=[pdq("k")], source_id=own.id)
        assert service.bank_counts(connection, bank.id) == service.BankCounts(3, 6, 6)
    with database.write() as connection:
        assert service.delete_bank(connection, bank.name) == 3
    with database.read() as connection:
        for table in (entries, fingerprints, fingerprint_sources):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 1
        changes = read_since(connection, 7)
        assert [change.value for change in changes] == [None] * 6
        assert [bank.name for bank in service.list_banks(connection)] == ["kept"]


def test_deleting_no_bank_is_an_error(database: Database) -> None:
    with database.write() as connection, pytest.raises(NotFoundError):
        service.delete_bank(connection, "no")


def test_ids_are_never_given_twice(database: Database, bank: Bank, own: Source) -> None:
    """An index that has not heard of a delete yet must not resolve an old hit to new content."""
    seen: set[int] = set()
    for turn in range(3):
        with database.write() as connection:
            made = service.create_bank(connection, "again")
            added = add_entry(connection, made.id, label="", added=[pdq(turn)], source_id=own.id)
        with database.read() as connection:
            ids = set(connection.scalars(sa.select(fingerprints.c.id)))
        assert not seen & (ids | {-added.entry.id})
        seen |= ids | {-added.entry.id}
        with database.write() as connection:
            service.delete_bank(connection, "again")
