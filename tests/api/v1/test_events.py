"""Events over HTTP: followed by a cursor, with detail or without it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from holdfast.access.principal import BankScope
from holdfast.access.roles import Role
from holdfast.records import events
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory
from tests.api.v1.conftest import hold, problem, upload


def append(runtime: Runtime, count: int, kind: str = "action.overdue") -> None:
    with runtime.database.write() as connection:
        for number in range(count):
            events.append(connection, kind, {"n": number}, content_reference=f"post/{number % 2}")


def test_the_log_is_followed_without_a_gap(lead: TestClient, runtime: Runtime) -> None:
    append(runtime, 5)
    seen: list[int] = []
    after = 0
    for _ in range(4):
        page = lead.get("/v1/events", params={"after": after, "limit": 2}).json()
        seen += [one["id"] for one in page["items"]]
        after = page["next"]
    assert seen == [1, 2, 3, 4, 5]
    assert after == 5
    append(runtime, 1, "hold.destroyed")
    assert [one["id"] for one in lead.get("/v1/events", params={"after": after}).json()["items"]] == [6]
    only = lead.get("/v1/events", params={"kind": ["hold.destroyed", "match"]}).json()["items"]
    assert [one["kind"] for one in only] == ["hold.destroyed"]
    about = lead.get("/v1/events", params={"content_reference": "post/1"}).json()["items"]
    assert [one["id"] for one in about] == [4, 2]
    problem(lead.get("/v1/events", params={"kind": "no_match"}), 422, "bad-request")
    problem(lead.get("/v1/events/99"), 404, "not-found")
    problem(lead.get("/v1/events/0"), 422, "bad-request")


def test_matches_are_for_those_who_may_see_them(
    lead: TestClient, runtime: Runtime, client: ClientFactory
) -> None:
    answer = hold(lead, runtime)
    path = f"/v1/events/{answer['event']}"
    match = lead.get(path).json()
    assert match["facts"]["facts"]["matches"][0]["bank"] == "LIST"
    assert match["facts"]["facts"]["context"]["account"] == "user-4711"
    auditor = client(Role.AUDITOR)
    shown = auditor.get(path)
    assert "matches" not in shown.json()["facts"]["facts"]
    assert shown.json()["facts"]["decision"]["rule"] == "trusted-exact"
    for word in ('"entry"', '"distance_bits"', "photo", "LIST"):
        assert word not in shown.text
    bound = client(Role.ANALYST, banks=BankScope(see=("OTHER",), change=()))
    assert bound.get(path).json()["facts"]["facts"]["matches"] == []
    problem(client(Role.UPLOADER).get(path), 403, "not-allowed")


def test_an_alarm_names_no_entry_without_detail(
    lead: TestClient, runtime: Runtime, client: ClientFactory
) -> None:
    hold(lead, runtime)
    for number in range(20):
        upload(lead, runtime, f"post/{number}")
    (alarm,) = lead.get("/v1/events", params={"kind": "brake.tripped"}).json()["items"]
    assert (alarm["facts"]["brake"], alarm["facts"]["last_hour"]) == ("flood", 21)
    assert alarm["facts"]["entry"] == 1
    (alarm,) = client(Role.AUDITOR).get("/v1/events", params={"kind": "brake.tripped"}).json()["items"]
    assert "entry" not in alarm["facts"]
    held = lead.get("/v1/banks/LIST/entries").json()["items"][0]
    assert held["standing"] == "held"


@pytest.mark.parametrize("limit", [0, 1001])
def test_pages_are_bounded(lead: TestClient, limit: int) -> None:
    problem(lead.get("/v1/events", params={"limit": limit}), 422, "bad-request")
