"""Entries over HTTP: add by hash and by file, find, change, review, delete; and who may see what."""

from __future__ import annotations

import hashlib

import pytest
from starlette.testclient import TestClient

from holdfast.access.principal import BankScope
from holdfast.access.roles import Role
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory
from tests.api.v1.conftest import KNOWN, PDQ, SHA1, problem, upload

PATH = "/v1/banks/KNOWN/entries"


@pytest.fixture
def runtime(both: Runtime) -> Runtime:
    return both


def test_an_entry_with_all_that_is_known_of_it(lead: TestClient, entry: int) -> None:
    found = lead.get(f"{PATH}/{entry}").json()
    assert (found["bank"], found["label"], found["standing"]) == ("KNOWN", "a photo", "none")
    assert [one["algorithm"] for one in found["fingerprints"]] == ["pdq", "sha1"]
    assert found["fingerprints"][0]["opinions"][0]["source"] == "own"
    assert found["reviews"] == []


def test_content_that_shares_a_hash_is_added_to_the_entry(lead: TestClient, entry: int) -> None:
    more = [{"algorithm": "sha1", "value": SHA1}, {"algorithm": "md5", "value": "2b" * 16, "size_bytes": 7}]
    again = lead.post(PATH, json={"label": "another name", "hashes": more}).json()
    assert (again["entry"]["id"], again["new"], again["fingerprints_added"]) == (entry, False, 1)
    assert again["entry"]["label"] == "a photo"


def test_a_file_is_hashed_and_matches(lead: TestClient, entry: int, runtime: Runtime) -> None:
    params = {"label": "from a file", "classification": "B2"}
    headers = {"Idempotency-Key": "file"}
    added = lead.post("/v1/banks/KNOWN/media", params=params, content=KNOWN, headers=headers)
    assert added.status_code == 201
    made = added.json()
    assert (made["new"], made["detail"], made["entry"]["medium"]) == (True, "", "image")
    again = lead.post("/v1/banks/KNOWN/media", params=params, content=KNOWN, headers=headers)
    assert again.headers["idempotent-replayed"] == "true"
    value = hashlib.sha256(KNOWN).hexdigest()
    found = lead.get(PATH, params={"algorithm": "sha256", "value": value}).json()["items"]
    assert [one["id"] for one in found] == [made["entry"]["id"]]
    assert upload(lead, runtime)["outcome"] == "match"
    text = lead.post("/v1/banks/KNOWN/media", params={"label": "words"}, content=b"only words").json()
    assert (text["fingerprints_added"], text["entry"]["medium"]) == (3, "unknown")
    assert text["detail"]
    problem(lead.post("/v1/banks/KNOWN/media", params={"label": "x"}, content=b""), 422, "bad-request")
    problem(lead.post("/v1/banks/NONE/media", params={"label": "x"}, content=b"y"), 404, "not-found")


def test_entries_are_searched_and_come_in_pages(lead: TestClient, entry: int) -> None:
    for number in range(5):
        hashes = [{"algorithm": "md5", "value": f"{number:032x}"}]
        body = {"label": f"no {number} 100%", "hashes": hashes, "classification": "A1" if number else None}
        assert lead.post(PATH, json=body).status_code == 201
    first = lead.get(PATH, params={"limit": 4}).json()
    rest = lead.get(PATH, params={"limit": 4, "after": first["next"]}).json()
    assert len(first["items"]) == 4
    assert len(rest["items"]) == 2
    assert rest["next"] is None
    assert len(lead.get(PATH, params={"text": "100%"}).json()["items"]) == 5
    assert lead.get(PATH, params={"text": "PHOTO"}).json()["items"][0]["id"] == entry
    assert len(lead.get(PATH, params={"classification": "A1"}).json()["items"]) == 4
    by_hash = lead.get(PATH, params={"algorithm": "pdq", "value": PDQ.upper()}).json()["items"]
    assert [one["id"] for one in by_hash] == [entry]


@pytest.mark.parametrize(
    "params",
    [
        {"algorithm": "pdq"},
        {"value": PDQ},
        {"algorithm": "pdq", "value": "zz" * 32},
        {"algorithm": "pdq", "value": "0f"},
        {"algorithm": "tmk", "value": PDQ},
        {"classification": "C"},
        {"text": "a\x00"},
        {"after": -1},
        {"after": 2**63},
    ],
)
def test_a_search_that_cannot_be_is_refused_and_quotes_no_hash(
    lead: TestClient, entry: int, params: dict[str, str]
) -> None:
    words = problem(lead.get(PATH, params=params), 422, "bad-request")
    assert PDQ not in words


def test_an_entry_is_changed(lead: TestClient, entry: int, client: ClientFactory) -> None:
    change = {"label": "new", "classification": "A2", "note": "seen twice"}
    changed = lead.patch(f"{PATH}/{entry}", json=change).json()
    assert {name: changed[name] for name in change} == change
    assert lead.patch(f"{PATH}/{entry}", json={"classification": None}).json()["classification"] is None
    until = "2099-01-01T00:00:00+01:00"
    assert (
        lead.patch(f"{PATH}/{entry}", json={"disabled_until": until})
        .json()["disabled_until"]
        .startswith("2098-12-31T23")
    )
    analyst = client(Role.ANALYST)
    refused = analyst.patch(f"{PATH}/{entry}", json={"disabled_until": None})
    assert "entry.disable" in problem(refused, 403, "not-allowed")
    assert analyst.patch(f"{PATH}/{entry}", json={"note": ""}).json()["note"] == ""
    for wrong in (
        {"label": ""},
        {"classification": "C"},
        {"disabled_until": "2026-01-01T00:00:00"},
        {"disabled_until": "9999-12-31T23:59:59-23:00"},
        {"note": "x" * 256},
        {"value": PDQ},
    ):
        problem(lead.patch(f"{PATH}/{entry}", json=wrong), 422, "bad-request")


def test_an_entry_is_reached_only_through_its_own_bank(
    lead: TestClient, entry: int, client: ClientFactory
) -> None:
    lead.post("/v1/banks", json={"name": "OPEN"})
    bound = client(Role.LEAD, banks=BankScope(see=("OPEN",), change=("OPEN",)))
    through = f"/v1/banks/OPEN/entries/{entry}"
    for asked in (
        bound.get(through),
        bound.patch(through, json={"note": "x"}),
        bound.delete(through),
        bound.post(f"{through}/reviews", json={"verdict": "dispute", "reason": "x"}),
    ):
        problem(asked, 404, "not-found")
    for asked in (bound.get(PATH), bound.get(f"{PATH}/{entry}"), bound.delete(f"{PATH}/{entry}")):
        problem(asked, 403, "not-allowed")
    assert lead.get(f"{PATH}/{entry}").json()["note"] == ""


def test_people_confirm_and_dispute(lead: TestClient, entry: int, client: ClientFactory) -> None:
    reviewer, path = client(Role.REVIEWER), f"{PATH}/{entry}/reviews"
    said = reviewer.post(path, json={"verdict": "dispute", "reason": "a stock photo"})
    assert (said.status_code, said.json()) == (201, {"standing": "disputed"})
    assert lead.post(path, json={"verdict": "confirm", "reason": "sure", "event": 9}).json() == {
        "standing": "disputed"
    }
    assert lead.get(PATH).json()["items"][0]["standing"] == "disputed"
    assert reviewer.post(path, json={"verdict": "withdraw", "reason": "my mistake"}).json() == {
        "standing": "confirmed"
    }
    problem(reviewer.post(path, json={"verdict": "withdraw", "reason": "again"}), 409, "conflict")
    for wrong in (
        {"verdict": "dispute"},
        {"verdict": "dispute", "reason": " "},
        {"verdict": "x", "reason": "y"},
    ):
        problem(reviewer.post(path, json=wrong), 422, "bad-request")
    reviews = lead.get(f"{PATH}/{entry}").json()["reviews"]
    assert [one["verdict"] for one in reviews] == ["withdraw", "confirm", "dispute"]
    assert [one["event"] for one in reviews] == [None, 9, None]


def test_an_entry_is_deleted(lead: TestClient, entry: int) -> None:
    gone = [lead.delete(f"{PATH}/{entry}", headers={"Idempotency-Key": "d"}) for _ in range(2)]
    assert [one.status_code for one in gone] == [200, 200]
    assert gone[0].json() == gone[1].json() and set(gone[0].json()) == {"list_version"}
    problem(lead.get(f"{PATH}/{entry}"), 404, "not-found")
    problem(lead.delete(f"{PATH}/{entry}"), 404, "not-found")
    problem(lead.get(f"{PATH}/{2**63}"), 422, "bad-request")


@pytest.mark.parametrize(
    "body",
    [
        {"label": "x", "hashes": []},
        {"label": "x", "hashes": [{"algorithm": "pdq", "value": "0f"}]},
        {"label": "x", "hashes": [{"algorithm": "md5", "value": "0" * 32, "convention": "full"}]},
        {"label": "x\n", "hashes": [{"algorithm": "md5", "value": "0" * 32}]},
        {"label": "", "hashes": [{"algorithm": "md5", "value": "0" * 32}]},
        {"hashes": [{"algorithm": "md5", "value": "0" * 32}]},
        {"label": "x", "hashes": [{"algorithm": "md5", "value": "0" * 32, "size_bytes": 2**63}]},
        {"label": "x", "hashes": [{"algorithm": "md5", "value": "0" * 32}] * 1001},
    ],
)
def test_what_is_no_entry_is_refused(lead: TestClient, entry: int, body: dict[str, object]) -> None:
    problem(lead.post(PATH, json=body), 422, "bad-request")
    assert len(lead.get(PATH).json()["items"]) == 1


def test_half_a_character_is_refused(lead: TestClient, entry: int) -> None:
    body = b'{"label": "\\ud800", "hashes": [{"algorithm": "md5", "value": "%s"}]}' % (b"0" * 32)
    answer = lead.post(PATH, content=body, headers={"content-type": "application/json"})
    problem(answer, 422, "bad-request")
