"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import holdfast.records.database as database_module
from holdfast.records.database import Database, sqlite_url
from tests.databases import PostgresServer, postgres_server, sqlite_template

PrepareSqlite = Callable[[sqlite3.Connection, object], None]
REPOSITORY = Path(__file__).resolve().parent.parent

# A slow machine is no defect of ours. CI draws the same examples each time, people draw new ones.
settings.register_profile(
    "holdfast",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("HOLDFAST_REQUIRE_ALL") == "1",
)
settings.load_profile("holdfast")


@pytest.fixture(scope="session", autouse=True)
def no_power_cuts() -> Iterator[PrepareSqlite]:
    """Tests kill processes and not the machine: nothing of this process need wait for the disk.

    So it is for PostgreSQL, too (`tests.databases`). Programs that crash tests start write as the product
    does; only what is forked from this process inherits this (`tests/bench/test_filing.py`), and a SIGKILL
    takes nothing back that was written. Gives what SQLite's connections are prepared by really.
    """
    prepare: PrepareSqlite = database_module._prepare_sqlite

    def quickly(connection: sqlite3.Connection, record: object) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous = OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_module, "_prepare_sqlite", quickly)
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield prepare


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real benign photographs, films and music that lies beside a checkout."""
    folder = Path(os.environ.get("HOLDFAST_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs the shared folder of benign media ({folder} is absent; set HOLDFAST_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A private PostgreSQL server; the test is skipped, or fails in CI, where the programs are absent."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sqlite_template(tmp_path_factory.mktemp("sqlite"))


BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_copy: Path) -> Iterator[str]:
    """The URL of a new database with all tables and no rows; the test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield sqlite_url(Path(shutil.copy(sqlite_copy, tmp_path / "holdfast.db")))
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.lent() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database with all tables and no rows; the test runs on SQLite and on PostgreSQL."""
    with Database(database_url) as opened:
        yield opened
