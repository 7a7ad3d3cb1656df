"""Reports over HTTP: from a decided case to the receipt, with the permissions that each step demands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from holdfast.access.principal import BankScope
from holdfast.access.roles import Role
from holdfast.records import audit
from holdfast.reporting.cybertip.client import Client
from holdfast.reporting.cybertip.destination import CyberTipline, Environment
from holdfast.reporting.drafts.sending import send_due
from holdfast.service.runtime import Runtime
from standins.cybertipline import StandIn
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.v1.conftest import problem
from tests.reporting.drafting import Office, make_office
from tests.reporting.samples import MAIL
from tests.reporting.world import ACCOUNT, World

JSON = {"content-type": "application/json"}
USER_ALONE = {
    "incident_summary": {
        "incident_type": "Online Enticement of Children for Sexual Acts",
        "incident_date_time": "2026-10-01T12:00:00Z",
    },
    "reporter": {"reporting_person": {"emails": [{"value": MAIL}]}},
    "persons_reported": [{"esp_identifier": "user-9"}],
}


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture
def runtime(make_runtime: RuntimeFactory, database_url: str, stand_in: StandIn) -> Runtime:
    reporting = {"test_url": stand_in.url, "reporter_email": MAIL, "hold_s": 0.0, "two_people": True}
    return make_runtime(database_url=database_url, reporting=reporting)


@pytest.fixture
def office(runtime: Runtime, stand_in: StandIn) -> Iterator[Office]:
    with Client(CyberTipline(Environment.TEST, stand_in.url), ACCOUNT) as there:
        home = runtime.home.path
        world = World(runtime.database, runtime.vault, None, runtime.sealer, stand_in, there, home)
        yield make_office(world)


@pytest.fixture
def lead(runtime: Runtime, client: ClientFactory) -> TestClient:
    return client(Role.LEAD)


def decided(office: Office) -> int:
    case = office.upload()
    office.decide(case)
    return case


def test_from_a_case_to_the_receipt(
    runtime: Runtime, office: Office, lead: TestClient, client: ClientFactory
) -> None:
    reviewer = client(Role.REVIEWER)
    made = reviewer.post("/v1/reports", json={"case": decided(office)})
    assert made.status_code == 201
    (report,) = made.json()["reports"]
    where = f"/v1/reports/{report['id']}"
    assert (report["state"], report["lacks"], report["there"]) == ("draft", 0, None)
    content = reviewer.get(f"{where}/content").json()
    assert {lack["field"] for lack in content["lacks"]} == {"email", "phone"}
    content["content"]["report"]["additional_info"] = "One more thing."
    changed = reviewer.put(f"{where}/content", json={"version": 1, "content": content["content"]})
    assert changed.json()["version"] == 2
    shown = reviewer.get(f"{where}/preview").json()
    assert "One more thing." in shown["xml"] and shown["files"][0]["is_viewed"] is False
    assert reviewer.post(f"{where}/approve", json={"version": 2}).status_code == 403
    problem(lead.post(f"{where}/approve", json={"version": 1}), 409, "conflict")
    assert lead.post(f"{where}/approve", json={"version": 2}).json()["state"] == "asked"
    problem(lead.post(f"{where}/approve", json={"version": 3}), 403, "not-allowed")
    second = client(Role.LEAD)
    assert second.post(f"{where}/approve", json={"version": 3}).json()["state"] == "holding"
    problem(lead.get(f"{where}/receipt"), 404, "not-found")
    assert send_due(runtime.database, runtime.desk) == 1
    office.world.work()
    (told,) = office.world.stand_in.desk.finished()
    receipt = lead.get(f"{where}/receipt").json()
    assert receipt["reference"] == str(told.id) and "NOT FILED" in receipt["body"]
    assert lead.get(where).json()["there"]["phase"] == "filed"
    assert lead.get("/v1/report-counts").json()["counts"] == [
        {"phase": "filed", "reports": 1, "incidents": 1, "files": 1}
    ]
    problem(lead.post(f"{where}/cancel", json={"reason": "too late"}), 409, "conflict")
    follow = reviewer.post(f"{where}/follow-up").json()
    assert (follow["revision"], follow["file_count"]) == (2, 0)
    assert [one["id"] for one in lead.get("/v1/reports").json()["items"]] == [follow["id"], report["id"]]
    with runtime.database.read() as connection:
        actions = [row.action for row in audit.read(connection, target=f"report:{report['id']}")]
    assert actions == ["report.draft", "report.edit", "report.ask", "report.approve"]


def test_what_cannot_be_filed_says_what_is_missing(lead: TestClient) -> None:
    unfinished = {**USER_ALONE, "incident_summary": {}}
    made = lead.post("/v1/reports", json={"reference": "ticket 1", "report": unfinished})
    (report,) = made.json()["reports"]
    assert report["lacks"] == 2 and report["score"] == 0
    answer = lead.post(f"/v1/reports/{report['id']}/approve", json={"version": 1})
    problem(answer, 422, "invalid-report")
    assert "incidentType" in answer.json()["detail"]
    problem(lead.get(f"/v1/reports/{report['id']}/preview"), 422, "invalid-report")
    problem(lead.post("/v1/reports", json={}), 422, "bad-request")
    half = (
        b'{"reference": "t", "report": {"reporter": {"reporting_person": {}}, "additional_info": "\\ud800"}}'
    )
    problem(lead.post("/v1/reports", content=half, headers=JSON), 422, "bad-request")


def test_imminent_danger_and_cancelling(lead: TestClient) -> None:
    made = lead.post("/v1/reports", json={"reference": "ticket 1", "report": USER_ALONE})
    where = f"/v1/reports/{made.json()['reports'][0]['id']}"
    assert lead.post(f"{where}/approve", json={"version": 1}).json()["state"] == "asked"
    marked = lead.post(f"{where}/imminent", json={"reason": "a threat for tonight"}).json()
    assert marked["state"] == "holding" and marked["is_imminent"] and marked["hold_left_s"] == 0
    cancelled = lead.post(f"{where}/cancel", json={"reason": "it was a joke"}).json()
    assert cancelled["state"] == "cancelled" and cancelled["reason"] == "it was a joke"


def test_a_key_of_other_lists_sees_nothing_of_a_case(
    runtime: Runtime, office: Office, lead: TestClient, client: ClientFactory
) -> None:
    from holdfast.banks.service import create_bank
    from holdfast.records.tables.review import case_items

    case = decided(office)
    with runtime.database.write() as connection:
        bank = create_bank(connection, "KNOWN")
        connection.execute(case_items.update().values(bank_id=bank.id))
    made = lead.post("/v1/reports", json={"case": case}).json()["reports"][0]
    narrow = client(Role.LEAD, banks=BankScope(("OTHER_*",), ()))
    assert narrow.get("/v1/reports").json()["items"] == []
    for method, path, body in _of_one(made["id"]):
        assert narrow.request(method, path, json=body).status_code == 403, path
    assert narrow.post("/v1/reports", json={"case": case}).status_code == 403


def test_alarms_and_the_stop_switch(lead: TestClient) -> None:
    assert lead.get("/v1/report-alarms").json() == {"alarms": []}
    problem(lead.post("/v1/report-alarms/7/clear"), 404, "not-found")
    assert lead.get("/v1/report-automatic").json()["state"] == "off"
    assert lead.post("/v1/report-automatic", json={"action": "stop"}).json()["stopped_by"]
    assert lead.post("/v1/report-automatic", json={"action": "resume"}).json()["stopped_by"] is None
    problem(lead.post("/v1/report-automatic", json={"action": "resume"}), 409, "conflict")


def _of_one(number: int) -> list[tuple[str, str, Any]]:
    where = f"/v1/reports/{number}"
    return [
        ("GET", where, None),
        ("GET", f"{where}/content", None),
        ("GET", f"{where}/preview", None),
        ("GET", f"{where}/receipt", None),
        ("POST", f"{where}/approve", {"version": 1}),
        ("POST", f"{where}/cancel", {"reason": "no"}),
        ("POST", f"{where}/imminent", {"reason": "no"}),
        ("POST", f"{where}/follow-up", None),
        ("POST", f"{where}/receipt", {"receipt": "x"}),
    ]
