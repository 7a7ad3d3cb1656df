"""Jobs over HTTP: a key sees its own, some see all; cancel and retry. On both databases."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.records import jobs
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory
from tests.api.v1.conftest import problem


@pytest.fixture
def runtime(both: Runtime) -> Runtime:
    return both


def start(runtime: Runtime, by: str | None, kind: str = "bank.import") -> int:
    with runtime.database.write() as connection:
        return jobs.enqueue(connection, kind, {} if by is None else {"by": by})


def subject(client: TestClient) -> str:
    text = client.headers["authorization"].removeprefix("Bearer ")
    return f"key:{text.split('_')[1]}"


def test_a_key_sees_only_what_it_started(lead: TestClient, runtime: Runtime, client: ClientFactory) -> None:
    uploader = client(Role.UPLOADER)
    mine = [start(runtime, subject(uploader)) for _ in range(3)]
    others = [start(runtime, "key:other"), start(runtime, None)]
    assert [one["id"] for one in uploader.get("/v1/jobs").json()["items"]] == mine[::-1]
    assert [one["id"] for one in lead.get("/v1/jobs").json()["items"]] == (mine + others)[::-1]
    assert uploader.get(f"/v1/jobs/{mine[0]}").json()["id"] == mine[0]
    for number in (*others, 999):
        words = problem(uploader.get(f"/v1/jobs/{number}"), 404, "not-found")
        assert words == f"There is no job {number}; it may have been pruned."


def test_jobs_are_filtered_and_come_in_pages(lead: TestClient, runtime: Runtime) -> None:
    numbers = [start(runtime, "key:a", "bank.import" if n % 2 else "other.kind") for n in range(5)]
    first = lead.get("/v1/jobs", params={"limit": 3}).json()
    rest = lead.get("/v1/jobs", params={"limit": 3, "before": first["next"]}).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == numbers[::-1]
    assert rest["next"] is None
    found = lead.get("/v1/jobs", params={"kind": "bank.import", "state": "queued"}).json()["items"]
    assert [one["id"] for one in found] == [numbers[3], numbers[1]]
    for wrong in ({"state": "lost"}, {"before": 0}, {"limit": 0}, {"kind": "a b"}):
        problem(lead.get("/v1/jobs", params=wrong), 422, "bad-request")


def test_a_job_is_cancelled_and_tried_again(
    lead: TestClient, runtime: Runtime, client: ClientFactory
) -> None:
    job = start(runtime, "key:a")
    again = [lead.post(f"/v1/jobs/{job}/cancel", headers={"Idempotency-Key": "c"}) for _ in range(2)]
    assert [one.json()["state"] for one in again] == ["cancelled"] * 2
    problem(lead.post(f"/v1/jobs/{job}/cancel"), 409, "conflict")
    assert lead.post(f"/v1/jobs/{job}/retry").json()["state"] == "queued"
    problem(lead.post(f"/v1/jobs/{job}/retry"), 409, "conflict")
    problem(lead.post("/v1/jobs/999/retry"), 404, "not-found")
    problem(client(Role.REVIEWER).post(f"/v1/jobs/{job}/cancel"), 403, "not-allowed")
