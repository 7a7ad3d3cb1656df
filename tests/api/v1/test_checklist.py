"""The go-live checklist over HTTP."""

from __future__ import annotations

from starlette.testclient import TestClient

from tests.api.v1.conftest import problem


def state(client: TestClient, name: str) -> tuple[str, str]:
    found = {one["name"]: one for one in client.get("/v1/checklist").json()["items"]}
    return found[name]["state"], found[name]["detail"]


def test_an_item_is_marked_and_unmarked(admin: TestClient, lead: TestClient) -> None:
    assert state(lead, "registration")[0] == "todo"
    headers = {"Idempotency-Key": "m"}
    body = {"note": "ESP 1234"}
    first, again = (admin.put("/v1/checklist/registration", json=body, headers=headers) for _ in range(2))
    assert first.json()["note"] == "ESP 1234"
    assert first.json()["by"].startswith("key:")
    assert again.content == first.content
    assert state(lead, "registration")[0] == "ok"
    assert "ESP 1234" in state(lead, "registration")[1]
    assert admin.delete("/v1/checklist/registration").status_code == 204
    assert admin.delete("/v1/checklist/registration").status_code == 204
    assert state(lead, "registration")[0] == "todo"


def test_only_what_a_person_marks_can_be_marked(admin: TestClient, lead: TestClient) -> None:
    problem(admin.put("/v1/checklist/backup", json={}), 422, "bad-request")
    problem(admin.put("/v1/checklist/no-item", json={}), 422, "bad-request")
    problem(admin.put("/v1/checklist/tls", json={"note": "x" * 501}), 422, "bad-request")
    problem(lead.put("/v1/checklist/tls", json={}), 403, "not-allowed")
