"""A runtime on a home of its own, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.service.runtime import Runtime
from holdfast.settings import RuleSettings, Settings, VaultSettings
from holdfast.vault.keys import create_key_file


@pytest.fixture
def runtime(tmp_path: Path, database_url: str) -> Iterator[Runtime]:
    """Everything one process works with; the test runs on SQLite and on PostgreSQL."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    keys = tmp_path / "home.keys"
    create_key_file(keys, home=home)
    settings = Settings(
        database_url=database_url,
        vault=VaultSettings(key_file=keys),
        rules=RuleSettings(unconfirmed_s=3600),
    )
    with Runtime(home, settings=settings) as opened:
        yield opened
