"""The sample exchange really fetches, into its own bank, as a source of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.banks.entries import list_entries, list_fingerprints
from holdfast.banks.sources import list_sources
from holdfast.errors import NotFoundError
from holdfast.exchanges.sample import SAMPLE_MD5, SAMPLE_PDQ, fetch_sample
from holdfast.exchanges.service import create_exchange, get_exchange
from holdfast.media.pool import DecodePool
from holdfast.records.database import Database
from holdfast.records.tables.exchanges import exchanges
from holdfast.screening.outcome import OutcomeKind
from holdfast.screening.screener import Screener

EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"


def test_every_example_is_an_entry_of_its_own(database: Database) -> None:
    with database.write() as connection:
        create_exchange(connection, "SAMPLE", "sample", {})
    done = fetch_sample(database, "SAMPLE")
    assert (done.fetch_succeeded, done.up_to_date, done.fetched_items) == (True, True, 17)
    assert done.fetched_at is not None and done.fetch_started_at is None
    with database.read() as connection:
        found = list_entries(connection, done.bank_id)
        values = [one.value for entry in found for one in list_fingerprints(connection, entry.id)]
        (source,) = list_sources(connection)
    assert len(found) == len(SAMPLE_PDQ) + len(SAMPLE_MD5)
    assert {value.hex() for value in values if value} == {*SAMPLE_PDQ, *SAMPLE_MD5}
    assert (source.name, source.kind) == ("sample", "sample")


def test_fetched_again_nothing_is_added_twice(database: Database) -> None:
    with database.write() as connection:
        create_exchange(connection, "SAMPLE", "sample", {})
    first = fetch_sample(database, "SAMPLE")
    fetch_sample(database, "SAMPLE")
    with database.read() as connection:
        assert len(list_entries(connection, first.bank_id)) == 17


def test_a_fetch_that_fails_says_so_and_adds_nothing(database: Database) -> None:
    with database.write() as connection:
        made = create_exchange(connection, "SAMPLE", "sample", {})
        missing = sa.update(exchanges).where(exchanges.c.id == made.id).values(name="OTHER")
        connection.execute(missing)
    with pytest.raises(NotFoundError):
        fetch_sample(database, "SAMPLE")
    with database.read() as connection:
        assert get_exchange(connection, "OTHER").fetch_succeeded is None


def test_no_example_is_the_empty_file() -> None:
    assert EMPTY_MD5 not in SAMPLE_MD5


@pytest.mark.shared_data
def test_the_published_picture_is_found(tmp_path: Path, shared_data: Path) -> None:
    picture = next((shared_data / "images" / "pdq-reference").rglob("aaa-orig.jpg"))
    with DecodePool(workers=1) as pool, Screener(tmp_path / "home", pool=pool) as screener:
        with screener.database.write() as connection:
            create_exchange(connection, "SAMPLE", "sample", {})
        fetch_sample(screener.database, "SAMPLE")
        outcome = screener.screen_file(picture)
    assert outcome.outcome is OutcomeKind.MATCH
    assert outcome.matches[0].bank == "SAMPLE" and (outcome.matches[0].distance or 0) <= 8
