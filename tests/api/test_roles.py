"""Roles x routes: every route lets in the roles whose permission it demands, and no other; no key, nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Permission, Role
from holdfast.api.app import create_routes
from holdfast.api.gate import OPEN
from holdfast.api.guard import permission_of, routes_of
from holdfast.api.origins import is_console
from holdfast.service.runtime import Runtime
from tests.api.conftest import ClientFactory, RuntimeFactory


@pytest.fixture
def runtime(make_runtime: RuntimeFactory) -> Runtime:
    return make_runtime(hma={"test_mode": True, "enabled": True})


def _calls(runtime: Runtime) -> list[tuple[str, str, Permission]]:
    """Method, path with something in each parameter, and the permission demanded."""
    found = []
    for route in routes_of(create_routes(runtime)):
        permission = permission_of(route)
        if permission is None or is_console(route.path):  # the console's: tests/console/test_roles.py
            continue
        path = re.sub(r"\{[^}]*\}", "1", route.path_format)
        found += [(method, path, permission) for method in sorted(route.methods or ()) if method != "HEAD"]
    return found


@pytest.mark.parametrize("role", list(Role))
def test_a_role_passes_exactly_where_its_permissions_are_demanded(
    runtime: Runtime, client: ClientFactory, role: Role
) -> None:
    asking = client(role)
    calls = _calls(runtime)
    assert len(calls) > 60
    # What destroys comes last, so that it does not take away what the others ask for.
    for method, path, permission in sorted(calls, key=lambda call: "reset" in call[1]):
        answer = _ask(asking, method, path)
        refused = answer.status_code == 403 and "not carry it" in answer.text
        assert refused != (role in permission.roles), (method, path, permission, answer.status_code)
        assert answer.status_code < 500, (method, path, answer.text)


def test_without_a_key_nobody_passes(runtime: Runtime, client: ClientFactory) -> None:
    stranger = client()
    for method, path, _ in _calls(runtime)[:25]:  # then the address itself is held back
        answer = _ask(stranger, method, path)
        assert answer.status_code == 401, (method, path)
    assert all(stranger.get(path).status_code == 200 for path in OPEN)


def _ask(asking: TestClient, method: str, path: str) -> Any:
    return asking.request(method, path, json={} if method in ("POST", "PUT", "PATCH") else None)
