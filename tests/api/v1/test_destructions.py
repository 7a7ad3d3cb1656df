"""Requests to destroy over HTTP: asked by one, approved by another, on the audit log."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.records import audit
from holdfast.records.tables.base import now
from holdfast.service.runtime import Runtime
from holdfast.vault import preservation
from tests.api.conftest import ClientFactory
from tests.api.v1.conftest import problem

ORDER = {"kind": "law_enforcement", "reference": "order 7", "agency": "Example Police"}


@pytest.fixture
def runtime(both: Runtime) -> Runtime:
    return both


@pytest.fixture
def reported(runtime: Runtime) -> str:
    """Content that was reported, without a decision behind it."""
    item = runtime.vault.hold(b"x", reason="test", actor="tests")
    with runtime.database.write() as connection:
        preservation.begin(connection, "case:1", [item], actor="tests")
        preservation.follow(connection, "case:1", now(), actor="tests")
    return item


def test_two_people_destroy_and_the_log_says_who(
    lead: TestClient, client: ClientFactory, runtime: Runtime, reported: str
) -> None:
    problem(lead.delete(f"/v1/holds/{reported}", params={"purpose": "alone"}), 409, "must-be-kept")
    asked = lead.post("/v1/destructions", json={**ORDER, "holds": [reported]})
    assert asked.status_code == 201
    number = asked.json()["id"]
    assert asked.json()["items"] == [reported] and asked.json()["decision"] is None
    assert lead.get(f"/v1/holds/{reported}").json()["state"] == "held"
    problem(lead.post(f"/v1/destructions/{number}/approve"), 403, "not-allowed")
    second = client(Role.LEAD)
    assert [one["id"] for one in second.get("/v1/destructions?waiting=true").json()["items"]] == [number]
    assert second.post(f"/v1/destructions/{number}/approve").json()["decision"] == "approved"
    assert lead.get(f"/v1/holds/{reported}").json()["state"] == "destroyed"
    problem(second.post(f"/v1/destructions/{number}/withdraw"), 409, "conflict")
    assert second.get("/v1/destructions?waiting=true").json()["items"] == []
    with runtime.database.read() as connection:
        rows = [(row.action, row.target) for row in audit.read(connection, target=f"destruction:{number}")]
    assert rows == [
        ("vault.destruction_ask", f"destruction:{number}"),
        ("vault.destruction_approve", f"destruction:{number}"),
    ]
    assert "hold.destroyed" in [one["kind"] for one in lead.get("/v1/events").json()["items"]]


def test_it_can_be_withdrawn_and_what_makes_no_sense_is_refused(lead: TestClient, reported: str) -> None:
    number = lead.post("/v1/destructions", json={**ORDER, "holds": [reported]}).json()["id"]
    assert lead.post(f"/v1/destructions/{number}/withdraw").json()["decision"] == "withdrawn"
    assert lead.get(f"/v1/holds/{reported}").json()["state"] == "held"
    over = {"kind": "period_over", "reference": "yearly", "holds": [reported]}
    problem(lead.post("/v1/destructions", json=over), 409, "must-be-kept")
    for wrong in (
        {**ORDER, "holds": []},
        {**ORDER, "holds": ["x"]},
        {**ORDER, "kind": "x", "holds": [reported]},
    ):
        problem(lead.post("/v1/destructions", json=wrong), 422, "bad-request")
    problem(lead.post("/v1/destructions", json={**ORDER, "holds": ["0" * 32]}), 404, "not-found")
    problem(lead.post("/v1/destructions/999/approve"), 404, "not-found")


def test_a_preservation_request_has_an_agency_and_an_end(lead: TestClient, reported: str) -> None:
    body = {"reference": "PR 7", "agency": "Example Police", "until": "2100-01-01T00:00:00Z"}
    (hold,) = lead.post(f"/v1/holds/{reported}/legal-holds", json=body).json()["legal_holds"]
    assert (hold["agency"], hold["until"]) == ("Example Police", "2100-01-01T00:00:00Z")
    body["until"] = "2001-01-01T00:00:00Z"
    problem(lead.post(f"/v1/holds/{reported}/legal-holds", json=body), 422, "bad-request")
