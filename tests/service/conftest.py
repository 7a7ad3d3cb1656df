"""A runtime on a home of its own, on both databases; and a service in processes of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.media.pool import DecodePool
from holdfast.service.runtime import Runtime
from holdfast.settings import RuleSettings, Settings, VaultSettings
from holdfast.vault.keys import create_key_file
from tests.service.serving import Service, descendants, is_running


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    """Decode workers, shared by the tests of a file: starting them takes longer than most tests."""
    with DecodePool(workers=2) as workers:
        yield workers


@pytest.fixture
def runtime(tmp_path: Path, database_url: str, pool: DecodePool) -> Iterator[Runtime]:
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
    with Runtime(home, settings=settings, pool=pool) as opened:
        yield opened


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service that is not started yet; whatever is left of it is ended."""
    made = Service(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        below = descendants(made.pid)
        made.process.kill()
        made.process.wait()
        if made.process.stdout is not None:
            made.process.stdout.close()
        for pid in below:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)
