"""Actions and their receipts over HTTP. On both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.decisions.webhooks import receipts
from holdfast.records.tables.base import now
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory
from tests.api.v1.conftest import hold, problem


@pytest.fixture
def runtime(both: Runtime) -> Runtime:
    return both


def ask(runtime: Runtime, count: int) -> list[int]:
    with runtime.database.write() as connection:
        return [
            receipts.ask(
                connection, event_id=1, action="remove", content_reference=f"post/{n}", matched_at=now()
            )
            for n in range(count)
        ]


def test_the_platform_confirms_what_it_removed(
    lead: TestClient, runtime: Runtime, client: ClientFactory
) -> None:
    (action,) = hold(lead, runtime)["actions"]
    path = f"/v1/actions/{action['id']}"
    assert lead.get(path).json()["confirmed_at"] is None
    uploader = client(Role.UPLOADER)
    body = {"removed": ["post/1", "cdn/1.jpg"], "removed_at": now().isoformat()}
    done = uploader.post(f"{path}/confirm", json=body).json()
    assert (done["outcome"], done["removed"]) == ("removed", ["post/1", "cdn/1.jpg"])
    assert uploader.post(f"{path}/confirm", json=body).json() == done
    problem(uploader.post(f"{path}/confirm", json={"outcome": "already_gone"}), 409, "conflict")
    times = lead.get("/v1/actions/times").json()
    assert (times["asked"], times["unconfirmed"], times["from_match"]["count"]) == (1, 0, 1)
    assert lead.get("/v1/actions", params={"event": done["event"]}).json()["items"] == [done]
    problem(uploader.get(path), 403, "not-allowed")


def test_unconfirmed_actions_come_in_pages_oldest_first(lead: TestClient, runtime: Runtime) -> None:
    asked = ask(runtime, 5)
    lead.post(f"/v1/actions/{asked[2]}/confirm", json={}, headers={"Idempotency-Key": "c"})
    first = lead.get("/v1/actions", params={"limit": 3}).json()
    rest = lead.get("/v1/actions", params={"limit": 3, "after": first["next"]}).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [asked[n] for n in (0, 1, 3, 4)]
    assert rest["next"] is None
    assert lead.get("/v1/actions", params={"unconfirmed_for_s": 60}).json()["items"] == []
    problem(lead.get("/v1/actions", params={"after": 999}), 404, "not-found")
    problem(lead.get("/v1/actions", params={"unconfirmed_for_s": -1}), 422, "bad-request")
    problem(lead.get("/v1/actions", params={"unconfirmed_for_s": "inf"}), 422, "bad-request")


def test_what_cannot_be_confirmed_is_refused(lead: TestClient, runtime: Runtime) -> None:
    (action,) = ask(runtime, 1)
    path = f"/v1/actions/{action}/confirm"
    for wrong in (
        {"removed_at": (now() + timedelta(days=1)).isoformat()},
        {"removed_at": "2026-01-01T00:00:00"},
        {"outcome": "lost"},
        {"removed": [""]},
        {"removed": ["x"] * 1001},
    ):
        problem(lead.post(path, json=wrong), 422, "bad-request")
    problem(lead.post("/v1/actions/99/confirm", json={}), 404, "not-found")
    assert lead.get(f"/v1/actions/{action}").json()["confirmed_at"] is None


def test_times_are_of_a_period(lead: TestClient, runtime: Runtime) -> None:
    for wrong in (
        {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"since": "2020-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"since": "2026-01-01"},
    ):
        problem(lead.get("/v1/actions/times", params=wrong), 422, "bad-request")
    old = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    assert lead.get("/v1/actions/times", params=old).json()["asked"] == 0
