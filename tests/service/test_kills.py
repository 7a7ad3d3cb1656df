"""kill -9 under load loses nothing that was answered. A few rounds; `holdfast bench kills` does hundreds."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.bench.kills import run_kills
from tests.databases import TEMPLATE, PostgresServer


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_nothing_acknowledged_is_lost(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = None
    if kind == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.create(template=TEMPLATE)
    report = run_kills(tmp_path, 2, database_url=url, seed=3)
    assert report.rounds == 2 and report.is_sound, report.to_json()
    assert report.acknowledged["uploads"] > 0
