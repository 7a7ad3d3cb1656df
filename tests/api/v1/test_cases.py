"""Cases over HTTP, end to end: an upload that matched, a lease, a reveal, a decision, a second person."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from holdfast.access.people import add_person
from holdfast.access.principal import BankScope
from holdfast.access.roles import Role
from holdfast.access.sessions import start_session
from holdfast.access.tokens import csrf_token
from holdfast.api.guard import CSRF_HEADER
from holdfast.api.origins import cookie_name
from holdfast.records import audit
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.v1.conftest import KNOWN, hold, problem, upload

SAID = {
    "kind": "survivor",
    "text": "this is me",
    "content_references": ["post/1"],
    "contact": "a@example.org",
}


@pytest.fixture
def runtime(make_runtime: RuntimeFactory, rules: Any) -> Runtime:
    """Decisions act at once; on SQLite: what is special to a database is tested in tests/review."""
    return make_runtime(
        rules={"rules_file": rules},
        review={"undo_s": 0, "training_required": False, "second_review_share": 1.0},
    )


@pytest.fixture
def reviewer(client: ClientFactory, runtime: Runtime) -> TestClient:
    return signed_in(client, runtime, Role.REVIEWER)


def signed_in(client: ClientFactory, runtime: Runtime, *roles: Role) -> TestClient:
    """A person with a session and its token, as the console's scripts have them."""
    with runtime.database.write() as connection:
        person = add_person(connection, name="Ana", roles=roles, by="tests")
        token = start_session(connection, person, method="link", lifetime=timedelta(hours=1))
    made = client()
    made.base_url = "http://localhost"
    made.headers |= {CSRF_HEADER: csrf_token(token), "origin": "http://localhost"}
    made.cookies.set(cookie_name(runtime.settings.console, "session"), token)
    return made


def only_case(client: TestClient) -> Any:
    (case,) = client.get("/v1/cases").json()["items"]
    return case


def take(client: TestClient, case: int) -> Any:
    answer = client.post(f"/v1/cases/{case}/lease", json={})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_from_the_match_to_the_report(
    lead: TestClient, runtime: Runtime, reviewer: TestClient, client: ClientFactory
) -> None:
    hold(lead, runtime)
    case = only_case(reviewer)
    assert (case["state"], case["account"], case["media_count"]) == ("open", "user-4711", 1)
    lease = reviewer.post("/v1/cases/next", json={}).json()
    assert lease["case"] == case["id"]
    problem(lead.post(f"/v1/cases/{case['id']}/lease", json={}), 409, "conflict")
    page = reviewer.get(f"/v1/cases/{case['id']}").json()
    (media,) = page["media"]
    assert (media["seen"], media["trusted"], media["hold_state"]) == ("not viewed", True, "held")
    path = f"/v1/cases/{case['id']}/media/{media['id']}"

    blurred = reviewer.get(f"{path}/blur4-grey-small")
    assert (blurred.status_code, blurred.headers["cache-control"]) == (200, "no-store")
    assert Image.open(io.BytesIO(blurred.content)).mode == "L"
    problem(reviewer.get(f"{path}/blur0-grey-small"), 403, "not-allowed")

    fence = {"fence": lease["fence"]}
    grant = reviewer.post(f"{path}/reveal", json=fence).json()
    reveal = f"/v1/reveals/{grant['id']}"
    whole = reviewer.get(f"{reveal}/original")
    assert (whole.content, whole.headers["content-type"]) == (KNOWN, "application/octet-stream")
    part = reviewer.get(f"{reveal}/original", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, KNOWN[10:20])
    assert reviewer.get(f"{reveal}/original", headers={"Range": f"bytes={10**9}-"}).status_code == 416
    assert Image.open(io.BytesIO(reviewer.get(f"{reveal}/blur0").content)).mode == "RGB"
    problem(client(Role.REVIEWER).post(f"{path}/reveal", json=fence), 403, "not-allowed")
    for stranger in (lead, client(Role.REVIEWER), signed_in(client, runtime, Role.REVIEWER)):
        problem(stranger.get(f"{reveal}/original"), 403, "not-allowed")
    assert client().get(f"{reveal}/original").status_code == 401
    seen = [
        {"number": 1, "kind": "shown", "clock_ms": 0},
        {"number": 2, "kind": "loaded", "clock_ms": 1},
        {"number": 3, "kind": "hidden", "clock_ms": 1200},
    ]
    assert reviewer.post(f"{reveal}/events", json={"events": seen}).json()["last_number"] == 3
    judged = reviewer.post(f"{reveal}/attest", json={"last_number": 3}).json()
    assert judged == {"complete": True, "why_not": None, "shown_ms": 1200}
    problem(reviewer.get(f"{reveal}/original"), 403, "not-allowed")  # it is over

    said = reviewer.post(f"{path}/label", json={**fence, "label": "A1", "annotations": ["viral"]})
    assert said.json() == {"labelled": [media["id"]]}
    reviewer.post(f"/v1/cases/{case['id']}/notes", json={"text": "as the list says"})
    wanted = {**fence, "version": page["case"]["version"], "outcome": "report", "reason": "seen"}
    decided = reviewer.post(f"/v1/cases/{case['id']}/decisions", json=wanted)
    assert decided.status_code == 201, decided.text
    problem(reviewer.post(f"/v1/cases/{case['id']}/decisions", json=wanted), 409, "conflict")
    page = reviewer.get(f"/v1/cases/{case['id']}").json()
    assert (page["case"]["state"], page["decisions"][0]["state"]) == ("decided", "in_force")
    assert page["media"][0]["seen"] == "viewed in full by 1 person"

    exported = lead.post(f"/v1/cases/{case['id']}/export", json={}).json()
    served = exported["media"][0]["views"]["served"]
    originals = [one for one in served if one["fidelity"] == "original"]
    assert originals[0]["digest"] == hashlib.sha256(KNOWN).hexdigest()
    assert [(one["first_byte"], one["end_byte"]) for one in originals] == [(0, len(KNOWN)), (10, 20)]
    today = reviewer.get("/v1/reviewers/me").json()["today"]
    assert (today["items"], today["shown_ms"]) == (1, 1200)
    (second,) = lead.get("/v1/second-reviews").json()["items"]
    label_again(
        signed_in(client, runtime, Role.REVIEWER), reviewer, f"/console/second-reviews/{second['id']}"
    )
    assert lead.get("/v1/review-figures").json()["agreed"] == 1


def label_again(other: TestClient, first: TestClient, path: str) -> None:
    """The case is decided and nobody's: the file is seen under a reveal of its own, and labelled blind."""
    assert path in other.get("/console/second-reviews").text
    shown = other.get(path).text
    assert f"{path}/blurred" in shown and "checked" not in shown and "Labelled" not in shown
    assert Image.open(io.BytesIO(other.get(f"{path}/blurred").content)).mode == "L"
    assert first.get(path).status_code == first.post(f"{path}/reveal").status_code == 403
    grant = other.post(f"{path}/reveal").json()["grant"]
    assert other.get(f"/console/views/{grant}/original").content == KNOWN
    assert first.get(f"/console/views/{grant}/original").status_code == 403
    other.patch("/v1/reviewers/me", json={"pause_minutes": 5})
    assert other.get(f"/console/views/{grant}/original").status_code == 403  # what was revealed ends too
    assert other.post(path, data={"label": "A1"}).status_code == 303
    assert other.get(path).status_code == other.post(path, data={"label": "A2"}).status_code == 409


def test_a_legal_hold_keeps_all_of_a_case(
    lead: TestClient, runtime: Runtime, reviewer: TestClient, client: ClientFactory
) -> None:
    held = hold(lead, runtime)
    counsel, path = signed_in(client, runtime, Role.LEAD), f"/console/cases/{only_case(lead)['id']}"
    order = {"reference": "order 12", "agency": "Example Police"}
    assert "Place the hold" in counsel.get(path).text and "Place the hold" not in reviewer.get(path).text
    assert reviewer.post(f"{path}/legal-hold", data=order).status_code == 403
    assert counsel.post(f"{path}/legal-hold", data=order).status_code == 303
    (placed,) = lead.get(f"/v1/holds/{held['hold']}").json()["legal_holds"]
    assert (placed["reference"], placed["agency"]) == ("order 12", "Example Police")
    assert counsel.post("/console/cases/99/legal-hold", data=order).status_code == 404
    assert counsel.post(f"{path}/legal-hold", data={"reference": "order 13"}).status_code == 303
    page = counsel.get(path).text
    assert "order 12" in page and "Example Police" in page and page.count("on 1 file ·") == 2
    reason = {"purpose": "the court closed it"}
    assert reviewer.post(f"{path}/legal-hold/lift", data={**order, **reason}).status_code == 403
    assert counsel.post(f"{path}/legal-hold/lift", data=order).status_code == 422  # a lift says why
    elsewhere = {"reference": "order 12", **reason}
    assert (
        counsel.post(f"{path}/legal-hold/lift", data=elsewhere).status_code == 404
    )  # no agency, no such order
    assert counsel.post(f"{path}/legal-hold/lift", data={**order, **reason}).status_code == 303
    assert counsel.post(f"{path}/legal-hold/lift", data={**order, **reason}).status_code == 404
    (left,) = lead.get(f"/v1/holds/{held['hold']}").json()["legal_holds"]
    assert left["reference"] == "order 13" and "order 12" not in counsel.get(path).text
    with runtime.database.read() as connection:
        said = audit.read(connection, target=f"item:{held['hold']}")
    assert [one.action for one in said].count("vault.lift_legal_hold") == 1


def test_clearing_on_a_trusted_list_waits_for_a_second_person(
    lead: TestClient, runtime: Runtime, reviewer: TestClient, client: ClientFactory
) -> None:
    held, second = hold(lead, runtime), signed_in(client, runtime, Role.LEAD)
    case = only_case(reviewer)
    fence = take(reviewer, case["id"])["fence"]
    wanted = {"fence": fence, "version": case["version"], "outcome": "release", "reason": "a garden"}
    problem(reviewer.post(f"/v1/cases/{case['id']}/decisions", json=wanted), 422, "bad-request")
    wanted["not_a_match"] = "not_abuse"
    assert reviewer.post(f"/v1/cases/{case['id']}/decisions", json=wanted).json()["state"] == "approval"
    (asked,) = lead.get("/v1/approvals").json()["items"]
    answer = f"/v1/approvals/{asked['id']}/answer"
    assert reviewer.post(answer, json={"verdict": "approved"}).status_code == 403
    problem(lead.post(answer, json={"verdict": "approved"}), 403, "not-allowed")  # a key, maybe the asker's
    assert second.post(answer, json={"verdict": "approved"}).json()["verdict"] == "approved"
    assert lead.get(f"/v1/holds/{held['hold']}").json()["state"] == "released"
    assert lead.get(f"/v1/cases/{case['id']}").json()["case"]["state"] == "decided"


def test_an_appeal_is_heard_by_another_and_restores(
    lead: TestClient, runtime: Runtime, reviewer: TestClient, client: ClientFactory
) -> None:
    held, second = hold(lead, runtime, trusted=False), signed_in(client, runtime, Role.LEAD)
    case = only_case(reviewer)
    fence = take(reviewer, case["id"])["fence"]
    wanted = {"fence": fence, "version": case["version"], "outcome": "hold", "reason": "seen"}
    wanted["account_action"] = "suspend"
    assert reviewer.post(f"/v1/cases/{case['id']}/decisions", json=wanted).status_code == 201
    problem(lead.post("/v1/appeals", json={"account": "nobody", "text": "x"}), 404, "not-found")
    taken = lead.post("/v1/appeals", json={"account": "user-4711", "text": "my garden"}).json()
    again = lead.post("/v1/appeals", json={"content_reference": "post/1", "text": "my garden"}).json()
    assert taken == again
    (appeal,) = lead.get("/v1/appeals").json()["items"]
    said = {"statement": "You were right, and we are sorry.", "not_a_match": "not_abuse"}
    path = f"/v1/appeals/{appeal['id']}"
    for same in (reviewer, lead):  # a key may be the same person's
        problem(same.post(f"{path}/overturn", json=said), 403, "not-allowed")
    assert second.post(f"{path}/overturn", json=said).status_code == 200
    (appeal,) = lead.get("/v1/appeals", params={"state": "all"}).json()["items"]
    assert (appeal["outcome"], appeal["statement"]) == ("overturned", said["statement"])
    decisions = lead.get(f"/v1/cases/{case['id']}").json()["decisions"]
    assert [one["state"] for one in decisions] == ["overturned", "in_force"]
    assert decisions[1]["account_action"] == "restore"
    assert lead.get(f"/v1/holds/{held['hold']}").json()["state"] == "released"


def test_a_notice_acts_on_known_copies_and_tells_nobody_that_they_were_known(
    lead: TestClient, runtime: Runtime, reviewer: TestClient, client: ClientFactory
) -> None:
    held = hold(lead, runtime)
    uploader = client(Role.UPLOADER)
    known = uploader.post("/v1/notices", json=SAID)
    unknown = uploader.post("/v1/notices", json={**SAID, "content_references": ["post/99"]})
    assert (known.status_code, set(known.json())) == (201, {"reference", "received_at", "due_at"})
    assert set(known.json()) == set(unknown.json())
    problem(uploader.post("/v1/notices", json={"kind": "user"}), 422, "bad-request")
    assert uploader.get("/v1/notices").status_code == 403
    copies = {
        one["content_references"][0]: one["known_copies"] for one in lead.get("/v1/notices").json()["items"]
    }
    assert copies == {"post/1": 1, "post/99": 0}
    first = next(one for one in lead.get("/v1/notices").json()["items"] if one["known_copies"])
    page = reviewer.get(f"/v1/cases/{first['case']}").json()
    words = {one["reference"]: one["words"]["text"] for one in page["notices"]}
    assert words[known.json()["reference"]] == "this is me"
    assert page["case"]["priority"] == 1
    with runtime.database.read() as connection:
        for table in ("notices", "case_texts"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            assert "this is me" not in repr(rows)
    assert held["hold"] is not None


def test_messages_alone_are_a_case(reviewer: TestClient, runtime: Runtime) -> None:
    messages = [{"sender": "user-1", "text": "are you alone", "is_suspect": True}]
    made = reviewer.post("/v1/cases", json={"account": "user-1", "messages": messages})
    assert (made.status_code, made.json()["kind"]) == (201, "text")
    case = made.json()
    more = reviewer.post(f"/v1/cases/{case['id']}/messages", json={"messages": messages})
    assert more.status_code == 201
    page = reviewer.get(f"/v1/cases/{case['id']}").json()
    assert [one["text"] for one in page["messages"]] == ["are you alone"] * 2
    fence = take(reviewer, case["id"])["fence"]
    wanted = {"fence": fence, "version": page["case"]["version"], "outcome": "report", "reason": "grooming"}
    assert reviewer.post(f"/v1/cases/{case['id']}/imminent", json={}).json()["priority"] == 0
    assert reviewer.post(f"/v1/cases/{case['id']}/decisions", json=wanted).status_code == 201


def test_a_case_is_merged_and_split(lead: TestClient, runtime: Runtime, reviewer: TestClient) -> None:
    hold(lead, runtime)
    upload(lead, runtime, "post/2")
    case = only_case(reviewer)
    media = [one["id"] for one in reviewer.get(f"/v1/cases/{case['id']}").json()["media"]]
    fence = take(reviewer, case["id"])["fence"]
    apart = reviewer.post(f"/v1/cases/{case['id']}/split", json={"fence": fence, "media": media[:1]}).json()
    assert (apart["media_count"], apart["earlier_case"]) == (1, case["id"])
    wanted = {"fence": fence, "source": apart["id"]}
    merged = reviewer.post(f"/v1/cases/{case['id']}/merge", json=wanted).json()
    assert (merged["media_count"], merged["id"]) == (2, case["id"])
    assert reviewer.get(f"/v1/cases/{apart['id']}").json()["case"]["merged_into"] == case["id"]
    problem(reviewer.post(f"/v1/cases/{case['id']}/merge", json=wanted), 409, "conflict")


def test_pages_filters_and_scopes(lead: TestClient, runtime: Runtime, client: ClientFactory) -> None:
    hold(lead, runtime)
    for number in range(3):
        said = {"account": f"user-{number}", "messages": [{"sender": "x", "text": "y"}], "priority": 3}
        lead.post("/v1/cases", json=said)
    first = lead.get("/v1/cases", params={"limit": 2}).json()
    rest = lead.get("/v1/cases", params={"limit": 2, "after": first["next"]}).json()
    seen = [one["id"] for one in (*first["items"], *rest["items"])]
    assert len(set(seen)) == len(seen) == 4
    assert lead.get("/v1/cases/count", params={"kind": "text"}).json() == {"count": 3}
    assert len(lead.get("/v1/cases", params={"bank": "LIST"}).json()["items"]) == 1
    problem(lead.get("/v1/cases", params={"after": "x"}), 422, "bad-request")
    other = client(Role.LEAD, banks=BankScope(see=("ELSE",), change=()))
    assert len(other.get("/v1/cases").json()["items"]) == 3
    case = lead.get("/v1/cases", params={"bank": "LIST"}).json()["items"][0]["id"]
    problem(other.get(f"/v1/cases/{case}"), 403, "not-allowed")
    assert client(Role.ADMIN).get("/v1/cases").status_code == 403


def test_comfort_and_training_over_http(
    lead: TestClient, reviewer: TestClient, runtime: Runtime, client: ClientFactory
) -> None:
    own = reviewer.patch("/v1/reviewers/me", json={"comfort": {"blur": 0, "small": False}, "files_a_day": 5})
    assert (own.json()["comfort"]["blur"], own.json()["comfort"]["small"]) == (3, True)
    assert own.json()["limits"] == {"files": 5}
    person = own.json()["person"]
    assert reviewer.post(f"/v1/reviewers/{person}/trained", json={}).status_code == 403
    assert lead.post(f"/v1/reviewers/{person}/trained", json={}).status_code == 403  # a key may be their own
    other = signed_in(client, runtime, Role.LEAD)
    assert other.post(f"/v1/reviewers/{person}/trained", json={}).status_code == 204
    assert reviewer.get("/v1/reviewers/me").json()["trained_at"] is not None
    said = reviewer.get("/v1/review-words").json()
    assert set(said["labels"]) == {"A1", "A2", "B1", "B2", "none"}


def test_a_case_whose_uploads_were_reviewed_one_by_one_closes(
    lead: TestClient, runtime: Runtime, reviewer: TestClient
) -> None:
    events = [hold(lead, runtime)["event"], upload(lead, runtime, "post/2")["event"]]
    case = only_case(reviewer)["id"]
    for number, event in enumerate(events):
        assert reviewer.get(f"/v1/cases/{case}").json()["case"]["state"] == "open"
        said = {"verdict": "confirm", "reason": f"looked at {number}"}
        assert reviewer.post(f"/v1/decisions/{event}/review", json=said).status_code == 200
    page = reviewer.get(f"/v1/cases/{case}").json()
    assert page["case"]["state"] == "decided"
    assert [(one["outcome"], one["state"]) for one in page["decisions"]] == [("hold", "in_force")]
