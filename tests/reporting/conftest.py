"""A stand-in for the CyberTipline, a client of it, and a home that files with it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.records.database import Database, sqlite_url
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.destination import CyberTipline, Environment
from standins.cybertipline import StandIn
from tests.reporting.world import ACCOUNT, World, make_world


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture
def client(stand_in: StandIn) -> Iterator[Client]:
    with Client(CyberTipline(Environment.TEST, stand_in.url), ACCOUNT, timeout_s=60) as made:
        yield made


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    """A home on each database."""
    with make_world(database, tmp_path) as made:
        yield made


@pytest.fixture
def one_world(tmp_path: Path, sqlite_copy: Path) -> Iterator[World]:
    """A home on SQLite that need not survive a power cut: for what does not depend on the database."""
    path = Path(shutil.copy(sqlite_copy, tmp_path / "holdfast.db"))
    with Database(sqlite_url(path)) as database:
        sa.event.listen(database.engine, "connect", _quickly)
        with make_world(database, tmp_path, kept={}) as made:
            yield made


def _quickly(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")
