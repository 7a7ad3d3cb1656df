"""Entries: recognised by what they share, listed by pages, changed, removed."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from holdfast.banks import entries
from holdfast.banks.log import last_position, read_since
from holdfast.banks.models import Bank, Fingerprint, Source
from holdfast.banks.opinions import opinions_of
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from tests.banks.conftest import digest, pdq


def add(
    connection: sa.Connection, bank: Bank, source: Source, *added: Fingerprint, label: str = ""
) -> entries.AddedEntry:
    return entries.add_entry(connection, bank.id, label=label, added=added, source_id=source.id)


def test_an_entry_keeps_what_it_was_given(database: Database, bank: Bank, own: Source) -> None:
    fingerprints = [pdq(1, quality=77), pdq(1, "nearest-512"), digest("md5", 1, size_bytes=12)]
    with database.write() as connection:
        added = entries.add_entry(
            connection,
            bank.id,
            label="a cat.jpg",
            added=fingerprints,
            source_id=own.id,
            classification="B2",
            medium="image",
            note="n",
            provenance="folder/a cat.jpg",
        )
    assert (added.is_new, added.fingerprints_added) == (True, 3)
    with database.read() as connection:
        entry = entries.get_entry(connection, added.entry.id)
        stored = entries.list_fingerprints(connection, entry.id)
        said = opinions_of(connection, [one.id for one in stored])
    assert (entry.label, entry.classification, entry.note, entry.disabled_until) == (
        "a cat.jpg",
        "B2",
        "n",
        None,
    )
    assert [
        Fingerprint(one.algorithm, one.value or b"", one.convention, one.quality, one.size_bytes)
        for one in stored
    ] == fingerprints
    assert all(one.active for one in stored)
    assert {opinion.provenance for each in said.values() for opinion in each} == {"folder/a cat.jpg"}


def test_content_is_recognised_by_what_it_shares_most(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        first = add(connection, bank, own, pdq(1), label="first")
        second = add(connection, bank, own, pdq(2), digest("md5", 2), label="second")
        again = add(connection, bank, own, pdq(1), pdq(2), digest("md5", 2), digest("sha1", 2))
        assert (again.entry, again.is_new, again.fingerprints_added) == (second.entry, False, 2)
        same = add(connection, bank, own, pdq(1), label="other label")
        assert (same.entry, same.is_new, same.fingerprints_added) == (first.entry, False, 0)
        assert add(connection, bank, own, pdq(1, "unknown")).is_new


def test_another_bank_has_its_own_entries(database: Database, bank: Bank, own: Source) -> None:
    from holdfast.banks.service import create_bank

    with database.write() as connection:
        add(connection, bank, own, pdq(1))
        assert add(connection, create_bank(connection, "b"), own, pdq(1)).is_new


def test_a_thousand_fingerprints_of_one_content(database: Database, bank: Bank, own: Source) -> None:
    many = [pdq(number) for number in range(1_500)] * 2
    with database.write() as connection:
        assert add(connection, bank, own, *many).fingerprints_added == 1_500
        assert add(connection, bank, own, *many).fingerprints_added == 0
        assert last_position(connection) == 1_500


def test_nothing_to_add_is_refused(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection, pytest.raises(UsageError, match="no fingerprint"):
        add(connection, bank, own)


def test_an_unknown_bank_is_a_conflict_and_leaves_nothing(database: Database, own: Source) -> None:
    with pytest.raises(ConflictError), database.write() as connection:
        entries.add_entry(connection, 99, label="", added=[pdq(1)], source_id=own.id)
    with database.read() as connection:
        assert entries.list_entries(connection) == []


@pytest.mark.parametrize("wrong", [{"classification": "C1"}, {"medium": "smell"}, {"label": "x" * 501}])
def test_what_cannot_be_is_refused(
    database: Database, bank: Bank, own: Source, wrong: dict[str, str]
) -> None:
    with database.write() as connection, pytest.raises(UsageError, match="Nothing"):
        entries.add_entry(
            connection,
            bank.id,
            **{"label": "", "added": [pdq(1)], "source_id": own.id, **wrong},  # type: ignore[arg-type]
        )


def test_pages_cover_all_once_in_order(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        ids = [add(connection, bank, own, pdq(number)).entry.id for number in range(25)]
        found: list[int] = []
        while page := entries.list_entries(connection, bank.id, after_id=found[-1] if found else 0, limit=10):
            found.extend(entry.id for entry in page)
    assert found == ids


def test_search(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        cat = add(connection, bank, own, pdq("cat"), label="A_Cat 100%.JPG").entry
        dog = add(connection, bank, own, pdq("dog"), label="ADCat 100x.jpg").entry
        entries.update_entry(connection, dog.id, classification="A1", note="Barks")

        def ids(**conditions: object) -> list[int]:
            return [entry.id for entry in entries.list_entries(connection, **conditions)]  # type: ignore[arg-type]

        assert ids(text="a_cat") == [cat.id]
        assert ids(text="100%") == [cat.id]
        assert ids(text="bark") == [dog.id]
        assert ids(classification="A1") == [dog.id]
        assert ids(fingerprint=("pdq", pdq("cat").value)) == [cat.id]
        assert ids(bank_id=bank.id + 1) == []


def test_update_changes_what_is_given_only(database: Database, bank: Bank, own: Source) -> None:
    later = now() + timedelta(days=2)
    with database.write() as connection:
        entry = add(connection, bank, own, pdq(1), label="l").entry
        changed = entries.update_entry(connection, entry.id, classification="A2", disabled_until=later)
        assert (changed.label, changed.classification, changed.disabled_until) == ("l", "A2", later)
        changed = entries.update_entry(connection, entry.id, label="m")
        assert (changed.label, changed.classification, changed.disabled_until) == ("m", "A2", later)
        changed = entries.update_entry(connection, entry.id, classification=None, disabled_until=None)
        assert (changed.classification, changed.disabled_until) == (None, None)
        with pytest.raises(NotFoundError):
            entries.update_entry(connection, entry.id + 1, label="x")


def test_remove_takes_all_with_it_and_tells_the_indexes(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        entry = add(connection, bank, own, pdq(1), digest("md5", 1)).entry
        stored = entries.list_fingerprints(connection, entry.id)
    with database.write() as connection:
        entries.remove_entry(connection, entry.id)
    with database.read() as connection:
        assert [(change.fingerprint_id, change.value) for change in read_since(connection, 2)] == [
            (one.id, None) for one in stored
        ]
        assert opinions_of(connection, [one.id for one in stored]) == {}
    with database.write() as connection, pytest.raises(NotFoundError):
        entries.remove_entry(connection, entry.id)


def test_a_label_is_one_line_that_can_be_written(database: Database, bank: Bank, own: Source) -> None:
    with database.write() as connection:
        entry = add(connection, bank, own, pdq(1), label="two\nlines\u2028 \udcff ünd\x00").entry
    assert entry.label == "two lines  ? ünd"


@pytest.mark.parametrize(
    ("algorithm", "value", "convention", "quality", "size_bytes"),
    [
        ("sha3", bytes(32), "", None, None),
        ("pdq", bytes(31), "full", None, None),
        ("pdq", bytes(32), "", None, None),
        ("md5", bytes(16), "full", None, None),
        ("pdq", bytes(32), "full", 101, None),
        ("md5", bytes(16), "", None, -1),
    ],
)
def test_a_fingerprint_that_cannot_be_is_refused(
    algorithm: str, value: bytes, convention: str, quality: int | None, size_bytes: int | None
) -> None:
    with pytest.raises(UsageError, match="Nothing was added"):
        Fingerprint(algorithm, value, convention, quality, size_bytes)


def test_a_value_does_not_show_when_printed() -> None:
    assert "value" not in repr(pdq(1))
