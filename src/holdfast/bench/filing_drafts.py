"""`holdfast bench filing --drafts`: drafts from the first word to the receipt, and whether memory grows.

Each draft is written, approved, handed over and filed to the stand-in; every fourth has a file. The process
does all of it, in rounds, so that whatever it keeps too long adds up.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from holdfast.bench.filing import FilingReport, resident_bytes
from holdfast.bench.filing_check import look
from holdfast.bench.filing_home import FilingHome, StandInProcess, prepare
from holdfast.records.tables.base import now
from holdfast.reporting.configured import reporter
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.cybertip.vocabulary import IncidentType
from holdfast.reporting.destinations.registry import open_destinations
from holdfast.reporting.drafts.approval import approve
from holdfast.reporting.drafts.desk import Desk
from holdfast.reporting.drafts.models import Content, DraftReport, DraftSummary, Enrichment
from holdfast.reporting.drafts.sending import send_due
from holdfast.reporting.drafts.sources import insert
from holdfast.reporting.filing.filer import Filer
from holdfast.reporting.filing.models import SubmittedFile
from holdfast.settings import ReportingSettings

__all__ = ["run_drafts"]

ROUND = 100
WITH_FILE_EVERY = 4
BY, APPROVER = "bench", "bench-lead"


def run_drafts(
    folder: Path,
    drafts: int,
    *,
    database_url: str | None = None,
    seed: int = 1,
    on_progress: Callable[[int], object] = lambda _: None,
) -> FilingReport:
    """File so many drafts on a home made in ``folder``; the report of it. Listens on loopback only."""
    report, chance = FilingReport(drafts), random.Random(seed)
    cases: dict[str, list[str]] = {}
    with StandInProcess() as stand_in, prepare(folder, stand_in.url, database_url) as home:
        desk = _desk(home, stand_in.url, folder / "home")
        begun = time.monotonic()
        with home.worker() as filer:
            while len(cases) < drafts:
                _round(home, desk, filer, cases, min(ROUND, drafts - len(cases)), chance)
                on_progress(len(cases))
                if not report.memory_start_bytes and len(cases) >= drafts // 10:
                    report.memory_start_bytes = resident_bytes()
        report.memory_end_bytes = resident_bytes()
        report.duration_s = time.monotonic() - begun
        report.outcomes, report.findings = look(home, stand_in.reports(), cases)
    return report


def _round(
    home: FilingHome,
    desk: Desk,
    filer: Filer,
    cases: dict[str, list[str]],
    count: int,
    chance: random.Random,
) -> None:
    items = sorted(home.items)
    for _ in range(count):
        case = f"case-{len(cases)}"
        chosen = [chance.choice(items)] if len(cases) % WITH_FILE_EVERY == 0 else []
        cases[case] = [home.items[item] for item in chosen]
        with home.database.write() as connection:
            _draft(connection, desk, case, chosen)
    send_due(home.database, desk)
    filer.file_due()


def _draft(connection: sa.Connection, desk: Desk, case: str, items: list[str]) -> None:
    there = desk.destinations.get("cybertipline")
    summary = DraftSummary(
        incident_type=IncidentType.CSAM, incident_date_time=now() - timedelta(days=1), platform="bench"
    )
    content = Content(
        report=DraftReport(
            incident_summary=summary,
            reporter=reporter(desk.settings),
            persons_reported=(PersonOrUserReported(esp_identifier=case),),
        ),
        files=tuple(SubmittedFile(item_id=item, suffix=".bin") for item in items),
    )
    values: dict[str, Any] = {
        "case_reference": case,
        "destination": there.name,
        "revision": 1,
        "priority": 0,
        "is_imminent": False,
        "needs_second": False,
        "retention_days": there.retention_days,
        "enrichment": Enrichment.NONE,
    }
    draft = insert(connection, desk, there, content, values, by=BY)
    approve(connection, desk, draft.id, version=draft.version, by=APPROVER)


def _desk(home: FilingHome, url: str, folder: Path) -> Desk:
    settings = ReportingSettings(test_url=url, reporter_email="bench@example.org", hold_s=0.0)
    return Desk(settings, open_destinations(settings, folder, home.sealer), home.sealer)
