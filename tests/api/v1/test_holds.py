"""Held content over HTTP: listed without its content, released, held again, kept by law, destroyed by two."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from holdfast.access.principal import BankScope
from holdfast.access.roles import Role
from holdfast.service.runtime import Runtime
from holdfast.vault.sweep import sweep_expired
from tests.api.conftest import ClientFactory
from tests.api.v1.conftest import KNOWN, hold, problem

WHY = {"purpose": "case 12"}


@pytest.fixture
def runtime(both: Runtime) -> Runtime:
    return both


@pytest.fixture
def item(lead: TestClient, runtime: Runtime) -> str:
    """An upload that was held on a list that is not trusted."""
    return str(hold(lead, runtime, trusted=False)["hold"])


def keep(runtime: Runtime, count: int) -> list[str]:
    return [runtime.vault.hold(b"x", reason="test", actor="tests") for _ in range(count)]


def test_items_come_in_pages_the_last_one_first(lead: TestClient, runtime: Runtime) -> None:
    items = keep(runtime, 5)
    lead.post(f"/v1/holds/{items[1]}/release", json=WHY)
    seen: list[str] = []
    page = lead.get("/v1/holds", params={"limit": 2}).json()
    while True:
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        page = lead.get("/v1/holds", params={"limit": 2, "before": page["next"]}).json()
    assert seen == items[::-1]
    assert [one["id"] for one in lead.get("/v1/holds", params={"state": "released"}).json()["items"]] == [
        items[1]
    ]
    problem(lead.get("/v1/holds", params={"before": "0" * 32}), 404, "not-found")
    problem(lead.get("/v1/holds", params={"before": "x"}), 422, "bad-request")
    problem(lead.get(f"/v1/holds/{'0' * 32}"), 404, "not-found")
    problem(lead.get("/v1/holds/x"), 422, "bad-request")


def test_nothing_is_said_about_the_content(lead: TestClient, item: str, client: ClientFactory) -> None:
    shown = client(Role.AUDITOR).get(f"/v1/holds/{item}")
    assert shown.json()["size_bytes"] == len(KNOWN)
    assert not {"facts", "sealed_facts", "sha256", "content"} & set(shown.json())
    for secret in ("user-4711", "post/1"):
        assert secret not in shown.text


def test_a_release_can_be_taken_back(lead: TestClient, item: str) -> None:
    first = lead.post(f"/v1/holds/{item}/release", json=WHY, headers={"Idempotency-Key": "r"}).json()
    assert first["state"] == "released"
    again = lead.post(f"/v1/holds/{item}/release", json=WHY, headers={"Idempotency-Key": "r"})
    assert again.json() == first
    assert lead.post(f"/v1/holds/{item}/release", json=WHY).json()["destroy_at"] == first["destroy_at"]
    held = lead.post(f"/v1/holds/{item}/hold-again", json=WHY).json()
    assert (held["state"], held["destroy_at"], held["released_at"]) == ("held", None, None)
    assert lead.post(f"/v1/holds/{item}/hold-again", json=WHY).json() == held
    kinds = [one["kind"] for one in lead.get("/v1/events").json()["items"]]
    assert kinds == ["match", "hold.released", "hold.placed"]
    problem(lead.post(f"/v1/holds/{item}/release", json={"purpose": " "}), 422, "bad-request")


def test_a_legal_hold_forbids_destruction(lead: TestClient, runtime: Runtime, client: ClientFactory) -> None:
    (item,) = keep(runtime, 1)
    body = {"reference": "order 12/345"}
    placed = lead.post(f"/v1/holds/{item}/legal-holds", json=body)
    assert placed.status_code == 201
    (legal,) = placed.json()["legal_holds"]
    assert legal["reference"] == "order 12/345"
    lead.post(f"/v1/holds/{item}/release", json=WHY)
    refused = client(Role.LEAD).delete(f"/v1/holds/{item}", params=WHY)
    assert "legal hold" in problem(refused, 409, "must-be-kept")
    (other,) = keep(runtime, 1)
    problem(lead.post(f"/v1/holds/{other}/legal-holds/{legal['id']}/lift", json=WHY), 404, "not-found")
    lifted = lead.post(f"/v1/holds/{item}/legal-holds/{legal['id']}/lift", json=WHY)
    assert lifted.json()["legal_holds"] == []
    problem(lead.post(f"/v1/holds/{item}/legal-holds/{legal['id']}/lift", json=WHY), 404, "not-found")
    problem(client(Role.REVIEWER).post(f"/v1/holds/{item}/legal-holds", json=body), 403, "not-allowed")


def test_evidence_is_destroyed_by_two_people(
    lead: TestClient, item: str, runtime: Runtime, client: ClientFactory
) -> None:
    path = f"/v1/holds/{item}"
    assert "Release it first" in problem(lead.delete(path, params=WHY), 409, "conflict")
    lead.post(f"{path}/release", json=WHY)
    assert "two people" in problem(lead.delete(path, params=WHY), 403, "not-allowed")
    gone = client(Role.LEAD).delete(path, params=WHY).json()
    assert (gone["state"], gone["destroyed_why"]) == ("destroyed", "case 12")
    problem(client(Role.LEAD).delete(path, params=WHY), 410, "destroyed")
    problem(lead.post(f"{path}/hold-again", json=WHY), 410, "destroyed")
    assert lead.get("/v1/events").json()["items"][-1]["kind"] == "hold.destroyed"
    assert sweep_expired(runtime.vault).objects_removed == 1
    problem(lead.delete(path), 422, "bad-request")


def test_the_scope_of_a_key_binds_it(lead: TestClient, item: str, client: ClientFactory) -> None:
    bound = client(Role.LEAD, banks=BankScope(see=("OTHER",), change=()))
    path = f"/v1/holds/{item}"
    problem(bound.get(path), 403, "not-allowed")
    problem(bound.post(f"{path}/release", json=WHY), 403, "not-allowed")
    problem(bound.post(f"{path}/legal-holds", json={"reference": "x"}), 403, "not-allowed")
    problem(bound.delete(path, params=WHY), 403, "not-allowed")
    assert lead.get(path).json()["state"] == "held"
