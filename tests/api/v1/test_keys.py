"""Keys over HTTP: made, shown once, bound, rotated without downtime, revoked at once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from holdfast.records.tables.jobs import idempotency_keys
from holdfast.service.runtime import Runtime
from tests.api.v1.conftest import problem

UPLOADER = {"name": "upload service", "roles": ["uploader"]}


def works(server: TestClient, key: str, path: str = "/v1/jobs") -> bool:
    return server.get(path, headers={"authorization": f"Bearer {key}"}).status_code == 200


def test_a_key_is_shown_once_and_works(admin: TestClient, server: TestClient, runtime: Runtime) -> None:
    headers = {"Idempotency-Key": "k"}
    first, again = (admin.post("/v1/keys", json=UPLOADER, headers=headers) for _ in range(2))
    assert first.status_code == 201
    key = first.json()["key"]
    assert works(server, key)
    assert again.json() == {"id": first.json()["id"], "key": None}
    with runtime.database.read() as connection:
        (kept,) = connection.execute(sa.select(idempotency_keys.c.body)).scalars()
    assert key.encode() not in kept
    listed = admin.get("/v1/keys")
    assert key.split("_")[2] not in listed.text
    shown = listed.json()["items"][-1]
    assert (shown["id"], shown["state"], shown["roles"]) == (first.json()["id"], "active", ["uploader"])
    maker = admin.headers["authorization"].split("_")[1]
    assert shown["created_by"] == f"key:{maker}"
    assert shown["expires_at"] is not None


def test_a_key_is_bound_to_what_it_was_given(admin: TestClient, server: TestClient) -> None:
    wanted = {
        "name": "partner",
        "roles": ["lead"],
        "grants": ["metrics.read"],
        "banks": {"see": ["COOP_*"], "change": []},
        "networks": ["203.0.113.0/24", "2001:db8::/32"],
        "limits": {"requests_per_s": 5, "burst_requests": 3, "bytes_per_minute": None},
        "lifetime_days": None,
    }
    key = admin.post("/v1/keys", json=wanted).json()["key"]
    shown = admin.get("/v1/keys").json()["items"][-1]
    for name in ("name", "roles", "grants", "banks", "networks"):
        assert shown[name] == wanted[name]
    assert (shown["limits"]["burst_requests"], shown["limits"]["bytes_per_minute"]) == (3, None)
    assert shown["expires_at"] is None
    assert works(server, key)
    assert not works(server, key, "/v1/banks/SECRET")
    headers = {"authorization": f"Bearer {key}"}
    answers = [server.get("/v1/jobs", headers=headers).status_code for _ in range(4)]
    assert 429 in answers
    other = admin.post("/v1/keys", json={**UPLOADER, "networks": ["198.51.100.0/24"]}).json()["key"]
    assert not works(server, other)


def test_a_rotation_has_no_gap_and_can_end_the_old_secret_at_once(
    admin: TestClient, server: TestClient
) -> None:
    made = admin.post("/v1/keys", json=UPLOADER).json()
    path = f"/v1/keys/{made['id']}/rotate"
    headers = {"Idempotency-Key": "r"}
    first, again = (admin.post(path, json={}, headers=headers) for _ in range(2))
    new = first.json()["key"]
    assert again.json()["key"] is None
    assert works(server, made["key"])
    assert works(server, new)
    newest = admin.post(path, json={"overlap_hours": 0, "lifetime_days": 30}).json()["key"]
    assert [works(server, one) for one in (made["key"], new, newest)] == [False, False, True]
    problem(admin.post("/v1/keys/zzz/rotate", json={}), 404, "not-found")
    problem(admin.post(path, json={"overlap_hours": 721}), 422, "bad-request")


def test_a_revoked_key_is_refused_at_once(admin: TestClient, server: TestClient) -> None:
    made = admin.post("/v1/keys", json=UPLOADER).json()
    assert works(server, made["key"])
    first = admin.post(f"/v1/keys/{made['id']}/revoke").json()
    assert first["state"] == "revoked"
    assert not works(server, made["key"])
    assert admin.post(f"/v1/keys/{made['id']}/revoke").json() == first
    problem(admin.post(f"/v1/keys/{made['id']}/rotate", json={}), 409, "conflict")
    problem(admin.post("/v1/keys/zzz/revoke"), 404, "not-found")


def test_keys_come_in_pages_oldest_first(admin: TestClient) -> None:
    made = [admin.post("/v1/keys", json={**UPLOADER, "name": f"no {n}"}).json()["id"] for n in range(4)]
    seen: list[str] = []
    page = admin.get("/v1/keys", params={"limit": 2}).json()
    while True:
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        page = admin.get("/v1/keys", params={"limit": 2, "after": page["next"]}).json()
    assert seen[1:] == made
    problem(admin.get("/v1/keys", params={"after": "zzz"}), 404, "not-found")


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": []},
        {"roles": ["king"]},
        {"grants": ["vault.open"]},
        {"grants": ["hma.path_key"]},
        {"name": ""},
        {"name": "a\nb"},
        {"networks": ["203.0.113.1/24"]},
        {"lifetime_days": 0},
        {"lifetime_days": 1e9},
        {"limits": {"burst_requests": 0}},
        {"limits": {"requests_per_s": "inf"}},
        {"key": "hf_x"},
    ],
)
def test_what_cannot_be_a_key_is_refused(admin: TestClient, wrong: dict[str, object]) -> None:
    problem(admin.post("/v1/keys", json={**UPLOADER, **wrong}), 422, "bad-request")
    assert len(admin.get("/v1/keys").json()["items"]) == 1


def test_only_who_manages_keys_may(lead: TestClient) -> None:
    problem(lead.get("/v1/keys"), 403, "not-allowed")
    problem(lead.post("/v1/keys", json=UPLOADER), 403, "not-allowed")
