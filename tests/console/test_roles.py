"""Roles x the console's routes: page, fragment and media let in whom their permission names, nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from holdfast.access.people import PEOPLE_ROLES, add_person
from holdfast.access.roles import Permission, Role
from holdfast.access.sessions import start_session
from holdfast.api.app import create_routes
from holdfast.api.gate import PUBLIC, is_sign_in
from holdfast.api.guard import permission_of, routes_of
from holdfast.api.origins import is_console
from holdfast.service.runtime import Runtime
from tests.api.conftest import make_runtime, pool, runtime, server

__all__ = ["make_runtime", "pool", "runtime", "server"]

ORIGIN = "http://localhost:8600"


@pytest.fixture
def browser(server: TestClient) -> Iterator[TestClient]:
    with TestClient(
        server.app, base_url=ORIGIN, raise_server_exceptions=False, follow_redirects=False
    ) as one:
        yield one


def calls(runtime: Runtime) -> list[tuple[str, str, Permission]]:
    """Method, path with something in each parameter, and the permission demanded."""
    found = []
    for route in routes_of(create_routes(runtime)):
        if not is_console(route.path) or is_sign_in(route.path):
            continue
        permission = permission_of(route)
        assert permission is not None, route.path
        path = re.sub(r"\{[^}]*\}", "1", route.path_format)
        found += [(method, path, permission) for method in sorted(route.methods or ())]
    return found


def sign_in(browser: TestClient, runtime: Runtime, *roles: Role) -> None:
    with runtime.database.write() as connection:
        person = add_person(connection, name="Somebody", roles=roles, by="tests")
        token = start_session(connection, person, method="link", lifetime=timedelta(hours=1))
    browser.cookies.set("holdfast-session", token)


@pytest.mark.parametrize("role", PEOPLE_ROLES)
def test_a_role_passes_exactly_where_its_permissions_are_demanded(
    runtime: Runtime, browser: TestClient, role: Role
) -> None:
    sign_in(browser, runtime, role)
    asked = calls(runtime)
    assert len(asked) > 50
    for method, path, permission in asked:
        answer = browser.request(method, path, headers={"origin": ORIGIN})
        refused = answer.status_code == 403 and "not carry it" in answer.text
        assert refused != (role in permission.roles), (method, path, permission, answer.status_code)
        assert answer.status_code < 500, (method, path, answer.text)
        assert answer.headers["cache-control"] == "no-store", (method, path)


def test_without_a_session_pages_lead_to_the_sign_in_and_nothing_is_done(
    runtime: Runtime, browser: TestClient
) -> None:
    for method, path, _ in calls(runtime):
        answer = browser.request(method, path, headers={"origin": ORIGIN})
        if method == "GET":
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/console/sign-in?next="), path
        else:
            assert answer.status_code == 401, (method, path)


def test_what_changes_something_needs_the_token_and_the_consoles_own_origin(
    runtime: Runtime, browser: TestClient
) -> None:
    sign_in(browser, runtime, Role.LEAD, Role.ADMIN, Role.REVIEWER, Role.ANALYST)
    for method, path, _ in calls(runtime):
        if method == "GET":
            continue
        answer = browser.request(method, path, headers={"origin": ORIGIN})
        assert (answer.status_code, "token" in answer.text) == (403, True), (method, path)
        answer = browser.request(method, path, headers={"origin": "https://elsewhere.example"})
        assert answer.status_code == 403 and "did not come from" in answer.text, (method, path)


def test_forms_for_everybody_are_off_until_a_setting_says_otherwise(
    runtime: Runtime, browser: TestClient
) -> None:
    assert not runtime.settings.console.public_forms
    assert {browser.get(path).status_code for path in PUBLIC} == {401}
