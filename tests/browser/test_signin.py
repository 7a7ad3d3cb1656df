"""Signing in with real Chromium: one-time link, passkey made and used, wrong device, sign-out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from holdfast.access.links import make_link
from holdfast.access.roles import Role
from holdfast.records import audit
from holdfast.records.tables.people import passkeys
from tests.browser.test_demo_page import browser_page
from tests.console.serving import Console, serve_console

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["browser_page"]


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with serve_console(tmp_path) as running:
        yield running


class Device:
    """A virtual authenticator of the browser; ``verifies`` is whether its user passes its check."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._id = {"authenticatorId": made["authenticatorId"]}

    def verifies(self, passes: bool) -> None:
        self._session.send("WebAuthn.setUserVerified", {**self._id, "isUserVerified": passes})

    def credentials(self) -> list[dict[str, Any]]:
        found: dict[str, Any] = self._session.send("WebAuthn.getCredentials", self._id)
        return list(found["credentials"])

    def replace(self, credential: dict[str, Any]) -> None:
        self._session.send("WebAuthn.clearCredentials", self._id)
        self._session.send("WebAuthn.addCredential", {**self._id, "credential": credential})


def enter_by_link(page: Page, console: Console, name: str) -> str:
    person = console.add(name, Role.ADMIN)
    with console.runtime.database.write() as connection:
        token = make_link(connection, person.id, by="tests", minutes=5)
    page.goto(f"{console.url}/console/sign-in/link#{token}")
    assert token not in page.evaluate("location.href + JSON.stringify(history.state)")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/account?new=1")
    return person.subject


def sign_out(page: Page) -> None:
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/console/sign-in")


def test_a_person_comes_by_link_makes_a_passkey_and_signs_in_with_it(
    browser_page: Page, console: Console
) -> None:
    page, problems = browser_page, []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    device = Device(page)
    subject = enter_by_link(page, console, "Ana Ruiz")
    page.get_by_label("What to call it").fill("office laptop")
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_role("rowheader", name="office laptop").wait_for()
    sign_out(page)

    page.goto(f"{console.url}/console/people")
    page.wait_for_url("**/console/sign-in?next=/console/people")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{console.url}/console/people")
    assert "Ana Ruiz" in page.locator("main").inner_text()
    cookie = next(one for one in page.context.cookies() if one["name"] == "holdfast-session")
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    assert page.evaluate("document.cookie") == ""
    sign_out(page)

    device.verifies(False)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.locator("[data-passkey-told]:not([hidden])").wait_for()
    device.verifies(True)
    (copy,) = device.credentials()
    device.replace({**copy, "signCount": 0})  # a copy that was made when it was new
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("Nobody was signed in").wait_for()

    with console.runtime.database.read() as connection:
        actions = [entry.action for entry in audit.read(connection, actor=subject)]
        counts = list(connection.execute(sa.select(passkeys.c.sign_count, passkeys.c.last_used_at)))
    assert actions == ["session.start", "passkey.add", "session.end", "session.start", "session.end"]
    assert len(counts) == 1 and counts[0].sign_count >= 1 and counts[0].last_used_at is not None
    assert [one for one in problems if "401" not in one] == []


def test_pages_of_signing_in_and_of_people_are_accessible(browser_page: Page, console: Console) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page, axe = browser_page, Axe()
    wanted = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

    def check(path: str, *, scheme: str) -> None:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # light or dark
        page.goto(f"{console.url}{path}")
        found = axe.run(page, options=wanted)
        assert found.violations_count == 0, found.generate_report()
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, f"{path} is {width} pixels too wide"

    check("/console/sign-in", scheme="light")  # nobody was added yet
    console.add("Bo " + "Long" * 40, Role.REVIEWER, Role.LEAD)
    for path in ("/console/sign-in", "/console/sign-in/link#x"):
        check(path, scheme="dark")
    enter_by_link(page, console, "Ana Ruiz")
    pages = ("/console/account?new=1", "light"), ("/console/audit", "light"), ("/console/people", "dark")
    for path, scheme in pages:
        check(path, scheme=scheme)
    page.get_by_label("Name").fill("Cy")
    page.get_by_role("button", name="Add, and make a link").click()
    assert "/console/sign-in/link#" in page.locator("[data-link-shown]").inner_text()
    assert axe.run(page, options=wanted).violations_count == 0
