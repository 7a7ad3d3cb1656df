"""Signing in by a real identity provider on loopback, through the console's own routes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.records import audit
from holdfast.service.runtime import Runtime
from tests.api.conftest import RuntimeFactory, make_runtime, pool, server
from tests.console.identity_provider import identity_provider
from tests.console.test_signin import ORIGIN, add, browser

__all__ = ["browser", "make_runtime", "pool", "server"]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with identity_provider() as address:
        yield address


@pytest.fixture
def runtime(make_runtime: RuntimeFactory, issuer: str, tmp_path: Path) -> Runtime:
    secret = tmp_path / "client-secret"
    secret.write_text("not checked by this provider\n")
    secret.chmod(0o600)
    return make_runtime(
        oidc={
            "issuer": issuer,
            "client_id": "holdfast",
            "client_secret_file": secret,
            "label": "Example ID",
            "roles_claim": "groups",
            "roles": {"moderators": ["reviewer"]},
        }
    )


def at_provider(address: str, subject: str) -> dict[str, str]:
    """What somebody does there; the query with which the browser is sent back."""
    answer = httpx2.post(address, data={"sub": subject}, follow_redirects=False, trust_env=False, timeout=120)
    assert answer.status_code in (302, 303), answer.text
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{ORIGIN}/console/sign-in/oidc/back"
    return dict(parse_qsl(back.query))


def begin(browser: TestClient, wanted: str = "/console/account") -> str:
    assert "Example ID" in browser.get("/console/sign-in").text
    answer = browser.get("/console/sign-in/oidc", params={"next": wanted})
    assert answer.status_code == 303
    return answer.headers["location"]


def finish(browser: TestClient, query: dict[str, Any]) -> Any:
    return browser.get("/console/sign-in/oidc/back", params=query)


def test_somebody_with_a_role_comes_in_and_goes_where_they_wanted(
    browser: TestClient, runtime: Runtime
) -> None:
    add(runtime, Role.ADMIN, name="First")
    answer = finish(browser, at_provider(begin(browser), "ana"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/account")
    page = browser.get("/console/account").text
    assert "Ana Ruiz" in page and "identity provider" in page and "Reviewer" in page
    with runtime.database.read() as connection:
        actions = [(entry.actor.partition(":")[0], entry.action) for entry in audit.read(connection)]
    assert actions[-2:] == [("identity-provider", "person.add"), ("person", "session.start")]


def test_an_answer_works_once_and_in_its_own_browser(browser: TestClient, runtime: Runtime) -> None:
    add(runtime)
    query = at_provider(begin(browser), "ana")
    kept = browser.cookies["holdfast-sign-in"]
    browser.cookies.clear()
    assert finish(browser, query).status_code == 401  # another browser
    browser.cookies.set("holdfast-sign-in", kept)
    assert finish(browser, {**query, "state": "another"}).status_code == 401
    assert finish(browser, query).status_code == 401  # used up by the wrong one
    browser.cookies.clear()
    query = at_provider(begin(browser), "ana")
    kept = browser.cookies["holdfast-sign-in"]
    assert finish(browser, query).status_code == 303
    browser.cookies.clear()
    browser.cookies.set("holdfast-sign-in", kept)
    assert finish(browser, query).status_code == 401  # replayed


def test_nobody_comes_in_without_a_role(browser: TestClient, runtime: Runtime) -> None:
    add(runtime)
    answer = finish(browser, at_provider(begin(browser), "bo"))
    assert answer.status_code == 401 and "no role here" in answer.text
    assert browser.get("/console/account").status_code == 303


def test_without_a_provider_there_is_no_such_way(make_runtime: RuntimeFactory) -> None:
    from holdfast.api.app import create_app

    with TestClient(create_app(make_runtime()), base_url=ORIGIN, follow_redirects=False) as plain:
        assert plain.get("/console/sign-in/oidc").status_code == 404
        assert plain.get("/console/sign-in/oidc/back").status_code == 404
