"""Banks and sources over HTTP: everything that can be done with them, scopes, repeats, what is refused."""

from __future__ import annotations

from starlette.testclient import TestClient

from holdfast.access.principal import BankScope
from holdfast.access.roles import Role
from tests.api.conftest import ClientFactory
from tests.api.v1.conftest import problem


def test_a_bank_is_made_changed_and_deleted(lead: TestClient) -> None:
    made = lead.post("/v1/banks", json={"name": "KNOWN", "trusted": True, "note": "ours"})
    assert made.status_code == 201
    assert made.json() == {**lead.get("/v1/banks/KNOWN").json(), "list_version": 0}
    assert (made.json()["kind"], made.json()["enabled"], made.json()["max_distance_bits"]) == (
        "known",
        True,
        31,
    )
    changed = lead.patch("/v1/banks/KNOWN", json={"name": "OURS", "enabled": False, "max_distance_bits": 20})
    assert changed.json() == {**made.json(), "name": "OURS", "enabled": False, "max_distance_bits": 20}
    problem(lead.get("/v1/banks/KNOWN"), 404, "not-found")
    lead.post(
        "/v1/banks/OURS/entries", json={"label": "x", "hashes": [{"algorithm": "md5", "value": "0" * 32}]}
    )
    counted = lead.get("/v1/banks/OURS", params={"counts": True}).json()["counts"]
    assert counted == {"entries": 1, "fingerprints": 1, "active": 1}
    assert lead.delete("/v1/banks/OURS").json() == {"entries_deleted": 1, "list_version": 2}
    problem(lead.delete("/v1/banks/OURS"), 404, "not-found")


def test_what_cannot_be_a_bank_is_refused(lead: TestClient) -> None:
    lead.post("/v1/banks", json={"name": "KNOWN"})
    assert "Nothing was created" in problem(lead.post("/v1/banks", json={"name": "KNOWN"}), 409, "conflict")
    lead.post("/v1/banks", json={"name": "OTHER"})
    problem(lead.patch("/v1/banks/OTHER", json={"name": "KNOWN"}), 409, "conflict")
    for wrong in (
        {"name": ""},
        {"name": "a/b"},
        {"name": ".."},
        {"name": "a\x00b"},
        {"name": "x" * 201},
        {"name": "X", "kind": "good"},
        {"name": "X", "max_distance_bits": 64},
        {"name": "X", "matching": "sometimes"},
        {"name": "X", "deep_per_hour": -1},
        {"name": "X", "matching": "classic", "deep_per_hour": 1},
        {"name": "X", "colour": "red"},
        {},
    ):
        problem(lead.post("/v1/banks", json=wrong), 422, "bad-request")
    problem(lead.get("/v1/banks/a%00b"), 422, "bad-request")
    assert [one["name"] for one in lead.get("/v1/banks").json()["items"]] == ["KNOWN", "OTHER"]


def test_banks_come_in_pages(lead: TestClient) -> None:
    for name in ("b", "A", "ä", "c", "B"):
        lead.post("/v1/banks", json={"name": name})
    seen: list[str] = []
    page = lead.get("/v1/banks", params={"limit": 2}).json()
    while page["items"]:
        seen += [one["name"] for one in page["items"]]
        if page["next"] is None:
            break
        page = lead.get("/v1/banks", params={"limit": 2, "after": page["next"]}).json()
    assert seen == sorted(seen)
    assert len(seen) == 5
    for limit in (0, 1001, "x"):
        problem(lead.get("/v1/banks", params={"limit": limit}), 422, "bad-request")


def test_a_key_sees_and_changes_only_its_banks(lead: TestClient, client: ClientFactory) -> None:
    for name in ("COOP_A", "COOP_B", "SECRET"):
        lead.post("/v1/banks", json={"name": name})
    bound = client(Role.LEAD, banks=BankScope(see=("COOP_*",), change=("COOP_A", "COOP_NEW")))
    assert [one["name"] for one in bound.get("/v1/banks").json()["items"]] == ["COOP_A", "COOP_B"]
    assert "may not see" in problem(bound.get("/v1/banks/SECRET"), 403, "not-allowed")
    assert "may not change" in problem(bound.patch("/v1/banks/COOP_B", json={}), 403, "not-allowed")
    problem(bound.delete("/v1/banks/COOP_B"), 403, "not-allowed")
    problem(bound.post("/v1/banks", json={"name": "COOP_B2"}), 403, "not-allowed")
    problem(bound.patch("/v1/banks/COOP_A", json={"name": "COOP_X"}), 403, "not-allowed")
    assert bound.patch("/v1/banks/COOP_A", json={"name": "COOP_NEW"}).status_code == 200


def test_a_repeated_write_happens_once(lead: TestClient) -> None:
    first = lead.post("/v1/banks", json={"name": "KNOWN"}, headers={"Idempotency-Key": "one"})
    again = lead.post("/v1/banks", json={"name": "KNOWN"}, headers={"Idempotency-Key": "one"})
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    other = lead.post("/v1/banks", json={"name": "OTHER"}, headers={"Idempotency-Key": "one"})
    problem(other, 422, "idempotency-conflict")
    gone = [lead.delete("/v1/banks/KNOWN", headers={"Idempotency-Key": "two"}) for _ in range(2)]
    assert [one.json() for one in gone] == [{"entries_deleted": 0, "list_version": 0}] * 2
    assert lead.get("/v1/banks").json()["items"] == []


def test_sharing_terms_of_a_source(lead: TestClient, entry: int, client: ClientFactory) -> None:
    (own,) = lead.get("/v1/sources").json()["items"]
    assert own["terms"] == {"may_match": True, "may_export": False, "share_with": []}
    shown = lead.get(f"/v1/banks/KNOWN/entries/{entry}").json()["fingerprints"]
    assert [one["value"] for one in shown] == [None, None]
    assert all(one["active"] for one in shown)
    terms = {"may_match": False, "may_export": True, "share_with": ["ncmec"]}
    assert lead.put("/v1/sources/own/terms", json=terms).json()["terms"] == terms
    shown = lead.get(f"/v1/banks/KNOWN/entries/{entry}").json()["fingerprints"]
    assert [one["value"] for one in shown] == ["0f" * 32, "1a" * 20]
    assert not any(one["active"] for one in shown)
    problem(lead.put("/v1/sources/other/terms", json={}), 404, "not-found")
    problem(lead.put("/v1/sources/own/terms", json={"may_share": True}), 422, "bad-request")
    bound = client(Role.LEAD, banks=BankScope(see=("*",), change=("KNOWN",)))
    problem(bound.put("/v1/sources/own/terms", json={}), 403, "not-allowed")
