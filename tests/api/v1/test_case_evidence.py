"""A case as one sealed file over HTTP: whole, for its recipient only, and on the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from holdfast.access.principal import BankScope
from holdfast.access.roles import Role
from holdfast.records import audit
from holdfast.reporting.packets.signer_file import create_signer
from holdfast.service.runtime import Runtime
from holdfast.vault.evidence import open_evidence
from holdfast.vault.sealing import Identity
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.v1.conftest import KNOWN, hold, problem
from tests.api.v1.test_cases import signed_in

POLICE = Identity.new()


@pytest.fixture
def runtime(make_runtime: RuntimeFactory, rules: Path, tmp_path: Path) -> Runtime:
    signer = tmp_path / "keys" / "our.signer"
    return make_runtime(rules={"rules_file": rules}, reporting={"signer_file": signer, "platform": "Example"})


def test_a_case_leaves_sealed_and_signed(
    lead: TestClient, runtime: Runtime, client: ClientFactory, tmp_path: Path
) -> None:
    item = hold(lead, runtime)["hold"]
    (case,) = lead.get("/v1/cases").json()["items"]
    path, body = f"/v1/cases/{case['id']}/evidence", {"recipient": str(POLICE.recipient)}
    problem(lead.post(path, json=body), 422, "bad-file")
    signer = create_signer(runtime.settings.reporting, runtime.home.path)
    answer = lead.post(path, json=body)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    found = open_evidence([answer.content], POLICE, [signer.verifier], folder=tmp_path / "in")
    (original,) = [one for one in found.manifest["files"] if one["name"].startswith("originals/")]
    assert (original["item"], original["medium"]) == (item, "image") and original["pdq"][0]["hash"]
    assert (tmp_path / "in" / original["name"]).read_bytes() == KNOWN
    assert found.manifest["sender"] == "Example"
    without = lead.post(path, json={**body, "leave_out": [item]})
    (missing,) = open_evidence([without.content], POLICE, [signer.verifier]).manifest["missing"]
    assert missing["item"] == item
    with runtime.database.read() as connection:
        rows = audit.read(connection, target=f"case:{case['id']}")
    assert [row.action for row in rows].count("case.export") == 2
    problem(
        client(Role.LEAD, banks=BankScope(see=("ELSE",), change=())).post(path, json=body), 403, "not-allowed"
    )
    asked = signed_in(client, runtime, Role.LEAD).post(
        f"/console{path.removeprefix('/v1')}", data={"recipient": f" {POLICE.recipient} "}
    )
    assert (asked.status_code, asked.headers["cache-control"]) == (200, "no-store")
    assert asked.headers["content-disposition"] == f'attachment; filename="case-{case["id"]}.hfe"'
    assert not open_evidence([asked.content], POLICE, [signer.verifier]).manifest["missing"]
    with runtime.database.read() as connection:
        assert audit.read(connection, target=f"case:{case['id']}")[-1].actor.startswith("person:")
    problem(lead.post("/v1/cases/999/evidence", json=body), 404, "not-found")
    problem(lead.post(path, json={"recipient": "somebody"}), 422, "bad-request")
