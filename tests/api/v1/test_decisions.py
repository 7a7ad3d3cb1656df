"""The queue of decisions and what people say, with what follows for entry and content. On both databases."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from holdfast.access.principal import BankScope
from holdfast.access.roles import Role
from holdfast.records.tables.base import now
from holdfast.records.tables.decisions import decisions
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory
from tests.api.v1.conftest import hold, problem, upload


@pytest.fixture
def runtime(both: Runtime) -> Runtime:
    return both


def decide(runtime: Runtime, event: int, queue: int | None, entry: int | None = None) -> None:
    values = {
        "event_id": event,
        "outcome": "match",
        "rule": "r",
        "rule_class": "known",
        "rules_version": "1",
        "actions": {},
        "queue": queue,
        "entry_id": entry,
        "trusted": False,
        "decided_at": now(),
    }
    with runtime.database.write() as connection:
        connection.execute(sa.insert(decisions).values(values))


def all_pages(client: TestClient, **params: Any) -> list[int]:
    seen: list[int] = []
    page = client.get("/v1/decisions", params=params).json()
    while page["items"]:
        seen += [one["event"] for one in page["items"]]
        if page["next"] is None:
            break
        page = client.get("/v1/decisions", params={**params, "after": page["next"]}).json()
    return seen


def say(client: TestClient, event: int, verdict: str, key: str | None = None) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {"verdict": verdict, "reason": "looked at it"}
    return client.post(f"/v1/decisions/{event}/review", json=body, headers=headers)


def test_the_queue_has_the_first_priority_first_then_the_oldest(lead: TestClient, runtime: Runtime) -> None:
    for event, queue in ((1, 3), (2, 1), (3, None), (4, 2), (5, 1), (6, 3), (7, 1)):
        decide(runtime, event, queue)
    assert say(lead, 5, "confirm").status_code == 200
    for limit in (1, 2, 3, 100):
        assert all_pages(lead, limit=limit) == [2, 7, 4, 1, 6]
        assert all_pages(lead, state="all", limit=limit) == [7, 6, 5, 4, 3, 2, 1]
    assert all_pages(lead, state="reviewed") == [5]
    assert all_pages(lead, state="unreviewed", limit=2) == [7, 6, 4, 3, 2, 1]
    for wrong in ({"after": "7"}, {"after": "x"}, {"after": f"1.{10**18 * 9999}"}, {"state": "done"}):
        problem(lead.get("/v1/decisions", params=wrong), 422, "bad-request")
    problem(lead.get("/v1/decisions", params={"state": "all", "after": "1.7"}), 422, "bad-request")


def test_a_key_sees_decisions_about_its_banks_only(
    lead: TestClient, runtime: Runtime, entry: int, client: ClientFactory
) -> None:
    decide(runtime, 1, 1, entry)
    decide(runtime, 2, 1)
    seen = client(Role.LEAD, banks=BankScope(see=("KNO*",), change=()))
    assert all_pages(seen) == [1, 2]
    for scope in (("OTHER",), ("kno*",), ("KNO",)):
        other = client(Role.LEAD, banks=BankScope(see=scope, change=()))
        assert all_pages(other) == [2]
        problem(other.get("/v1/decisions/1"), 403, "not-allowed")
        problem(say(other, 1, "dispute"), 403, "not-allowed")
    assert lead.get("/v1/decisions/1").json()["entry"] == entry
    assert client(Role.AUDITOR).get("/v1/decisions/1").json()["entry"] is None


def test_a_confirmed_match_stays_held(lead: TestClient, runtime: Runtime, client: ClientFactory) -> None:
    answer = hold(lead, runtime)
    reviewer = client(Role.REVIEWER)
    done = say(reviewer, answer["event"], "confirm").json()
    assert (done["standing"], done["destroy_at"], done["decision"]["verdict"]) == (
        "confirmed",
        None,
        "confirm",
    )
    assert lead.get(f"/v1/holds/{answer['hold']}").json()["state"] == "held"
    assert all_pages(lead) == []
    (event,) = lead.get("/v1/events", params={"kind": "decision.reviewed"}).json()["items"]
    assert (event["content_reference"], event["facts"]["event"]) == ("post/1", answer["event"])


def test_a_disputed_match_on_any_list_is_released(
    lead: TestClient, runtime: Runtime, client: ClientFactory
) -> None:
    answer = hold(lead, runtime, trusted=False)
    assert answer["hold"] is not None
    done = say(client(Role.REVIEWER), answer["event"], "dispute").json()
    assert done["standing"] == "disputed"
    item = lead.get(f"/v1/holds/{answer['hold']}").json()
    assert (item["state"], item["destroy_at"]) == ("released", done["destroy_at"])
    assert [one["kind"] for one in lead.get("/v1/events").json()["items"]] == [
        "match",
        "decision.reviewed",
        "hold.released",
    ]
    later = upload(lead, runtime, "post/2")
    assert later["restraint"] != ""
    assert (later["decision"]["quarantine"], later["decision"]["allow"]) == (False, True)


def test_a_trusted_list_takes_two_people(lead: TestClient, runtime: Runtime, client: ClientFactory) -> None:
    answer = hold(lead, runtime, trusted=True)
    path = f"/v1/holds/{answer['hold']}/release"
    body = {"purpose": "not what the list says"}
    assert "nobody has disputed" in problem(lead.post(path, json=body), 409, "conflict")
    done = say(lead, answer["event"], "dispute").json()
    assert (done["standing"], done["destroy_at"]) == ("disputed", None)
    assert "two people" in problem(lead.post(path, json=body), 403, "not-allowed")
    assert lead.get(f"/v1/holds/{answer['hold']}").json()["state"] == "held"
    problem(client(Role.REVIEWER).post(path, json=body), 403, "not-allowed")
    released = client(Role.LEAD).post(path, json=body).json()
    assert released["state"] == "released"
    assert released["destroy_at"] is not None


def test_two_who_dispute_are_two_people(lead: TestClient, runtime: Runtime, client: ClientFactory) -> None:
    answer = hold(lead, runtime)
    say(lead, answer["event"], "dispute")
    say(client(Role.REVIEWER), answer["event"], "dispute")
    path = f"/v1/holds/{answer['hold']}/release"
    assert lead.post(path, json={"purpose": "cleared"}).json()["state"] == "released"


def test_who_takes_a_dispute_back_is_no_second_person(
    lead: TestClient, runtime: Runtime, client: ClientFactory
) -> None:
    answer, reviewer = hold(lead, runtime), client(Role.REVIEWER)
    say(reviewer, answer["event"], "dispute")
    say(reviewer, answer["event"], "confirm")
    path = f"/v1/holds/{answer['hold']}/release"
    problem(lead.post(path, json={"purpose": "cleared"}), 409, "conflict")


def test_the_same_again_changes_nothing_and_others_may_disagree(
    lead: TestClient, runtime: Runtime, client: ClientFactory
) -> None:
    answer, reviewer = hold(lead, runtime), client(Role.REVIEWER)
    first = say(reviewer, answer["event"], "confirm", key="a")
    assert say(reviewer, answer["event"], "confirm").json() == first.json()
    assert say(reviewer, answer["event"], "confirm", key="a").headers["idempotent-replayed"] == "true"
    assert len(lead.get("/v1/banks/LIST/entries/1").json()["reviews"]) == 1
    other = say(lead, answer["event"], "dispute").json()
    assert other["standing"] == "disputed"
    assert other["decision"] == first.json()["decision"]
    assert [one["verdict"] for one in lead.get("/v1/banks/LIST/entries/1").json()["reviews"]] == [
        "dispute",
        "confirm",
    ]


def test_a_decision_outlives_its_entry(lead: TestClient, runtime: Runtime) -> None:
    answer = hold(lead, runtime, trusted=False)
    assert lead.delete("/v1/banks/LIST/entries/1").status_code == 200
    done = say(lead, answer["event"], "dispute").json()
    assert (done["standing"], done["decision"]["verdict"]) == ("none", "dispute")
    assert done["destroy_at"] is not None


def test_what_is_no_review_is_refused(lead: TestClient, runtime: Runtime, client: ClientFactory) -> None:
    decide(runtime, 1, 1)
    problem(say(lead, 2, "confirm"), 404, "not-found")
    problem(say(lead, 1, "withdraw"), 422, "bad-request")
    problem(lead.post("/v1/decisions/1/review", json={"verdict": "confirm"}), 422, "bad-request")
    problem(say(client(Role.ANALYST), 1, "confirm"), 403, "not-allowed")
    assert lead.get("/v1/decisions/1").json()["verdict"] is None
