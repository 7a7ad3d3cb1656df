"""The database of these tests."""

from __future__ import annotations

import pytest

from holdfast.records.database import Database
from holdfast.records.tables.access import api_key_secrets, api_keys
from holdfast.records.tables.base import metadata


@pytest.fixture
def keys_database(database: Database) -> Database:
    """SQLite and PostgreSQL in turn, with the tables of this room also before their migration exists."""
    metadata.create_all(database.engine, tables=[api_keys, api_key_secrets])
    return database
