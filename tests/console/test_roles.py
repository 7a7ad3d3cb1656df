"""Roles x the console's pages: each lets in the roles whose permission it demands, and no other."""

from __future__ import annotations

import re

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from holdfast.access.people import PEOPLE_ROLES
from holdfast.access.roles import Permission, Role
from holdfast.api.app import create_routes
from holdfast.api.gate import is_sign_in
from holdfast.api.guard import permission_of, routes_of
from holdfast.api.origins import is_console
from holdfast.console.routers import ROUTERS
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, client, make_key, make_runtime, pool, runtime, server
from tests.console.test_signin import FROM_HERE, add, browser, sign_in

__all__ = ["browser", "client", "make_key", "make_runtime", "pool", "runtime", "server"]


def calls(runtime: Runtime) -> list[tuple[str, str, Permission]]:
    """Method, path with something in each parameter, and the permission demanded."""
    found = []
    for route in routes_of(create_routes(runtime)):
        permission = permission_of(route)
        if permission is not None and is_console(route.path):
            path = re.sub(r"\{[^}]*\}", "1", route.path_format)
            found += [(method, path, permission) for method in sorted(route.methods or ())]
    return found


@pytest.mark.parametrize("role", PEOPLE_ROLES)
def test_a_role_passes_exactly_where_its_permissions_are_demanded(
    runtime: Runtime, browser: TestClient, role: Role
) -> None:
    person = add(runtime, role)
    token = sign_in(browser, runtime, person)
    asked = [call for call in calls(runtime) if call[1] != "/console/sign-out"]
    assert len(asked) > 10
    for method, path, permission in asked:
        headers = {**FROM_HERE, "x-csrf-token": token}
        answer = browser.request(method, path, headers=headers)
        refused = answer.status_code == 403 and "not carry it" in answer.text
        assert refused != (role in permission.roles), (method, path, permission, answer.status_code)
        assert answer.status_code < 500, (method, path, answer.text)


def test_a_key_opens_no_page(runtime: Runtime, client: ClientFactory) -> None:
    admin = client(Role.ADMIN, Role.LEAD, Role.REVIEWER)
    admin.base_url = "http://localhost"
    for method, path, _ in calls(runtime):
        answer = admin.request(method, path)
        assert answer.status_code in (303, 401), (method, path)
        assert answer.headers.get("location", "/console/sign-in").startswith("/console/sign-in")


def test_what_changes_something_is_never_a_get_and_needs_the_token(
    runtime: Runtime, browser: TestClient
) -> None:
    sign_in(browser, runtime, add(runtime, Role.ADMIN, Role.LEAD, Role.REVIEWER))
    for method, path, permission in calls(runtime):
        if method not in ("GET", "HEAD"):
            assert browser.request(method, path, headers=FROM_HERE).status_code == 403, (path, permission)


def test_a_page_that_demands_nothing_is_not_served(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    careless = APIRouter()

    @careless.get("/console/careless")
    def open_to_all() -> dict[str, str]:
        return {}

    monkeypatch.setattr("holdfast.console.routers.ROUTERS", (*ROUTERS, careless))
    with pytest.raises(RuntimeError, match="demands no permission"):
        create_routes(runtime)
    assert is_sign_in("/console/sign-in/link") and not is_sign_in("/console/sign-in-not")
