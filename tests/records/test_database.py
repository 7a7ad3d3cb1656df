"""Transactions and errors of the one door to the records, on both databases."""

from __future__ import annotations

import sqlite3
import threading
import traceback
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.errors import (
    ConflictError,
    RecordsError,
    RecordsUnavailableError,
    SchemaVersionError,
    SettingsError,
)
from holdfast.records.database import Database, sqlite_url
from holdfast.records.tables.banks import banks, sources
from holdfast.records.tables.base import now
from tests.conftest import PrepareSqlite
from tests.databases import PostgresServer


def add_source(connection: sa.Connection, name: str, created_at: datetime | None = None) -> None:
    connection.execute(
        sources.insert().values(name=name, kind="own", handling={}, created_at=created_at or now())
    )


def source_names(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(sa.select(sources.c.name).order_by(sources.c.name)))


def test_a_write_is_all_or_nothing(database: Database) -> None:
    with database.write() as connection:
        add_source(connection, "kept")
    with pytest.raises(KeyboardInterrupt), database.write() as connection:
        add_source(connection, "lost")
        raise KeyboardInterrupt
    assert source_names(database) == ["kept"]


def test_a_read_sees_one_moment_and_blocks_no_writer(database: Database) -> None:
    with database.write() as connection:
        add_source(connection, "first")
    count = sa.select(sa.func.count()).select_from(sources)
    with database.read() as reader:
        assert reader.scalar(count) == 1
        with database.write() as writer:
            add_source(writer, "second")
        assert reader.scalar(count) == 1
    assert source_names(database) == ["first", "second"]


def test_writers_from_many_threads_all_succeed(database: Database) -> None:
    def write(number: int) -> None:
        for turn in range(5):
            with database.write() as connection:
                connection.scalar(sa.select(sa.func.count()).select_from(sources))  # read, then write
                add_source(connection, f"{number}-{turn}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(source_names(database)) == 30


def test_a_moment_comes_back_in_utc(database: Database) -> None:
    noon_in_india = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with database.write() as connection:
        add_source(connection, "x", noon_in_india)
    with database.read() as connection:
        read = connection.scalar(sa.select(sources.c.created_at))
    assert read == noon_in_india
    assert read is not None
    assert read.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(sa.exc.StatementError, match="without a time zone"), database.write() as connection:
        add_source(connection, "x", datetime(2026, 3, 1))  # noqa: DTZ001


def test_a_second_row_of_one_name_is_a_conflict(database: Database) -> None:
    with pytest.raises(ConflictError, match="Nothing was written") as caught, database.write() as connection:
        add_source(connection, "a-secret-value")
        add_source(connection, "a-secret-value")
    assert "a-secret-value" not in "".join(traceback.format_exception(caught.value))
    assert database.description not in str(caught.value)  # callers of the API hear it


def test_a_broken_check_is_a_conflict(database: Database) -> None:
    with pytest.raises(ConflictError, match="kind"), database.write() as connection:
        connection.execute(
            banks.insert().values(
                name="x", kind="other", trusted=False, enabled=True, max_distance_bits=31, created_at=now()
            )
        )


def test_bad_sql_is_an_error_of_the_records(database: Database) -> None:
    with pytest.raises(RecordsError, match="refused"), database.read() as connection:
        connection.exec_driver_sql("SELEKT 1")


def test_missing_tables_are_named_as_such(database: Database) -> None:
    with pytest.raises(SchemaVersionError, match="lacks tables"), database.read() as connection:
        connection.exec_driver_sql("SELECT * FROM a_table_of_tomorrow")


def test_a_locked_sqlite_file_is_unavailable(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "holdfast.db")
    with (
        Database(url) as one,
        Database(url, busy_timeout_s=0.05) as other,
        one.write(),
        pytest.raises(RecordsUnavailableError, match="locked"),
        other.write(),
    ):
        pass


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "holdfast.db"
    path.write_bytes(b"these are not the rows you are looking for" * 100)
    with pytest.raises(RecordsUnavailableError, match="not a database"), Database(sqlite_url(path)).read():
        pass


def test_an_absent_folder_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(RecordsUnavailableError), Database(sqlite_url(tmp_path / "no" / "holdfast.db")).read():
        pass


def test_an_absent_server_is_unavailable(tmp_path: Path) -> None:
    url = f"postgresql://someone:secret@/holdfast?host={tmp_path}"
    with pytest.raises(RecordsUnavailableError, match="cannot be reached") as caught, Database(url).read():
        pass
    assert "secret" not in str(caught.value)


@pytest.mark.postgres
def test_an_absent_database_is_unavailable(postgres: PostgresServer) -> None:
    with pytest.raises(RecordsUnavailableError, match="does not exist"), Database(postgres.url("no")).read():
        pass


@pytest.mark.postgres
def test_a_connection_cut_in_a_transaction_is_unavailable(postgres: PostgresServer) -> None:
    url = postgres.create()
    with Database(url) as database:
        with pytest.raises(RecordsUnavailableError), database.write() as connection:
            process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with Database(postgres.url("postgres")) as other, other.write() as killer:
                killer.exec_driver_sql(f"SELECT pg_terminate_backend({process})")
            connection.exec_driver_sql("SELECT 1")
        with database.read() as connection:  # and the next one is given a new connection
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    postgres.drop(url)


def test_all_connections_in_use_is_unavailable(tmp_path: Path) -> None:
    with (
        Database(sqlite_url(tmp_path / "x.db"), pool_size=1, busy_timeout_s=0.05) as database,
        database.connect(),
        database.connect(),
        pytest.raises(RecordsUnavailableError, match="in use"),
        database.connect(),
    ):
        pass


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense", ""])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="nothing was opened"):
        Database(url)


def test_an_answered_write_survives_a_power_cut(no_power_cuts: PrepareSqlite, tmp_path: Path) -> None:
    """Connections as they are outside tests: the log is on the disk before a commit is answered."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        no_power_cuts(connection, None)
        pragmas = ("synchronous", "journal_mode", "foreign_keys", "secure_delete")
        assert [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas] == [2, "wal", 1, 1]
