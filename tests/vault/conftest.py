"""A vault on each database, with a real key file and a real folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from holdfast.records.database import Database
from holdfast.records.tables import metadata
from holdfast.records.tables import vault as tables
from holdfast.vault.keys import FileKeys, create_key_file
from holdfast.vault.service import Vault
from holdfast.vault.store import FolderStore

VAULT_TABLES = [tables.vault_items, tables.vault_keys, tables.vault_legal_holds, tables.vault_access]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database with the vault's tables, on SQLite and on PostgreSQL."""
    with Database(database_url) as opened:
        metadata.create_all(opened.engine, tables=VAULT_TABLES)
        yield opened


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def key_file(tmp_path: Path, home: Path) -> Path:
    path = tmp_path / "elsewhere" / "holdfast.keys"
    create_key_file(path, home=home)
    return path


@pytest.fixture
def vault(database: Database, home: Path, key_file: Path) -> Vault:
    return Vault(database, FolderStore(home / "vault"), FileKeys(key_file, home=home))


@pytest.fixture
def count(database: Database) -> Callable[[sa.Table], int]:
    """How many rows a table has."""

    def rows(table: sa.Table) -> int:
        with database.read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    return rows
