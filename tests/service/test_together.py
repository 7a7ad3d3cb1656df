"""Several servers on one PostgreSQL: what one is told, the others know within a second."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from holdfast.access.keys import create_key
from holdfast.access.roles import Role
from holdfast.access.verify import CACHE_S
from holdfast.banks.service import create_bank
from holdfast.records.database import Database
from holdfast.settings import ServerSettings
from tests.databases import TEMPLATE, PostgresServer
from tests.service.serving import PATIENCE_S, Service

pytestmark = pytest.mark.postgres

WITHIN_S = 1.0


@pytest.fixture(scope="module")
def servers(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, Service]]:
    """Two services with homes of their own ("two hosts") on one database."""
    folder = tmp_path_factory.mktemp("together")
    url = postgres.create(template=TEMPLATE)
    with ExitStack() as ending:
        started = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            service = Service(
                folder / name, {"HOLDFAST_DATABASE_URL": url, "HOLDFAST_SERVER__JOB_THREADS": "0"}
            )
            service.start()
            ending.callback(service.stop)
            started.append(service)
        yield started[0], started[1]


@pytest.fixture(scope="module")
def key(servers: tuple[Service, Service]) -> str:
    with Database(servers[0].settings["HOLDFAST_DATABASE_URL"]) as database, database.write() as connection:
        create_bank(connection, "KNOWN", trusted=True)
        roles = (Role.ANALYST, Role.LEAD)
        return create_key(connection, name="test", roles=roles, created_by="tests").text


def test_a_new_and_a_withdrawn_entry_take_effect_everywhere(
    servers: tuple[Service, Service], key: str, record_property: Callable[[str, object], None]
) -> None:
    one, two = servers
    waits = []
    for _ in range(5):
        code = secrets.token_hex(32)
        body = {"label": "x", "hashes": [{"algorithm": "pdq", "value": code}]}
        status, added = _post(one, "/v1/banks/KNOWN/entries", key, body)
        assert status == 201
        waits.append(_wait_for_matches(two, key, code, 1))
        entry = added["entry"]["id"]
        assert one.ask(f"/v1/banks/KNOWN/entries/{entry}", key=key)[0] == 200
        status, _ = _request(one, "DELETE", f"/v1/banks/KNOWN/entries/{entry}", key)
        assert status == 200
        waits.append(_wait_for_matches(two, key, code, 0))
    record_property("seconds until the other server knew", [round(wait, 3) for wait in waits])
    assert ServerSettings().refresh_s <= WITHIN_S / 2  # a busy machine adds what it likes to that


def test_a_disabled_entry_is_silent_everywhere_at_once(servers: tuple[Service, Service], key: str) -> None:
    one, two = servers
    code = secrets.token_hex(32)
    _, added = _post(
        one, "/v1/banks/KNOWN/entries", key, {"label": "x", "hashes": [{"algorithm": "pdq", "value": code}]}
    )
    _wait_for_matches(two, key, code, 1)
    path = f"/v1/banks/KNOWN/entries/{added['entry']['id']}"
    status, _ = _request(one, "PATCH", path, key, {"disabled_until": "2999-01-01T00:00:00Z"})
    assert status == 200 and _found(two, key, code) == []


def test_a_key_made_here_opens_there_and_a_revoked_one_nowhere(
    servers: tuple[Service, Service], key: str
) -> None:
    one, two = servers
    with Database(one.settings["HOLDFAST_DATABASE_URL"]) as database, database.write() as connection:
        admin = create_key(connection, name="admin", roles=[Role.ADMIN], created_by="tests").text
    status, made = _post(one, "/v1/keys", admin, {"name": "new", "roles": ["analyst"]})
    assert status == 201 and _found(two, made["key"], "0" * 64) == []
    assert _post(one, f"/v1/keys/{made['id']}/revoke", admin, {})[0] == 200
    _wait(lambda: two.ask("/v1/banks", key=made["key"])[0] == 401)
    assert CACHE_S <= 3  # for so long every process remembers a key


def _found(service: Service, key: str, code: str) -> list[object]:
    status, body = _post(service, "/v1/lookup", key, {"algorithm": "pdq", "value": code})
    assert status == 200
    found: list[object] = body["matches"]
    return found


def _wait_for_matches(service: Service, key: str, code: str, number: int) -> float:
    """Seconds until a look-up finds so many entries."""
    return _wait(lambda: len(_found(service, key, code)) == number)


def _post(service: Service, path: str, key: str, body: object) -> tuple[int, dict[str, Any]]:
    return _request(service, "POST", path, key, body)


def _request(
    service: Service, method: str, path: str, key: str, body: object = None
) -> tuple[int, dict[str, Any]]:
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx2.request(
        method,
        service.url + path,
        content=b"" if body is None else json.dumps(body),
        headers=headers | ({} if body is None else {"content-type": "application/json"}),
        trust_env=False,
        timeout=120,
    )
    return answer.status_code, answer.json() if answer.content else {}


def _wait(condition: Callable[[], bool], within_s: float = PATIENCE_S) -> float:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < within_s
        time.sleep(0.02)
    return time.monotonic() - begun
