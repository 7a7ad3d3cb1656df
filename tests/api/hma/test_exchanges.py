"""`/c/exchanges`: every row of the table."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from holdfast.access.principal import BankScope
from holdfast.access.roles import Permission, Role
from holdfast.exchanges.sample import fetch_sample
from holdfast.exchanges.service import credentials_context
from holdfast.records.tables.exchanges import exchange_credentials
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory
from tests.api.hma.conftest import bank, look_up, says

ENVIRONMENT = "https://hashsharing.ncmec.org/npo"
NCMEC = {"bank": "E2", "api": "ncmec", "api_json": {"environment": ENVIRONMENT, "only_esp_ids": [2, 1]}}
SAMPLE = {"bank": "E1", "api": "sample", "api_json": {}}
USER = {"user": "someone", "password": "correct horse"}


@pytest.fixture
def runtime(database_url: str, make_runtime: RuntimeFactory) -> Runtime:
    """On SQLite and on PostgreSQL."""
    return make_runtime(database_url=database_url)


def create(hma: TestClient, body: dict[str, Any]) -> None:
    answer = hma.post("/c/exchanges", json=body)
    assert (answer.status_code, answer.json()) == (201, {"message": "Created successfully"})


def test_create_and_list(hma: TestClient) -> None:
    assert hma.get("/c/exchanges").json() == []
    create(hma, SAMPLE)
    create(hma, NCMEC)
    create(hma, {"bank": "E3", "api": "stop_ncii"})
    assert hma.get("/c/exchanges").json() == ["E1", "E2", "E3"]
    assert hma.get("/c/bank/E2").json() == {"matching_enabled_ratio": 1.0, "name": "E2"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bank": None}, "bank is required"),
        ({"bank": "e2"}, "Field `bank` must match /^[A-Z0-9_]+$/"),
        ({"bank": "E2\n"}, "Field `bank` must match /^[A-Z0-9_]+$/"),
        ({"bank": 5}, "Field `bank` must match /^[A-Z0-9_]+$/"),
        ({"api": None}, "Field `api_type` is required"),
        ({"api": "x"}, "No such exchange type 'x'"),
        ({"api_json": []}, "Field `api_json` must be object"),
        ({"api_json": {}}, 'Failed to parse `api_json` - missing value for field "environment"'),
    ],
)
def test_errors_of_creating(hma: TestClient, change: dict[str, Any], message: str) -> None:
    says(hma.post("/c/exchanges", json={**NCMEC, **change}), 400, message)
    assert hma.get("/c/exchanges").json() == hma.get("/c/banks").json() == []


def test_a_name_that_is_taken(hma: TestClient) -> None:
    create(hma, SAMPLE)
    says(hma.post("/c/exchanges", json=SAMPLE), 403, "Exchange already exists")
    bank(hma, "B1")
    says(hma.post("/c/exchanges", json={**SAMPLE, "bank": "B1"}), 403, "Bank already exists")


def test_show_and_switch(hma: TestClient) -> None:
    create(hma, NCMEC)
    shown = {
        "environment": ENVIRONMENT,
        "name": "E2",
        "api": "ncmec",
        "enabled": True,
        "only_esp_ids": [1, 2],
    }
    answer = hma.get("/c/exchange/E2")
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == json.dumps(shown, indent=2)
    changed = hma.put("/c/exchange/E2", json={"enabled": False})
    assert (changed.status_code, changed.json()) == (200, {**shown, "enabled": False})
    assert hma.get("/c/exchange/E2").json()["enabled"] is False
    assert hma.put("/c/exchange/E2", json={}).json()["enabled"] is False
    says(hma.get("/c/exchange/NO"), 404, "Exchange 'NO' not found")
    says(hma.put("/c/exchange/NO", json={"enabled": True}), 404, "Exchange 'NO' not found")
    create(hma, {"bank": "E4", "api": "ncmec", "api_json": {**shown, "enabled": False}})
    assert hma.get("/c/exchange/E4").json() == {**shown, "name": "E4", "enabled": False}


def test_delete_takes_the_bank(hma: TestClient) -> None:
    create(hma, SAMPLE)
    for _ in range(2):
        answer = hma.delete("/c/exchange/E1")
        assert (answer.status_code, answer.json()) == (200, {"message": "Exchange deleted"})
    assert hma.get("/c/exchanges").json() == hma.get("/c/banks").json() == []


def test_status(hma: TestClient, runtime: Runtime) -> None:
    create(hma, SAMPLE)
    never = {
        "checkpoint_ts": None,
        "fetched_items": 0,
        "last_fetch_complete_ts": None,
        "last_fetch_succeeded": None,
        "running_fetch_start_ts": None,
        "up_to_date": False,
        "reason": "Not fetched yet.",
    }
    assert hma.get("/c/exchange/E1/status").json() == never
    fetch_sample(runtime.database, "E1")
    runtime.screener.refresh()
    done = hma.get("/c/exchange/E1/status").json()
    assert done.pop("last_fetch_complete_ts") > 1_700_000_000
    assert done == {
        "checkpoint_ts": None,
        "fetched_items": 17,
        "last_fetch_succeeded": True,
        "running_fetch_start_ts": None,
        "up_to_date": True,
        "reason": "",
    }
    assert list(look_up(hma)) == ["E1"]
    says(hma.get("/c/exchange/NO/status"), 404, "Exchange 'NO' not found")
    create(hma, NCMEC)
    status = hma.get("/c/exchange/E2/status").json()
    assert status["last_fetch_succeeded"] is None and "does not fetch" in status["reason"]


def test_what_an_exchange_said_is_shown_with_a_content(hma: TestClient, runtime: Runtime) -> None:
    create(hma, SAMPLE)
    fetch_sample(runtime.database, "E1")
    shown = hma.get("/c/bank/E1/content/1?include_signals=true").json()
    assert shown["metadata"]["collab"] == {"E1": ["E1"]} and len(shown["signals"]["pdq"]) == 64
    assert hma.put("/c/bank/E1/content/1", json={}).json()["collab_metadata"] == {"E1": ["E1"]}


def test_apis(hma: TestClient) -> None:
    names = ["sample", "fb_threatexchange", "ncmec", "stop_ncii"]
    assert hma.get("/c/exchanges/apis").json() == names
    for name in names:
        expected = {"supports_authentification": name != "sample", "has_set_authentification": False}
        assert hma.get(f"/c/exchanges/api/{name}").json() == expected
    says(hma.get("/c/exchanges/api/zz"), 400, "no such Exchange API 'zz'")


def test_credentials_are_kept_encrypted(hma: TestClient, runtime: Runtime) -> None:
    where = "/c/exchanges/api/ncmec"
    has = {"supports_authentification": True, "has_set_authentification": True}
    assert hma.post(where, json={"credential_json": USER}).json() == has
    assert hma.post(where, json={}).json() == has == hma.get(where).json()
    with runtime.database.read() as connection:
        sealed = connection.scalar(sa.select(exchange_credentials.c.sealed))
    assert isinstance(sealed, bytes) and b"correct" not in sealed
    plain = runtime.sealer.unseal(sealed, context=credentials_context("ncmec"))
    assert json.loads(plain) == USER
    cleared = {**has, "has_set_authentification": False}
    assert hma.post(where, json={"credential_json": {}}).json() == cleared == hma.get(where).json()


def test_errors_of_credentials(hma: TestClient) -> None:
    def ask(body: Any, api: str = "ncmec") -> Any:
        return hma.post(f"/c/exchanges/api/{api}", json=body)

    says(ask({}, "zz"), 400, "no such Exchange API 'zz'")
    says(ask([]), 400, "this endpoint expects a json object payload")
    begin = "Failed to parse `credential_json` - "
    says(ask({"credential_json": {"user": "x"}}), 400, begin + 'missing value for field "password"')
    says(ask({"credential_json": {**USER, "x": 1}}), 400, begin + 'unknown field "x"')
    says(ask({"credential_json": 5}), 400, begin + "should be an object")
    says(ask({"credential_json": USER}, "sample"), 400, begin + "the programme 'sample' takes no credentials")


def test_schema(hma: TestClient) -> None:
    assert hma.get("/c/exchanges/api/sample/schema").json() == {
        "config_schema": {"fields": []},
        "credentials_schema": None,
    }
    schema = hma.get("/c/exchanges/api/ncmec/schema").json()
    first, second = schema["config_schema"]["fields"]
    assert (first["name"], first["type"], first["required"], first["default"]) == (
        "environment",
        "enum",
        True,
        None,
    )
    assert ENVIRONMENT in first["choices"] and len(first["choices"]) == 14 and first["help"]
    assert (second["type"], second["required"], second["default"]) == ("set_of_number", False, [])
    assert second["choices"] is None
    assert [one["name"] for one in schema["credentials_schema"]["fields"]] == ["user", "password"]
    says(hma.get("/c/exchanges/api/zz/schema"), 404, "Exchange API 'zz' not found")


def test_scope(hma: TestClient, client: ClientFactory) -> None:
    create(hma, SAMPLE)
    other = client(Role.LEAD, grants=[Permission.HMA_BANK_DELETE], banks=BankScope(("X",), ("X",)))
    assert other.get("/c/exchanges").json() == []
    says(other.get("/c/exchange/E1"), 404, "Exchange 'E1' not found")
    says(other.put("/c/exchange/E1", json={"enabled": False}), 404, "Exchange 'E1' not found")
    assert other.delete("/c/exchange/E1").status_code == 200
    assert other.post("/c/exchanges", json=NCMEC).status_code == 403
    assert hma.get("/c/exchange/E1").json()["enabled"] is True


def test_grants(hma: TestClient, client: ClientFactory) -> None:
    create(hma, NCMEC)
    lead = client(Role.LEAD)
    assert lead.delete("/c/exchange/E2").status_code == 403
    assert lead.post("/c/exchanges/api/ncmec", json={"credential_json": USER}).status_code == 403
    remover = client(Role.ANALYST, grants=[Permission.HMA_BANK_DELETE])
    assert remover.delete("/c/exchange/E2").status_code == 403
    assert hma.get("/c/exchanges").json() == ["E2"]
