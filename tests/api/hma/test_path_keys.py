"""A key in the path, for clients that send no header: off by default, bound to networks, in no log."""

from __future__ import annotations

import logging
import re
import threading
import time
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.testclient import TestClient

from holdfast.access.keys import create_key
from holdfast.access.principal import BankScope
from holdfast.access.roles import Permission, Role
from holdfast.api.app import create_app
from holdfast.errors import UsageError
from holdfast.service.runtime import Runtime
from tests.api.conftest import ADDRESS, ClientFactory, RuntimeFactory
from tests.api.hma.conftest import PDQ

NETWORK = "203.0.113.0/24"


@pytest.fixture
def runtime(make_runtime: RuntimeFactory) -> Runtime:
    return make_runtime(hma={"path_keys": True})


def coop_key(make_key: Any, network: str = NETWORK) -> str:
    """As docs/hma.md says to make it."""
    key = make_key(
        Role.ANALYST,
        grants=[
            Permission.HMA_PATH_KEY,
            Permission.HMA_BANK_WRITE,
            Permission.HMA_BANK_DELETE,
            Permission.HMA_EXCHANGE_WRITE,
        ],
        banks=BankScope(("COOP_*",), ("COOP_*",)),
        networks=[network],
    )
    return str(key)


def test_everything_that_coop_does(server: TestClient, make_key: Any) -> None:
    """Its base URL ends in a slash, so that every path begins with two."""
    base = f"/k/{coop_key(make_key)}/"
    made = server.post(f"{base}/c/banks", json={"name": "COOP_1_A", "enabled_ratio": "1"})
    assert made.status_code == 201
    assert server.get(f"{base}/c/bank/COOP_1_A").json()["name"] == "COOP_1_A"
    assert server.put(f"{base}/c/bank/COOP_1_A", json={"enabled_ratio": 0.5}).status_code == 200
    assert server.put(f"{base}/c/bank/COOP_1_A", json={"enabled_ratio": 1}).status_code == 200
    assert server.post(f"{base}/c/bank/COOP_1_A/signal", json={"pdq": PDQ}).status_code == 200
    found = server.get(f"{base}/m/lookup?signal_type=pdq&signal={PDQ}").json()
    assert len(found["COOP_1_A"]) > 0
    assert server.get(f"{base}/c/exchanges/apis").status_code == 200
    assert server.get(f"{base}/c/exchanges/api/ncmec").status_code == 200
    assert server.get(f"{base}/c/exchanges/api/ncmec/schema").status_code == 200
    assert server.get(f"{base}/c/exchange/COOP_1_A").status_code == 404
    exchange = {"bank": "COOP_1_E", "api": "sample", "api_json": {}}
    assert server.post(f"{base}/c/exchanges", json=exchange).status_code == 201
    assert server.get(f"{base}/c/exchange/COOP_1_E/status").status_code == 200
    assert server.delete(f"{base}/c/bank/COOP_1_A").status_code == 200
    assert server.get(f"{base}/c/bank/COOP_1_A").status_code == 404
    assert server.post(f"{base}/c/banks", json={"name": "OTHER"}).status_code == 403


class TestOffByDefault:
    @pytest.fixture
    def runtime(self, make_runtime: RuntimeFactory) -> Any:
        return make_runtime()

    def test_a_key_in_the_path_opens_nothing(self, server: TestClient, make_key: Any) -> None:
        key = coop_key(make_key)
        assert server.get(f"/k/{key}/c/banks").status_code == 401
        assert server.get("/c/banks", headers={"x-api-key": key}).status_code == 200


def test_only_from_its_networks(client: ClientFactory, make_key: Any) -> None:
    path = f"/k/{coop_key(make_key)}/c/banks"
    assert client().get(path).status_code == 200
    assert client(address="198.51.100.7").get(path).status_code == 401


def test_it_is_not_made_without_networks(runtime: Runtime) -> None:
    with runtime.database.write() as connection, pytest.raises(UsageError, match="networks"):
        create_key(
            connection,
            name="x",
            roles=[Role.ANALYST],
            grants=[Permission.HMA_PATH_KEY],
            created_by="test",
        )


def test_a_key_without_the_grant_does_not_stand_in_a_path(server: TestClient, make_key: Any) -> None:
    assert server.get(f"/k/{make_key(Role.LEAD)}/c/banks").status_code == 401


def test_it_opens_this_api_only(server: TestClient, make_key: Any) -> None:
    key = coop_key(make_key)
    assert server.post(f"/k/{key}/v1/lookup", json={"algorithm": "pdq", "value": PDQ}).status_code == 403
    assert server.post("/v1/lookup", json={}, headers={"x-api-key": key}).status_code in (403, 422)


@pytest.mark.parametrize("tail", ["", "/", "/c/banks", "//c/banks", "/c/bank/NO", "/no%0Asuch/path"])
@pytest.mark.parametrize("start", ["/k", "//k"])
def test_it_is_in_no_log_and_no_answer(
    runtime: Runtime,
    make_key: Any,
    start: str,
    tail: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Through a real server with its access log on, also for keys that are refused."""
    caplog.set_level(logging.DEBUG)
    good, elsewhere = coop_key(make_key, "127.0.0.0/8"), coop_key(make_key)
    app = create_app(runtime)
    config = uvicorn.Config(app, port=0, loop="uvloop", http="httptools", log_level="info", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as http:
            answers = [http.get(f"http://127.0.0.1:{port}{start}/{key}{tail}") for key in (good, elsewhere)]
    finally:
        server.should_exit = True
        thread.join()
    assert answers[0].status_code in (200, 302, 404) and answers[1].status_code == 401
    said = caplog.text + "".join(capfd.readouterr())
    assert "GET" in said, "the access log was not looked at"
    secrets = [re.split("[_.]", key)[-1] for key in (good, elsewhere)] + [good, elsewhere]
    # The client's own log is not ours.
    ours = "\n".join(line for line in said.splitlines() if "httpx2" not in line and "httpcore2" not in line)
    for secret in secrets:
        assert secret not in ours
        assert all(secret not in one.text and secret not in str(one.headers) for one in answers)
    assert ADDRESS not in ours
