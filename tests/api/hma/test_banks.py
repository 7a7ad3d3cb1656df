"""`/c/banks`: every row of the table in docs/hma.md."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from holdfast.access.principal import BankScope
from holdfast.access.roles import Permission, Role
from holdfast.banks.service import create_bank, get_bank, update_bank
from holdfast.errors import RecordsUnavailableError
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.hma.conftest import PDQ, bank, look_up, says, signal


@pytest.fixture
def runtime(database_url: str, make_runtime: RuntimeFactory) -> Runtime:
    """On SQLite and on PostgreSQL."""
    return make_runtime(database_url=database_url)


def test_no_banks(hma: TestClient) -> None:
    answer = hma.get("/c/banks")
    assert (answer.status_code, answer.json()) == (200, [])


def test_create_show_and_list(hma: TestClient, runtime: Runtime) -> None:
    made = hma.post("/c/banks", json={"name": "MY_TEST_BANK_01"})
    expected = {"matching_enabled_ratio": 1.0, "name": "MY_TEST_BANK_01"}
    assert (made.status_code, made.json()) == (201, expected)
    assert hma.get("/c/bank/MY_TEST_BANK_01").json() == expected
    assert hma.get("/c/banks").json() == [expected]
    with runtime.database.read() as connection:
        kept = get_bank(connection, "MY_TEST_BANK_01")
    assert (kept.kind, kept.trusted, kept.enabled) == ("known", False, True)


@pytest.mark.parametrize("name", ["01_TEST_BANK", "my_test_bank", "A-B", "", "A B", "A" * 201, "É", "A\n"])
def test_a_name_that_cannot_be(hma: TestClient, name: str) -> None:
    bank(hma)
    says(hma.post("/c/banks", json={"name": name}), 400, "Bank names must be UPPER_WITH_UNDERSCORE")
    says(hma.put("/c/bank/B1", json={"name": name}), 400, "Bank names must be UPPER_WITH_UNDERSCORE")


def test_a_name_that_is_taken(hma: TestClient) -> None:
    bank(hma, "B1")
    bank(hma, "B2")
    says(hma.post("/c/banks", json={"name": "B1"}), 403, "Bank already exists")
    says(hma.put("/c/bank/B1", json={"name": "B2"}), 403, "Bank name already exists")
    assert hma.put("/c/bank/B1", json={"name": "B1"}).status_code == 200


def test_a_ratio_as_a_number_as_text_or_as_a_switch(hma: TestClient) -> None:
    def made(name: str, **body: Any) -> Any:
        return hma.post("/c/banks", json={"name": name, **body}).json()["matching_enabled_ratio"]

    assert made("A", enabled_ratio=0.25) == 0.25
    assert made("B", enabled_ratio="1") == 1.0  # as Coop sends it
    assert made("C", enabled_ratio="0.5", enabled=False) == 0.5
    assert made("D", enabled=False) == 0.0  # HMA ignores it
    assert made("E", enabled=True) == 1.0


@pytest.mark.parametrize("ratio", [7.0, -0.1, "7", "x", "nan", [1]])
def test_a_ratio_out_of_range_is_refused(hma: TestClient, ratio: Any) -> None:
    bank(hma)
    for answer in (
        hma.post("/c/banks", json={"name": "B2", "enabled_ratio": ratio}),
        hma.put("/c/bank/B1", json={"enabled_ratio": ratio}),
        hma.put("/c/signal_type/pdq", json={"enabled_ratio": ratio}),
    ):
        assert answer.status_code == 422 and answer.json()[0]["loc"] == ["enabled_ratio"]


def test_a_body_of_another_schema_is_a_list(hma: TestClient) -> None:
    answer = hma.post("/c/banks", json={})
    assert answer.status_code == 422
    (one,) = answer.json()
    assert (one["type"], one["loc"], one["msg"], one["input"]) == ("missing", ["name"], "Field required", {})
    assert one["url"].startswith("https://errors.pydantic.dev/") and one["url"].endswith("/v/missing")


def test_a_value_of_a_wrong_body_is_not_sent_back(hma: TestClient) -> None:
    answer = hma.post("/c/banks", json={"name": {"secret": PDQ}})
    assert answer.status_code == 422 and PDQ not in answer.text


def test_show_what_is_not_there(hma: TestClient) -> None:
    says(hma.get("/c/bank/NOPE"), 404, "bank 'NOPE' not found")


def test_update(hma: TestClient) -> None:
    bank(hma)
    assert hma.put("/c/bank/B1", json={"name": "B2"}).json() == {"matching_enabled_ratio": 1.0, "name": "B2"}
    assert hma.put("/c/bank/B2", json={"enabled": False}).json()["matching_enabled_ratio"] == 0
    assert hma.put("/c/bank/B2", json={"enabled_ratio": "0.5"}).json()["matching_enabled_ratio"] == 0.5
    assert hma.put("/c/bank/B2", json={}).json()["matching_enabled_ratio"] == 0.5
    says(hma.put("/c/bank/B1", json={}), 404, "Bank not found")


def test_a_renamed_bank_is_matched_under_its_new_name_at_once(hma: TestClient) -> None:
    bank(hma)
    content = signal(hma, pdq=PDQ)
    hma.put("/c/bank/B1", json={"name": "B2"})
    assert look_up(hma) == {"B2": [{"bank_content_id": content, "distance": "0"}]}


def test_delete_also_what_is_not_there(hma: TestClient) -> None:
    bank(hma)
    signal(hma, pdq=PDQ)
    for _ in range(2):
        answer = hma.delete("/c/bank/B1")
        assert (answer.status_code, answer.json()) == (200, {"message": "Done"})
    assert look_up(hma) == {} and hma.get("/c/banks").json() == []


def test_a_bank_switched_off_altogether_is_at_zero_until_a_ratio_is_set(
    hma: TestClient, runtime: Runtime
) -> None:
    bank(hma)
    content = signal(hma, pdq=PDQ)
    with runtime.database.write() as connection:
        update_bank(connection, "B1", enabled=False)
    assert hma.get("/c/bank/B1").json()["matching_enabled_ratio"] == 0.0
    assert look_up(hma) == {}
    assert hma.put("/c/bank/B1", json={"enabled": True}).json()["matching_enabled_ratio"] == 1.0
    assert look_up(hma) == {"B1": [{"bank_content_id": content, "distance": "0"}]}


def test_benign_banks_are_not_seen(hma: TestClient, runtime: Runtime) -> None:
    with runtime.database.write() as connection:
        create_bank(connection, "ALLOWED", kind="benign")
    assert hma.get("/c/banks").json() == []
    says(hma.get("/c/bank/ALLOWED"), 404, "bank 'ALLOWED' not found")
    hma.delete("/c/bank/ALLOWED")
    with runtime.database.read() as connection:
        assert get_bank(connection, "ALLOWED").kind == "benign"


def test_a_bank_outside_the_scope_looks_absent(hma: TestClient, client: ClientFactory) -> None:
    bank(hma, "B1")
    bank(hma, "COOP_1_A")
    content = signal(hma, "B1", pdq=PDQ)
    coop = client(
        Role.LEAD,
        grants=[Permission.HMA_BANK_DELETE],
        banks=BankScope(("COOP_*",), ("COOP_*",)),
    )
    assert [one["name"] for one in coop.get("/c/banks").json()] == ["COOP_1_A"]
    says(coop.get("/c/bank/B1"), 404, "bank 'B1' not found")
    says(coop.put("/c/bank/B1", json={"enabled": False}), 404, "Bank not found")
    says(coop.get(f"/c/bank/B1/content/{content}"), 404, "bank 'B1' not found")
    says(coop.post("/c/bank/B1/signal", json={"pdq": PDQ}), 404, "bank 'B1' not found")
    says(coop.delete(f"/c/bank/B1/content/{content}"), 404, "bank 'B1' not found")
    assert coop.delete("/c/bank/B1").json() == {"message": "Done"}
    assert look_up(coop) == {}
    assert coop.get("/m/raw_lookup", params={"signal_type": "pdq", "signal": PDQ}).json() == {"matches": []}
    assert look_up(hma) == {"B1": [{"bank_content_id": content, "distance": "0"}]}
    assert coop.post("/c/banks", json={"name": "OTHER"}).status_code == 403
    assert coop.put("/c/bank/COOP_1_A", json={"name": "OTHER"}).status_code == 403
    assert coop.post("/c/banks", json={"name": "COOP_1_B", "enabled_ratio": "1"}).status_code == 201


def test_a_bank_that_may_only_be_seen(hma: TestClient, client: ClientFactory) -> None:
    bank(hma)
    seer = client(Role.LEAD, grants=[Permission.HMA_BANK_DELETE], banks=BankScope(("*",), ()))
    assert seer.get("/c/bank/B1").status_code == 200
    for answer in (
        seer.put("/c/bank/B1", json={"enabled": False}),
        seer.delete("/c/bank/B1"),
        seer.post("/c/bank/B1/signal", json={"pdq": PDQ}),
    ):
        assert answer.status_code == 403 and list(answer.json()) == ["message"]
    assert hma.get("/c/bank/B1").json()["matching_enabled_ratio"] == 1.0


def test_deleting_a_bank_needs_the_grant(hma: TestClient, client: ClientFactory) -> None:
    bank(hma)
    assert client(Role.LEAD).delete("/c/bank/B1").status_code == 403
    assert hma.get("/c/bank/B1").status_code == 200


def test_a_failure_for_a_while_is_503_and_never_404(
    hma: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coop deletes its own bank when it hears 404."""
    bank(hma)

    def fail(*_: object, **__: object) -> None:
        raise RecordsUnavailableError("postgresql://holdfast@db.inside/holdfast cannot be reached.")

    monkeypatch.setattr(runtime.database, "connect", fail)
    answer = hma.get("/c/bank/B1")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"
    assert "at the moment" in answer.json()["message"] and "postgresql" not in answer.text
