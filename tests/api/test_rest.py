"""Routes that are loaded after the first upload can be answered."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.api.rest import Rest
from holdfast.api.v1.first import FIRST
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory


@pytest.fixture
def unstarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that loads them does not run."""
    monkeypatch.setattr(Rest, "start", lambda _: None)


def rest_of(server: TestClient) -> Rest:
    rest: Rest = server.app._app.state.rest  # type: ignore[attr-defined]
    return rest


def test_uploads_are_answered_before_and_others_wait(
    unstarted: None, server: TestClient, client: ClientFactory
) -> None:
    rest = rest_of(server)
    assert client(Role.UPLOADER).post("/v1/screen", content=b"x").status_code == 200
    assert not rest._loaded and len(rest._app.routes) == sum(len(router.routes) for router in FIRST)
    assert client(Role.LEAD).get("/v1/banks").status_code == 200
    assert rest._loaded


def test_routes_that_come_while_a_request_looks_for_its_own_are_found(
    unstarted: None, server: TestClient, client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest, lead = rest_of(server), client(Role.LEAD)
    wait = rest._wait

    async def late(*arguments: object) -> None:
        rest.load()  # by the thread, after this request was held against the first routes
        await wait(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rest._app.router, "default", late)
    assert lead.get("/v1/banks").status_code == 200
    assert lead.get("/v1/nothing").status_code == 404


def test_what_cannot_be_loaded_is_a_failure_and_is_tried_again(
    unstarted: None, runtime: Runtime, server: TestClient, client: ClientFactory
) -> None:
    lead = client(Role.LEAD)
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr("holdfast.api.openapi.route", lambda _: 1 / 0)
        assert lead.get("/v1/banks").status_code == 500
        assert lead.post("/v1/screen/hashes", json={"items": []}).status_code in (403, 422)
    assert lead.get("/v1/banks").status_code == 200
