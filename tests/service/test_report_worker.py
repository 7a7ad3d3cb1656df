"""The worker of reports: from a decided case to the receipt, with nobody doing anything but approve."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.decisions.webhooks import endpoints
from holdfast.records import events
from holdfast.records.tables.base import now
from holdfast.records.tables.drafts import report_drafts
from holdfast.records.tables.outbox import webhook_deliveries
from holdfast.records.tables.review import cases
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.destination import CyberTipline, Environment
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.approval import approve
from holdfast.reporting.drafts.listing import receipt_of
from holdfast.reporting.drafts.models import Draft
from holdfast.reporting.packets.signer_file import create_signer
from holdfast.service.checks.finding import Look
from holdfast.service.checks.reports import reports
from holdfast.service.report_status import ReportWatch, read_status
from holdfast.service.report_worker import ReportWorker
from holdfast.service.runtime import Runtime
from holdfast.settings import ReportingSettings, Settings
from holdfast.vault.sealing import Identity
from standins.cybertipline import StandIn
from tests.reporting.drafting import ANA, CONTEXT, Office, make_office
from tests.reporting.world import ACCOUNT, World
from tests.service.serving import wait_for

PASSWORD = "a very secret password"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn(accounts={"company": PASSWORD}) as server:
        yield server


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    path = tmp_path / "cybertipline.toml"
    path.write_text(f'[test]\nuser = "company"\npassword = "{PASSWORD}"\n')
    path.chmod(0o600)
    return path


def open_runtime(runtime: Runtime, stand_in: StandIn, **more: Any) -> Runtime:
    """The same home with reports set up."""
    said = ReportingSettings(
        **{"test_url": stand_in.url, "reporter_email": "safety@example.org", "hold_s": 0.0, **more}
    )
    values: Settings = runtime.settings.model_copy(update={"reporting": said})
    return Runtime(runtime.home.path, settings=values)


def office_of(runtime: Runtime, stand_in: StandIn) -> Office:
    client = Client(CyberTipline(Environment.TEST, stand_in.url), ACCOUNT)
    home = runtime.home.path
    world = World(runtime.database, runtime.vault, None, runtime.sealer, stand_in, client, home)
    return make_office(world)


def decided(runtime: Runtime, stand_in: StandIn, **context: Any) -> int:
    office = office_of(runtime, stand_in)
    case = office.upload(**context)
    office.decide(case)
    return case


def only(runtime: Runtime) -> Draft:
    with runtime.database.read() as connection:
        return rows.of_row(connection.execute(sa.select(report_drafts)).one())


def test_from_a_decided_case_to_the_receipt(
    runtime: Runtime, stand_in: StandIn, credentials: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    with open_runtime(runtime, stand_in, credentials_file=credentials) as ready:
        decided(ready, stand_in)
        worker = ReportWorker(ready, poll_s=0.02)
        with ready.database.write() as connection:
            endpoints.create(connection, ready.sealer, name="desk", url="https://example.org/hook")
        worker.start()
        try:
            wait_for(lambda: bool(_drafts(ready)), "the draft")
            draft = only(ready)
            assert stand_in.desk.reports() == []  # nobody approved it
            with ready.database.write() as connection:
                approve(connection, ready.desk, draft.id, version=draft.version, by=ANA)
            wait_for(lambda: bool(stand_in.desk.finished()), "the report to be filed")
            wait_for(lambda: "report.filed" in _events(ready), "the receipt to be kept")
        finally:
            worker.stop()
        with ready.database.read() as connection:
            receipt = receipt_of(connection, only(ready))
            told = list(connection.scalars(sa.select(webhook_deliveries.c.kind)))
        assert receipt.body is not None and b"NOT FILED" in receipt.body
        assert {"report.drafted", "report.approved", "report.filed"} <= set(told)
    said = capfd.readouterr()
    shown = said.out + said.err
    assert PASSWORD not in shown and CONTEXT["ip"] not in shown and "safety@example.org" not in shown


def test_without_credentials_it_drafts_and_says_that_nothing_is_filed(
    runtime: Runtime, stand_in: StandIn
) -> None:
    with open_runtime(runtime, stand_in) as ready:
        decided(ready, stand_in)
        worker = ReportWorker(ready)
        worker.once()
        draft = only(ready)
        with ready.database.write() as connection:
            approve(connection, ready.desk, draft.id, version=draft.version, by=ANA)
            connection.execute(sa.update(report_drafts).values(deadline_at=now() - timedelta(hours=1)))
        worker.once()
        assert only(ready).filing_id is not None and stand_in.desk.reports() == []
        with ready.database.read() as connection:
            found = list(reports(Look(ready.settings, ready.home.path, connection)))
        assert any(one.state != "ok" and "no credentials" in one.detail for one in found)


def test_a_case_that_cannot_be_drafted_holds_up_no_other(runtime: Runtime, stand_in: StandIn) -> None:
    with open_runtime(runtime, stand_in) as ready:
        broken = decided(ready, stand_in)
        whole = decided(ready, stand_in, data=b"another", account="user-2")
        with ready.database.write() as connection:
            connection.execute(
                sa.update(cases).where(cases.c.id == broken).values(incident_type="unheard of")
            )
        ReportWorker(ready).once()
        assert only(ready).case_id == whole


def test_what_is_late_is_told_by_events_doctor_and_health(
    runtime: Runtime, stand_in: StandIn, credentials: Path
) -> None:
    with open_runtime(runtime, stand_in, credentials_file=credentials) as ready:
        decided(ready, stand_in)
        worker = ReportWorker(ready)
        worker.once()
        watch = ReportWatch(ready.database)
        assert watch.state() == "unknown"
        watch.look()
        assert watch.state() == "ok"
        with ready.database.write() as connection:
            connection.execute(sa.update(report_drafts).values(deadline_at=now() - timedelta(hours=1)))
        ReportWorker(ready).once()
        assert "report.late" in _events(ready)
        fresh = ReportWatch(ready.database)
        fresh.look()
        assert fresh.state() == "alarm"
        with ready.database.read() as connection:
            assert read_status(connection).late == 1
            found = list(reports(Look(ready.settings, ready.home.path, connection)))
        assert any(one.state == "problem" and "past their deadline" in one.detail for one in found)


def test_packets_are_written_for_hand_over(runtime: Runtime, stand_in: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "destinations.toml"
    file.write_text(
        f"""
version = "test"
[[destination]]
name = "police"
kind = "packet"
title = "Police"
recipient = "{Identity.new().recipient}"
retention_days = 365
source = "law"
[[rule]]
id = "all"
country = "*"
surface = ["public", "private", "unknown"]
destination = "police"
deadline_hours = 24
imminent_hours = 1
reason = "r"
legal_basis = "l"
"""
    )
    more = {"destinations_file": file, "signer_file": tmp_path / "our.signer"}
    with open_runtime(runtime, stand_in, **more) as ready:
        create_signer(ready.settings.reporting, ready.home.path)
        decided(ready, stand_in)
        worker = ReportWorker(ready)
        worker.once()
        draft = only(ready)
        with ready.database.write() as connection:
            approve(connection, ready.desk, draft.id, version=draft.version, by=ANA)
        worker.once()
        (packet,) = (ready.home.path / "packets").iterdir()
        assert packet.stat().st_size > 1000 and "report.packet_written" in _events(ready)


def _drafts(runtime: Runtime) -> list[Any]:
    with runtime.database.read() as connection:
        return list(connection.execute(sa.select(report_drafts.c.id)))


def _events(runtime: Runtime) -> list[str]:
    with runtime.database.read() as connection:
        return [one.kind for one in events.read(connection, limit=1000)]
