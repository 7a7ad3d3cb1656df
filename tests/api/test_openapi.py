"""The whole API against its own description: generated requests find no 5xx and no answer that is not in it.

A real server on loopback, real HTTP, one key with every role. What is generated is random; hypothesis writes
down what failed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks

from holdfast.access.keys import create_key
from holdfast.access.limits import KeyLimits
from holdfast.access.roles import Role
from holdfast.api.app import create_app, create_routes
from holdfast.api.openapi import document
from holdfast.banks.service import create_bank
from holdfast.media.pool import DecodePool
from holdfast.service.runtime import Runtime
from holdfast.settings import Settings
from holdfast.vault.keys import create_key_file

load_all_checks()
CHECKED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)


@schemathesis.serializer("application/toml")
def as_toml(context: Any, value: Any) -> Any:
    """Generated texts are sent as they are: most are no TOML, and must be answered all the same."""
    return value if isinstance(value, bytes) else str(value).encode()


NO_LIMITS = KeyLimits(None, 1e6, None, None, None)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    folder = tmp_path_factory.mktemp("openapi")
    (folder / "home").mkdir(mode=0o700)
    create_key_file(folder / "keys", home=folder / "home")
    own = Settings.model_validate({"vault": {"key_file": folder / "keys"}})
    with (
        DecodePool(workers=1) as pool,
        Runtime(folder / "home", settings=own, pool=pool) as opened,
    ):
        with opened.database.write() as connection:
            create_bank(connection, "KNOWN", trusted=True)
        yield opened


@pytest.fixture(scope="module")
def address(runtime: Runtime) -> Iterator[str]:
    """Where the application is served."""
    config = uvicorn.Config(create_app(runtime), port=0, log_config=None, log_level="critical", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def key(runtime: Runtime) -> str:
    with runtime.database.write() as connection:
        new = create_key(connection, name="all", roles=list(Role), created_by="tests", limits=NO_LIMITS)
    return new.text


@pytest.fixture(scope="module")
def operations(runtime: Runtime) -> dict[str, Any]:
    """Every operation of the description by its name, "GET /v1/banks"."""
    described = schemathesis.openapi.from_dict(document(create_routes(runtime)))
    found: list[Any] = [result.ok() for result in described.get_all_operations()]  # type: ignore[union-attr]  # raises where one is bad
    return {operation.label: operation for operation in found}


def test_every_answer_is_described(operations: dict[str, Any], address: str, key: str) -> None:
    """All operations are tried before the test fails, each with its first failure."""
    failures = {}
    for label, operation in operations.items():
        try:
            _try_out(operation, address, key)
        except (Exception, BaseExceptionGroup) as error:
            failures[label] = str(error)[:1500]
    assert len(operations) > 60
    assert not failures, "\n\n".join(f"== {label}: {text}" for label, text in failures.items())


def _try_out(operation: Any, address: str, key: str) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def send(case: Any) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        case.call_and_validate(base_url=address, checks=CHECKED, headers=headers, timeout=20)

    send()


def test_head_sends_no_body(address: str) -> None:
    """Two requests on one connection: a body after HEAD would be read as the start of the next answer."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=20)
    for method in ("HEAD", "GET"):
        connection.request(method, "/health/ready")
        answer = connection.getresponse()
        assert answer.status == 200 and bool(answer.read()) is (method == "GET")
    connection.close()
