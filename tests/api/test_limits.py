"""Limits on what comes from outside: size, time, all bodies together, requests of one key."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.testclient import TestClient

from holdfast.access.limits import KeyLimits
from holdfast.access.roles import Role
from holdfast.api.app import create_routes
from holdfast.api.bodies import BodyBudget, read_body
from holdfast.api.guard import routes_of
from holdfast.api.problems import Problem
from holdfast.errors import OverloadedError
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory


@pytest.fixture
def runtime(make_runtime: RuntimeFactory) -> Runtime:
    return make_runtime(media={"max_bytes": 5000})


def test_a_body_over_the_limit_is_413_and_not_an_outcome(client: ClientFactory) -> None:
    answer = client(Role.UPLOADER).post("/v1/screen", content=b"x" * 5001)
    assert answer.status_code == 413 and "not checked" in answer.json()["detail"]
    assert "outcome" not in answer.json()


def test_a_body_without_length_is_stopped_on_the_way(client: ClientFactory) -> None:
    answer = client(Role.UPLOADER).post("/v1/screen", content=(b"x" * 1000 for _ in range(9)))
    assert answer.status_code == 413


def test_who_only_names_a_size_uses_up_nothing(client: ClientFactory) -> None:
    """A key that once said that terabytes would come, or often that too much would, goes on as before."""
    uploader = client(Role.UPLOADER, limits=KeyLimits(bytes_per_minute=6000))
    for said in ("999999999999", *["5001"] * 12, "9" * 30):
        answer = uploader.post("/v1/screen", headers={"content-length": said}, content=b"")
        assert answer.status_code == 413, answer.text
    assert uploader.post("/v1/screen", content=b"x" * 4000).status_code == 200
    assert uploader.post("/v1/screen", content=b"x" * 4000).status_code == 429


def test_a_form_over_the_limit(client: ClientFactory) -> None:
    answer = client(Role.UPLOADER).post("/v1/screen/form", files={"file": ("x", b"x" * 5001)})
    assert answer.status_code == 413


def test_requests_of_one_key(client: ClientFactory) -> None:
    slow = client(Role.ANALYST, limits=KeyLimits(requests_per_s=0.001, burst_requests=2))
    statuses = [slow.get("/openapi.json") for _ in range(3)]
    assert [one.status_code for one in statuses] == [200, 200, 429]
    assert int(statuses[2].headers["retry-after"]) >= 1
    assert client(Role.ANALYST).get("/openapi.json").status_code == 200


def test_ready_hashes_count_one_by_one(client: ClientFactory) -> None:
    slow = client(Role.ANALYST, limits=KeyLimits(hash_lookups_per_minute=10))
    many = {"algorithm": "md5", "values": ["0" * 32] * 30}
    assert slow.post("/v1/lookup", json=many).status_code == 200
    assert slow.post("/v1/lookup", json={"algorithm": "md5", "value": "0" * 32}).status_code == 429


def test_too_many_hashes_at_once(client: ClientFactory) -> None:
    many = {"algorithm": "md5", "values": ["ab" * 16] * 10_001}
    answer = client(Role.ANALYST).post("/v1/lookup", json=many)
    assert answer.status_code == 422 and "abab" not in answer.text


def test_strangers_are_held_back(server: TestClient, client: ClientFactory) -> None:
    stranger = client(address="198.51.100.1")
    statuses = {stranger.get("/v1/banks").status_code for _ in range(40)}
    assert statuses == {401, 429}
    neighbour = client(address="198.51.100.2")
    assert neighbour.get("/v1/banks").status_code == 401
    # A good key is let through from the same address: it is in memory, or costs one look.
    assert client(Role.LEAD).get("/openapi.json").status_code == 200


def _request(pieces: list[bytes], length: int | None, pause_s: float = 0.0) -> Request:
    waiting = list(pieces)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause_s)
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    headers = [] if length is None else [(b"content-length", str(length).encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def test_bodies_together_stay_in_the_budget() -> None:
    budget = BodyBudget(100)

    async def run() -> None:
        with budget.reserve() as first:
            assert len(await read_body(_request([b"x" * 80], 80), first, most_bytes=1000, wait_s=120)) == 80
            assert budget.used_bytes == 80
            with pytest.raises(OverloadedError), budget.reserve() as second:
                await read_body(_request([b"y" * 15, b"y" * 15], None), second, most_bytes=1000, wait_s=120)
            assert budget.used_bytes == 80
            with budget.reserve() as third:
                await read_body(_request([b"z" * 20], 20), third, most_bytes=1000, wait_s=120)
        assert budget.used_bytes == 0
        with budget.reserve() as alone:  # one that is larger than the budget still passes, alone
            await read_body(_request([b"x" * 300], 300), alone, most_bytes=1000, wait_s=120)
        assert budget.used_bytes == 0

    asyncio.run(run())


def test_a_body_that_drips_is_given_up() -> None:
    async def run() -> int:
        with BodyBudget(100).reserve() as reservation:
            try:
                await read_body(_request([b"x"] * 50, None, 0.02), reservation, most_bytes=1000, wait_s=0.1)
            except Problem as problem:
                return problem.status
        return 200

    assert asyncio.run(run()) == 408


def test_one_limit_a_route_however_many_applications_there_are(runtime: Runtime) -> None:
    for _ in range(2):
        apps = [route.app for route in routes_of(create_routes(runtime))]
        limited = [app for app in apps if isinstance(app, RequestBodyLimitMiddleware)]
        assert limited and not any(isinstance(one.app, RequestBodyLimitMiddleware) for one in limited)
