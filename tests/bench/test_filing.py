"""Workers killed by SIGKILL, and faults on the wire, in small: nothing twice, nothing lost or silent."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from holdfast.bench.filing import Trouble, run_filing
from holdfast.bench.filing_check import look
from holdfast.bench.filing_home import StandInProcess, prepare
from holdfast.reporting.filing.models import State
from holdfast.reporting.filing.requests import get
from tests.databases import TEMPLATE, PostgresServer


def test_killed_workers_and_faults(tmp_path: Path) -> None:
    report = run_filing(tmp_path, 10, Trouble(kills=15, fault_share=0.1, claims_a_life=1), seed=7)
    assert report.is_sound, report.findings
    assert report.outcomes["reports finished"] == 10
    assert report.kills > 5


@pytest.mark.postgres
def test_killed_workers_on_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.create(template=TEMPLATE)
    report = run_filing(tmp_path, 6, Trouble(kills=8), database_url=url, seed=3)
    postgres.drop(url)
    assert report.is_sound, report.findings
    assert report.outcomes["receipts kept"] + report.outcomes["receipts lost on the wire, alarm raised"] == 6


def test_the_look_for_defects_finds_them(tmp_path: Path) -> None:
    with StandInProcess() as stand_in, prepare(tmp_path, stand_in.url, None) as home:
        cases = home.ask(4, random.Random(1))
        with home.worker() as filer:
            filer.file_due(at_most=3)
        reports = stand_in.reports()
        with home.database.read() as connection:
            assert get(connection, 4).state is State.PENDING
        _, left = look(home, reports, cases)
        assert (left.not_filed, left.wrong_row, left.filed_twice) == (1, 1, 0)
        assert left.lost_receipts == 1
        cases.pop("case-3")
        _, none = look(home, reports, cases)
        assert not any(vars(none).values())
        _, twice = look(home, [*reports, {**reports[0], "id": 1}], cases)
        assert (twice.filed_twice, twice.wrong_row, twice.wrong_files >= 0) == (1, 1, True)
        orphan = {**reports[0], "id": 1, "state": "open"}
        assert look(home, [*reports, orphan], cases)[1].silent_orphans == 1
        known = {**reports[1], "state": "open"}
        assert look(home, [*reports, known], cases)[1].known_open == 1
        other = {**reports[0], "files": [{"sha256": "other", "details": None}]}
        assert look(home, [other, *reports[1:]], cases)[1].wrong_files == 1
