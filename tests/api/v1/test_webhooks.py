"""Webhooks over HTTP: receivers, secrets that are shown once, messages, replay."""

from __future__ import annotations

import base64

import sqlalchemy as sa
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.decisions.webhooks import endpoints, outbox
from holdfast.records.tables.jobs import idempotency_keys
from holdfast.records.tables.outbox import webhook_deliveries
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory
from tests.api.v1.conftest import problem

NEW = {"name": "team", "url": "https://team.example/hook", "kinds": ["match", "hold.released"]}


def make(admin: TestClient, **wanted: object) -> dict[str, object]:
    answer = admin.post("/v1/webhooks", json={**NEW, **wanted})
    assert answer.status_code == 201, answer.text
    made: dict[str, object] = answer.json()
    return made


def kill(runtime: Runtime, delivery: int) -> None:
    with runtime.database.write() as connection:
        dead = sa.update(webhook_deliveries).where(webhook_deliveries.c.id == delivery)
        connection.execute(dead.values(state="dead", last_error="no answer"))


def test_a_secret_is_shown_once_and_signs(admin: TestClient, runtime: Runtime) -> None:
    headers = {"Idempotency-Key": "w"}
    first, again = (admin.post("/v1/webhooks", json=NEW, headers=headers) for _ in range(2))
    secret = first.json()["secret"]
    number = first.json()["endpoint"]["id"]
    with runtime.database.read() as connection:
        (valid,) = endpoints.valid_secrets(connection, runtime.sealer, number)
        (kept,) = connection.execute(sa.select(idempotency_keys.c.body)).scalars()
    assert secret == "whsec_" + base64.b64encode(valid).decode()
    assert again.json() == {**first.json(), "secret": None}
    assert secret.encode() not in kept
    assert secret not in admin.get("/v1/webhooks").text + admin.get(f"/v1/webhooks/{number}").text


def test_a_rotated_secret_signs_beside_the_old_one(admin: TestClient, runtime: Runtime) -> None:
    made = make(admin)
    headers = {"Idempotency-Key": "r"}
    first, again = (admin.post("/v1/webhooks/1/rotate", json={}, headers=headers) for _ in range(2))
    assert first.json()["secret"] != made["secret"]
    assert again.json()["secret"] is None
    with runtime.database.read() as connection:
        assert len(endpoints.valid_secrets(connection, runtime.sealer, 1)) == 2
    admin.post("/v1/webhooks/1/rotate", json={"overlap_hours": 0})
    with runtime.database.read() as connection:
        assert len(endpoints.valid_secrets(connection, runtime.sealer, 1)) == 1
    problem(admin.post("/v1/webhooks/9/rotate", json={}), 404, "not-found")
    problem(admin.post("/v1/webhooks/1/rotate", json={"overlap_hours": -1}), 422, "bad-request")


def test_a_receiver_is_changed_and_deleted(admin: TestClient) -> None:
    made = make(admin)["endpoint"]
    changed = admin.patch("/v1/webhooks/1", json={"enabled": False, "kinds": ["*"]}).json()
    assert isinstance(made, dict)
    assert {**changed, "updated_at": None} == {**made, "enabled": False, "kinds": ["*"], "updated_at": None}
    assert admin.get("/v1/webhooks/1").json() == changed
    gone = [admin.delete("/v1/webhooks/1", headers={"Idempotency-Key": "d"}) for _ in range(2)]
    assert [one.status_code for one in gone] == [204, 204]
    problem(admin.get("/v1/webhooks/1"), 404, "not-found")
    problem(admin.patch("/v1/webhooks/1", json={}), 404, "not-found")


def test_receivers_come_in_pages(admin: TestClient) -> None:
    for name in ("c", "a", "b"):
        make(admin, name=name)
    first = admin.get("/v1/webhooks", params={"limit": 2}).json()
    rest = admin.get("/v1/webhooks", params={"limit": 2, "after": first["next"]}).json()
    assert [one["name"] for one in first["items"] + rest["items"]] == ["c", "a", "b"]


def test_what_is_no_receiver_is_refused(admin: TestClient, lead: TestClient) -> None:
    make(admin)
    problem(admin.post("/v1/webhooks", json=NEW), 409, "conflict")
    for wrong in (
        {"name": "Team"},
        {"name": "b", "url": "http://team.example/"},
        {"name": "b", "url": "https://user:word@team.example/"},
        {"name": "b", "url": "https://169.254.169.254/latest"},
        {"name": "b", "url": "https://10.0.0.5/hook"},
        {"name": "b", "kinds": ["no_match"]},
        {"name": "b", "kinds": []},
        {"name": "b", "secret": "whsec_x"},
    ):
        problem(admin.post("/v1/webhooks", json={**NEW, **wrong}), 422, "bad-request")
    problem(admin.patch("/v1/webhooks/1", json={"url": "http://team.example/"}), 422, "bad-request")
    problem(lead.get("/v1/webhooks"), 403, "not-allowed")


def test_messages_are_listed_and_sent_again(
    admin: TestClient, runtime: Runtime, client: ClientFactory
) -> None:
    make(admin)
    make(admin, name="other")
    sent = [admin.post("/v1/webhooks/1/test").json()["delivery"] for _ in range(3)]
    path = "/v1/webhooks/1/deliveries"
    first = admin.get(path, params={"limit": 2}).json()
    rest = admin.get(path, params={"limit": 2, "before": first["next"]}).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == sent[::-1]
    problem(admin.post(f"{path}/{sent[0]}/replay"), 409, "conflict")
    kill(runtime, sent[0])
    kill(runtime, sent[1])
    assert [one["id"] for one in admin.get(path, params={"state": "dead"}).json()["items"]] == sent[1::-1]
    with runtime.database.write() as connection:
        delivery = outbox.get(connection, sent[2])
        outbox.record(connection, delivery, outbox.Try(12, 503, "status 503"))
    detail = admin.get(f"{path}/{sent[2]}").json()
    assert [(one["status"], one["error"]) for one in detail["tries"]] == [(503, "status 503")]
    lead = client(Role.LEAD)
    assert lead.post(f"{path}/{sent[0]}/replay").json() == {"delivery": sent[0]}
    assert lead.post("/v1/webhooks/1/replay").json() == {"replayed": 1}
    assert admin.get(path, params={"state": "dead"}).json()["items"] == []
    for other in (f"/v1/webhooks/2/deliveries/{sent[0]}", f"{path}/999"):
        problem(admin.get(other), 404, "not-found")
        problem(admin.post(f"{other}/replay"), 404, "not-found")
    problem(admin.post("/v1/webhooks/9/test"), 404, "not-found")
    problem(admin.post("/v1/webhooks/9/replay"), 404, "not-found")
    problem(admin.get("/v1/webhooks/9/deliveries"), 404, "not-found")
