"""People over HTTP: added, given roles, disabled; by whom is written down."""

from __future__ import annotations

from holdfast.access.roles import Role
from tests.api.conftest import ClientFactory


def test_people_are_added_changed_and_disabled(client: ClientFactory) -> None:
    admin, reader = client(Role.ADMIN), client(Role.AUDITOR)
    sent = {"name": "Ana Ruiz", "email": "Ana@Example.org", "roles": ["reviewer"]}
    ana = admin.post("/v1/people", json=sent).json()
    assert (ana["email"], ana["roles"], ana["active"]) == ("ana@example.org", ["reviewer"], True)
    assert admin.post("/v1/people", json=sent).status_code == 409
    changed = admin.put(f"/v1/people/{ana['id']}/roles", json={"roles": ["lead", "auditor"]}).json()
    assert changed["roles"] == ["auditor", "lead"]
    assert admin.post(f"/v1/people/{ana['id']}/disable").json()["active"] is False
    assert admin.post(f"/v1/people/{ana['id']}/enable").json()["active"] is True
    assert [one["name"] for one in reader.get("/v1/people").json()["items"]] == ["Ana Ruiz"]
    assert reader.post("/v1/people", json=sent).status_code == 403
    actions = [row["action"] for row in reader.get("/v1/audit").json()["items"]]
    assert actions[-4:] == ["person.add", "person.roles", "person.disable", "person.enable"]


def test_what_cannot_be_is_refused(client: ClientFactory) -> None:
    admin = client(Role.ADMIN)
    for wrong in (
        {"name": "x", "roles": []},
        {"name": "x", "roles": ["uploader"]},
        {"name": "x", "roles": ["king"]},
        {"name": " ", "roles": ["lead"]},
        {"name": "x", "roles": ["lead"], "email": "nobody"},
    ):
        answer = admin.post("/v1/people", json=wrong)
        assert answer.status_code == 422, wrong
    assert admin.put("/v1/people/nobody/roles", json={"roles": ["lead"]}).status_code == 404
    assert admin.get("/v1/people").json()["items"] == []
