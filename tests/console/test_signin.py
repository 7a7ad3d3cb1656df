"""Signing in without a browser: links, sessions, cookies, tokens against forged requests, headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from holdfast.access.links import make_link
from holdfast.access.people import Person, add_person, disable_person, set_roles
from holdfast.access.roles import Role
from holdfast.console.texts import language_of
from holdfast.records import audit
from holdfast.records.tables.base import now
from holdfast.records.tables.people import person_links, sessions
from holdfast.service.runtime import Runtime
from tests.api.conftest import make_runtime, pool, runtime, server

__all__ = ["make_runtime", "pool", "runtime", "server"]

ORIGIN = "http://localhost:8600"
FROM_HERE = {"origin": ORIGIN}


@pytest.fixture
def browser(server: TestClient) -> Iterator[TestClient]:
    """Something that keeps cookies, at the console's own address."""
    with TestClient(
        server.app,
        base_url=ORIGIN,
        raise_server_exceptions=False,
        client=("203.0.113.9", 40000),
        follow_redirects=False,
    ) as one:
        yield one


def add(runtime: Runtime, *roles: Role, name: str = "Ana Ruiz") -> Person:
    with runtime.database.write() as connection:
        return add_person(connection, name=name, roles=roles or (Role.REVIEWER,), by="tests")


def link(runtime: Runtime, person: Person) -> str:
    with runtime.database.write() as connection:
        return make_link(connection, person.id, by="tests", minutes=5)


def sign_in(browser: TestClient, runtime: Runtime, person: Person) -> str:
    """Signs in by a link; the token that forms carry."""
    answer = browser.post("/console/sign-in/link", data={"token": link(runtime, person)}, headers=FROM_HERE)
    assert answer.status_code == 303 and answer.headers["location"] == "/console/account?new=1"
    return token_of(browser.get("/console/account").text)


def token_of(page: str) -> str:
    found = re.search(r'<meta name="csrf" content="([0-9a-f]{64})">', page)
    assert found is not None
    return found[1]


def test_before_anybody_was_added_the_page_says_how(browser: TestClient, runtime: Runtime) -> None:
    assert "holdfast person add" in browser.get("/console/sign-in").text
    add(runtime)
    page = browser.get("/console/sign-in", headers={"accept-language": "es-ES,es;q=0.9"}).text
    assert "holdfast person add" not in page
    assert f'lang="{language_of(None, "es-ES")}"' in page
    assert 'lang="en"' in browser.get("/console/sign-in?lang=en", headers={"accept-language": "es"}).text


def test_pages_lead_to_the_sign_in_and_everything_else_is_refused(browser: TestClient) -> None:
    answer = browser.get("/console/people?x=1")
    assert answer.headers["location"] == "/console/sign-in?next=/console/people%3Fx%3D1"
    assert browser.get("/console/no-such-page").status_code == 303  # tells nobody what there is
    assert browser.get("/console/people", headers={"hx-request": "true"}).status_code == 401
    refused = browser.post("/console/people", headers=FROM_HERE)
    assert refused.status_code == 401 and refused.headers["hx-redirect"] == "/console/sign-in"
    assert browser.get("/v1/banks").status_code == 401


def test_a_link_signs_in_once_and_the_cookie_is_kept_from_scripts(
    browser: TestClient, runtime: Runtime
) -> None:
    token = link(runtime, add(runtime))
    answer = browser.post("/console/sign-in/link", data={"token": token}, headers=FROM_HERE)
    cookie = next(one for one in answer.headers.get_list("set-cookie") if "holdfast-session=" in one)
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert browser.get("/console/account").status_code == 200
    browser.cookies.clear()
    again = browser.post("/console/sign-in/link", data={"token": token}, headers=FROM_HERE)
    assert again.status_code == 401 and "not valid" in again.text
    assert browser.get("/console/account").status_code == 303


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é" * 43])
def test_no_other_link_signs_in(browser: TestClient, runtime: Runtime, token: str) -> None:
    link(runtime, add(runtime))
    answer = browser.post("/console/sign-in/link", data={"token": token}, headers=FROM_HERE)
    assert answer.status_code == 401 and not browser.cookies


def test_a_link_ends_with_its_time_and_with_its_person(browser: TestClient, runtime: Runtime) -> None:
    person = add(runtime)
    late, gone = link(runtime, person), ""
    with runtime.database.write() as connection:
        connection.execute(sa.update(person_links).values(valid_until=now() - timedelta(seconds=1)))
    other = add(runtime, name="Bo")
    gone = link(runtime, other)
    with runtime.database.write() as connection:
        disable_person(connection, other.id, by="tests")
    for token in (late, gone):
        answer = browser.post("/console/sign-in/link", data={"token": token}, headers=FROM_HERE)
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://localhost:8601"}],
)
def test_what_comes_from_elsewhere_is_refused(
    browser: TestClient, runtime: Runtime, headers: dict[str, str]
) -> None:
    person = add(runtime, Role.ADMIN)
    token = sign_in(browser, runtime, person)
    sent = {"name": "Eve", "roles": "admin", "csrf": token}
    assert browser.post("/console/people", data=sent, headers=headers).status_code == 403
    forged = {**headers, "x-csrf-token": token}
    assert browser.post("/v1/people", json={}, headers=forged).status_code == 403
    assert browser.post("/console/sign-in/link", data={"token": ""}, headers=headers).status_code == 403


def test_forms_and_scripts_carry_the_sessions_token(browser: TestClient, runtime: Runtime) -> None:
    token = sign_in(browser, runtime, add(runtime, Role.ADMIN))
    bo = {"name": "Bo", "roles": ["reviewer"]}
    for wrong in ({}, {"x-csrf-token": ""}, {"x-csrf-token": "0" * 64}):
        assert browser.post("/v1/people", json=bo, headers={**FROM_HERE, **wrong}).status_code == 403
        form = {**bo, "csrf": next(iter(wrong.values()), "")}
        assert browser.post("/console/people", data=form, headers=FROM_HERE).status_code == 403
    right = {**FROM_HERE, "x-csrf-token": token}
    assert browser.post("/v1/people", json=bo, headers=right).status_code == 201
    form = {"name": "Cy", "roles": ["lead"], "csrf": token}
    assert "sign-in/link#" in browser.post("/console/people", data=form, headers=FROM_HERE).text
    listed = browser.get("/v1/people").json()["items"]
    assert [one["name"] for one in listed] == ["Ana Ruiz", "Bo", "Cy"]


def test_the_console_answers_under_its_own_name_only(browser: TestClient, runtime: Runtime) -> None:
    sign_in(browser, runtime, add(runtime))
    cookie = {"cookie": f"holdfast-session={browser.cookies['holdfast-session']}"}
    for host in ("evil.example", "localhost.evil.example:8600", "[::1"):
        answer = browser.get("/console/account", headers={"host": host, **cookie})
        assert answer.status_code == 421, host
        assert browser.get("/v1/banks", headers={"host": host, **cookie}).status_code == 421


def test_by_address_the_sign_in_leads_to_the_name(browser: TestClient) -> None:
    for host in ("127.0.0.1:8600", "[::1]:8600"):
        answer = browser.get("/console/sign-in?next=/console/people", headers={"host": host})
        assert answer.headers["location"] == f"{ORIGIN}/console/sign-in?next=%2Fconsole%2Fpeople"


def test_what_takes_content_in_as_it_comes_needs_the_header(browser: TestClient, runtime: Runtime) -> None:
    token = sign_in(browser, runtime, add(runtime, Role.LEAD))
    sent = {"files": {"file": ("x", b"x")}, "data": {"csrf": token}}
    assert browser.post("/v1/screen/form", **sent, headers=FROM_HERE).status_code == 403  # type: ignore[arg-type]
    answer = browser.post("/v1/screen/form", **sent, headers={**FROM_HERE, "x-csrf-token": token})  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text


def test_a_session_ends_when_it_is_idle_over_or_signed_out(browser: TestClient, runtime: Runtime) -> None:
    person = add(runtime)

    def change(**values: object) -> None:
        with runtime.database.write() as connection:
            connection.execute(sa.update(sessions).values(**values))

    sign_in(browser, runtime, person)
    change(seen_at=now() - timedelta(minutes=29))
    assert browser.get("/console/account").status_code == 200  # and is seen again
    change(seen_at=now() - timedelta(minutes=31))
    assert browser.get("/console/account").status_code == 303
    sign_in(browser, runtime, person)
    change(expires_at=now() - timedelta(seconds=1))
    assert browser.get("/console/account").status_code == 303
    token = sign_in(browser, runtime, person)
    kept = browser.cookies["holdfast-session"]
    answer = browser.post("/console/sign-out", data={"csrf": token}, headers=FROM_HERE)
    assert answer.headers["location"] == "/console/sign-in" and "storage" in answer.headers["clear-site-data"]
    browser.cookies.set("holdfast-session", kept)
    assert browser.get("/console/account").status_code == 303
    assert browser.get("/v1/banks").status_code == 401


def test_signing_in_again_ends_the_session_before(browser: TestClient, runtime: Runtime) -> None:
    person = add(runtime)
    sign_in(browser, runtime, person)
    before = browser.cookies["holdfast-session"]
    sign_in(browser, runtime, person)
    assert browser.cookies["holdfast-session"] != before
    browser.cookies.clear()
    browser.cookies.set("holdfast-session", before)
    assert browser.get("/console/account").status_code == 303


def test_roles_count_from_the_next_request_on(browser: TestClient, runtime: Runtime) -> None:
    person = add(runtime, Role.AUDITOR)
    sign_in(browser, runtime, person)
    assert browser.get("/console/people").status_code == 200
    with runtime.database.write() as connection:
        set_roles(connection, person.id, [Role.REVIEWER], by="tests")
    assert browser.get("/console/people").status_code == 403
    with runtime.database.write() as connection:
        disable_person(connection, person.id, by="tests")
    assert browser.get("/console/account").status_code == 303


def test_sessions_elsewhere_are_listed_and_ended(browser: TestClient, runtime: Runtime) -> None:
    person = add(runtime)
    sign_in(browser, runtime, person)
    first = browser.cookies["holdfast-session"]
    browser.cookies.clear()
    token = sign_in(browser, runtime, person)
    page = browser.get("/console/account").text
    assert page.count("203.0.113.9") >= 2
    (other,) = re.findall(r'name="session" value="([0-9a-z]{12})"', page)
    stranger = add(runtime, name="Bo")
    ended = browser.post(
        "/console/account/sessions/end", data={"csrf": token, "session": other}, headers=FROM_HERE
    )
    assert ended.status_code == 303
    browser.cookies.set("holdfast-session", first)
    with runtime.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(sessions)).scalar_one() == 1
        actions = [entry.action for entry in audit.read(connection, actor=person.subject)]
    assert actions == ["session.start", "session.start", "session.end"]
    assert stranger.subject != person.subject


def test_an_administrator_does_not_change_themselves(browser: TestClient, runtime: Runtime) -> None:
    person = add(runtime, Role.ADMIN)
    token = sign_in(browser, runtime, person)
    for path, more in (("roles", {"roles": "lead"}), ("disable", {})):
        sent = {"csrf": token, "person": person.id, **more}
        answer = browser.post(f"/console/people/{path}", data=sent, headers=FROM_HERE)
        assert answer.status_code == 422 and "Nobody changes their own" in answer.text


def test_where_to_go_after_signing_in_is_always_here(browser: TestClient, runtime: Runtime) -> None:
    add(runtime)
    for wanted, expected in (
        ("/console/cases/17?x=1", "/console/cases/17?x=1"),
        ("//evil.example", "/console"),
        ("https://evil.example/console", "/console"),
        ("/console\\evil", "/console"),
        ("/console/sign-in", "/console"),
        ("/v1/keys", "/console"),
    ):
        page = browser.get("/console/sign-in", params={"next": wanted}).text
        assert f'data-next="{expected}"' in page, wanted


def test_every_page_forbids_storing_framing_and_inline_code(browser: TestClient, runtime: Runtime) -> None:
    add(runtime)
    for path in ("/console/sign-in", "/console/sign-in/link"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script(?![^>]* src=)|<style|\son[a-z]+=|style=", answer.text)
    static = browser.get("/console/static/console.css")
    assert static.headers["cache-control"] == "no-cache" and static.headers["content-type"].startswith(
        "text/css"
    )
    unchanged = {"if-none-match": static.headers["etag"]}
    assert browser.get("/console/static/console.css", headers=unchanged).status_code == 304
    for name in ("../render.py", "..%2frender.py", "", "no.css", "js"):
        assert browser.get(f"/console/static/{name}").status_code in (303, 404), name


def test_failed_tries_are_held_back_by_address(browser: TestClient, runtime: Runtime) -> None:
    add(runtime)
    statuses = [
        browser.post("/console/sign-in/link", data={"token": "x"}, headers=FROM_HERE).status_code
        for _ in range(32)
    ]
    assert statuses[0] == 401 and statuses[-1] == 429
    assert browser.get("/console/sign-in").status_code == 200
