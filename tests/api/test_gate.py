"""Before every route: who is it, from where, and what does a stranger learn? Nothing."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import Any

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from holdfast.access.keys import list_keys, revoke_key
from holdfast.access.keytext import new_key_text
from holdfast.access.roles import Role
from holdfast.api.app import create_app, create_routes
from holdfast.api.gate import DOCS, MAX_STRANGERS, OPEN, PUBLIC, is_sign_in
from holdfast.api.guard import permission_of, routes_of
from holdfast.api.v1.routers import ROUTERS
from holdfast.service.runtime import Runtime
from tests.api.conftest import ADDRESS, ClientFactory, RuntimeFactory


def test_strangers_get_the_same_answer_for_what_is_there_and_what_is_not(client: ClientFactory) -> None:
    stranger = client()
    answers = [stranger.get(path) for path in ("/v1/screen", "/nothing", "/", "/openapi.json", "/metrics")]
    assert {one.status_code for one in answers} == {401}
    assert {one.headers["www-authenticate"] for one in answers} == {"Bearer"}
    bodies = [{**one.json(), "request_id": ""} for one in answers]
    assert all(one == bodies[0] for one in bodies)


@pytest.mark.parametrize("path", sorted(OPEN - {"/status", "/status/live"}))
def test_open_paths_tell_nothing_but_their_state(client: ClientFactory, path: str) -> None:
    answer = client().get(path)
    assert answer.status_code == 200
    assert set(answer.json()) <= {"status", "reason", "list_version", "deep_check", "reports"}


@pytest.mark.parametrize("path", sorted(OPEN))
def test_open_paths_answer_head_as_get_without_a_body(client: ClientFactory, path: str) -> None:
    stranger = client()
    head, get = stranger.head(path), stranger.get(path)
    assert head.status_code == get.status_code == 200 and head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    assert stranger.head("/v1/banks").status_code == 401


def test_every_route_demands_a_permission(runtime: Runtime) -> None:
    for route in routes_of(create_routes(runtime)):
        is_open = route.path in OPEN | DOCS | PUBLIC | {"/"} or is_sign_in(route.path)
        assert permission_of(route) is not None or is_open, route.path


def test_an_application_with_an_open_route_is_not_made(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    careless = APIRouter()

    @careless.get("/v1/careless")
    def open_to_all() -> dict[str, str]:
        return {}

    monkeypatch.setattr("holdfast.api.v1.routers.ROUTERS", (*ROUTERS, careless))
    with pytest.raises(RuntimeError, match="careless"):
        create_routes(runtime)


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_a_key_comes_in_either_header(server: TestClient, make_key: Any, header: str) -> None:
    key = make_key(Role.ANALYST)
    value = f"Bearer {key}" if header == "authorization" else key
    assert server.get("/openapi.json", headers={header: value}).status_code == 200
    other = "1" if value[-7] == "0" else "0"
    assert server.get("/openapi.json", headers={header: value[:-7] + other + value[-6:]}).status_code == 401


def test_a_revoked_key_is_refused_at_once_in_the_process_that_revoked_it(
    runtime: Runtime, client: ClientFactory
) -> None:
    analyst = client(Role.ANALYST)
    assert analyst.get("/openapi.json").status_code == 200
    with runtime.database.write() as connection:
        (key,) = list_keys(connection)
        revoke_key(connection, key.key_id, revoked_by="test")
    runtime.verifier.forget(key.key_id)
    assert analyst.get("/openapi.json").status_code == 401


def test_request_ids_come_back_or_are_made(client: ClientFactory) -> None:
    analyst = client(Role.ANALYST)
    given = analyst.get("/openapi.json", headers={"x-request-id": "abc-1.2"})
    assert given.headers["x-request-id"] == "abc-1.2"
    for odd in ("a b", "x" * 101, "<script>"):
        made = analyst.get("/openapi.json", headers={"x-request-id": odd}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{24}", made)
    failed = analyst.get("/nothing", headers={"x-request-id": "abc"})
    assert failed.json()["request_id"] == "abc"


def test_unknown_paths_and_methods_are_problems(client: ClientFactory) -> None:
    analyst = client(Role.ANALYST)
    for answer, status in ((analyst.get("/nothing"), 404), (analyst.delete("/v1/screen"), 405)):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


def test_an_unforeseen_error_says_that_nothing_is_known(
    runtime: Runtime, client: ClientFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("secret-hash-0123")

    monkeypatch.setattr(runtime.intake, "screen", fail)
    answer = client(Role.UPLOADER).post("/v1/screen", content=b"x")
    assert answer.status_code == 500 and "nothing is known" in answer.json()["detail"]
    assert "secret-hash" not in answer.text and "secret-hash" not in caplog.text


class TestStrangersAtTheSameAddress:
    """Who has no valid key is held back; who has one never pays for it, whatever is remembered of it."""

    STRANGE = ("", "no key", "invented")

    @pytest.fixture
    def runtime(self, make_runtime: RuntimeFactory) -> Runtime:
        made = make_runtime()
        made.verifier._cache_s = 0.0  # every key is looked up each time
        return made

    @pytest.mark.parametrize("strange", STRANGE)
    def test_a_valid_key_passes_through_their_flood(self, client: ClientFactory, strange: str) -> None:
        stranger, uploader, unseen = client(), client(Role.UPLOADER), client(Role.UPLOADER)
        assert uploader.post("/v1/screen", content=b"x").status_code == 200
        for _ in range(12):
            for _ in range(10):
                key = new_key_text().text if strange == "invented" else strange
                answer = stranger.get("/v1/banks", headers={"x-api-key": key} if key else {})
            assert uploader.post("/v1/screen", content=b"x").status_code == 200
        assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
        assert unseen.post("/v1/screen", content=b"x").status_code == 200

    def test_invented_keys_are_looked_up_a_few_at_a_time_and_hold_up_no_known_one(
        self, runtime: Runtime, make_key: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        verify, lock = runtime.verifier.verify, threading.Lock()
        valid, answered = make_key(Role.UPLOADER), threading.Event()
        verify(valid, ADDRESS)
        at_once: list[int] = []
        running = 0

        def slow(text: str | None, address: str | None, *, in_path: bool = False) -> Any:
            nonlocal running
            if text == valid:
                return verify(text, address, in_path=in_path)
            with lock:
                running += 1
                at_once.append(running)
            try:
                answered.wait(300)
                return verify(text, address, in_path=in_path)
            finally:
                with lock:
                    running -= 1

        monkeypatch.setattr(runtime.verifier, "verify", slow)
        gate = create_app(runtime)

        async def run() -> list[int]:
            invented = [asyncio.create_task(ask(gate, new_key_text().text)) for _ in range(50)]
            while not at_once:
                await asyncio.sleep(0.001)
            assert await ask(gate, valid) == 404
            answered.set()
            return await asyncio.gather(*invented)

        assert set(asyncio.run(run())) == {401, 429}
        assert len(at_once) == 50 and max(at_once) <= MAX_STRANGERS


async def ask(gate: Any, key: str) -> int:
    """The status of one answer, straight from the application."""
    seen: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.append(message["status"])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/nothing",
        "raw_path": b"/nothing",
        "query_string": b"",
        "headers": [(b"x-api-key", key.encode())],
        "client": (ADDRESS, 40000),
    }
    await gate(scope, receive, send)
    return seen[0]


class TestBehindAProxy:
    @pytest.fixture
    def runtime(self, make_runtime: RuntimeFactory) -> Runtime:
        return make_runtime(server={"trusted_proxies": ["203.0.113.0/24"]})

    @pytest.mark.parametrize(
        ("forwarded", "status"),
        [
            ("198.51.100.7", 200),
            ("10.0.0.1, 198.51.100.7", 200),  # the client may write what it likes before the proxy's word
            ("198.51.100.7, 10.0.0.1", 401),
            ("198.51.100.7, 203.0.113.80", 200),  # two proxies of ours
            ("", 401),
        ],
    )
    def test_networks_are_those_of_the_last_stranger(
        self, client: ClientFactory, forwarded: str, status: int
    ) -> None:
        bound = client(Role.ANALYST, networks=["198.51.100.0/24"])
        answer = bound.get("/openapi.json", headers={"x-forwarded-for": forwarded})
        assert answer.status_code == status


def test_a_forwarded_address_from_anybody_else_is_not_believed(client: ClientFactory) -> None:
    bound = client(Role.ANALYST, networks=["198.51.100.0/24"])
    assert bound.get("/openapi.json", headers={"x-forwarded-for": "198.51.100.7"}).status_code == 401
