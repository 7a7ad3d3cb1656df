"""The audit log over HTTP: what was done stands there, in the same transaction, and can be taken away."""

from __future__ import annotations

import json

import pytest

from holdfast.access.roles import Role
from holdfast.records import audit, audit_check
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory


def test_what_administrators_do_is_written_down(client: ClientFactory, runtime: Runtime) -> None:
    admin, lead, auditor = client(Role.ADMIN), client(Role.LEAD), client(Role.AUDITOR)
    begun = auditor.get("/v1/audit/head").json()["position"]
    made = admin.post("/v1/keys", json={"name": "web", "roles": ["uploader"]}).json()
    admin.post(f"/v1/keys/{made['id']}/rotate", json={})
    admin.post(f"/v1/keys/{made['id']}/revoke")
    lead.post("/v1/banks", json={"name": "KNOWN", "trusted": True})
    lead.patch("/v1/banks/KNOWN", json={"enabled": False})
    assert lead.post("/v1/banks", json={"name": "KNOWN"}).status_code == 409  # leaves no row
    lead.delete("/v1/banks/KNOWN")
    lead.post("/v1/rules/reload")
    found = auditor.get("/v1/audit", params={"after": begun}).json()
    assert [row["action"] for row in found["items"]] == [
        *("key.create", "key.rotate", "key.revoke"),
        *("bank.create", "bank.change", "bank.delete", "rules.reload"),
    ]
    rows = {row["action"]: row for row in found["items"]}
    assert rows["key.create"]["target"] == f"key:{made['id']}" and "hf_" not in json.dumps(found)
    assert rows["bank.change"]["facts"] == {"enabled": False}
    assert rows["bank.delete"]["actor"].startswith("key:")
    assert auditor.get("/v1/audit", params={"after": found["next"]}).json()["items"] == []
    only = auditor.get("/v1/audit", params={"target": "bank:KNOWN", "limit": 2}).json()["items"]
    assert [row["action"] for row in only] == ["bank.create", "bank.change"]
    with runtime.database.read() as connection:
        assert audit_check.verify(connection).is_whole


def test_an_export_has_every_row(
    client: ClientFactory, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = client(Role.AUDITOR)
    with runtime.database.write() as connection:
        for n in range(9):
            audit.append(connection, actor="person:a", action="case.note", target=f"case:{n}")
    monkeypatch.setattr(audit, "PAGE", 4)
    answer = auditor.get("/v1/audit/export")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    rows = list(audit_check.parse_lines(answer.content.splitlines()))
    kept = auditor.get("/v1/audit/head").json()
    end = audit.Head(kept["position"], bytes.fromhex(kept["digest"]))
    assert audit_check.check(rows, expected_end=end).is_whole
    assert len(auditor.get("/v1/audit/export", params={"after": 3}).content.splitlines()) == len(rows) - 3


def test_only_who_may_reads_it(client: ClientFactory) -> None:
    for role in Role:
        wanted = 200 if role in (Role.LEAD, Role.ADMIN, Role.AUDITOR) else 403
        assert client(role).get("/v1/audit").status_code == wanted, role
