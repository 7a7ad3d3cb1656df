"""A database with the tables of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.records.database import Database, sqlite_url
from holdfast.records.tables.access import api_key_secrets, api_keys
from holdfast.records.tables.base import metadata


@pytest.fixture
def keys_database(tmp_path: Path) -> Iterator[Database]:
    with Database(sqlite_url(tmp_path / "keys.sqlite")) as database:
        metadata.create_all(database.engine, tables=[api_keys, api_key_secrets])
        yield database
