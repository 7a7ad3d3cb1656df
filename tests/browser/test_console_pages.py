"""Every page in a real browser: axe on WCAG 2.2 AA, no page wider than its window, keys, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from holdfast.access.people import Person
from holdfast.access.roles import Role
from holdfast.review.notices import FORM, get_notice
from tests.browser.conftest import Visit
from tests.console.serving import Console

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES: dict[str, Any] = {"runOnly": {"type": "tag", "values": ALL}, "resultTypes": ["violations"]}
CONTRAST: dict[str, Any] = {
    "runOnly": {"type": "rule", "values": ["color-contrast"]},
    "resultTypes": ["violations"],
}
PAGES = (
    "/console",
    "/console/queue",
    "/console/cases/1",
    "/console/cases/2",
    "/console/cases/4",
    "/console/approvals",
    "/console/appeals",
    "/console/second-reviews",
    "/console/destructions",
    "/console/originals",
    "/console/reports",
    "/console/lists",
    "/console/lists/TRUSTED_LIST",
    "/console/lists/TRUSTED_LIST/1",
    "/console/people",
    "/console/health",
    "/console/numbers",
    "/console/search?q=user",
    "/console/settings",
    "/console/account",
    "/console/nothing-of-that-name",
)
# The second is a window of 1280 x 720 at 200 % (WCAG 2.2, 1.4.10); pages are opened in the last.
SIZES: tuple[ViewportSize, ...] = (
    {"width": 1440, "height": 900},
    {"width": 640, "height": 360},
    {"width": 1280, "height": 720},
)
PUBLIC = ("/notice", "/appeal", "/console/sign-in")


@pytest.fixture(scope="module")
def lead(console: Console) -> Person:
    return console.add("María del Carmen Aguirre-Etxeberria y Fernández de la Vega", Role.LEAD, Role.ADMIN)


def is_wider(page: Page, size: ViewportSize) -> bool:
    page.set_viewport_size(size)
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def look_at(page: Page, path: str, rules: dict[str, Any] = RULES) -> list[str]:
    """What is wrong with a page: axe's violations, and a width beyond the window's."""
    from axe_playwright_python.sync_playwright import Axe

    page.goto(path)
    found = Axe().run(page, options=rules).response["violations"]
    said = [
        f"{path}: {one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found
    ]
    said += [f"{path} is wider than its window, {size}" for size in SIZES if is_wider(page, size)]
    return said


def test_pages_are_accessible(visit: Visit, lead: Person) -> None:
    page = visit(lead, viewport={"width": 1280, "height": 720})
    page.goto("/console/cases/1")
    with page.expect_navigation():
        page.get_by_role("button", name="Take this case").click()
    assert [problem for path in PAGES for problem in look_at(page, path)] == []


def test_dark_colours_have_their_contrast(visit: Visit, lead: Person) -> None:
    page = visit(lead, color_scheme="dark", viewport={"width": 1280, "height": 720})
    paths = (
        "/console",
        "/console/queue",
        "/console/cases/1",
        "/console/lists",
        "/console/health",
        "/console/numbers",
    )
    assert [problem for path in paths for problem in look_at(page, path, CONTRAST)] == []


def test_public_pages_are_accessible(visit: Visit) -> None:
    page = visit(locale="es-ES")
    assert [problem for path in PUBLIC for problem in look_at(page, path)] == []


def test_keys_are_told_and_can_be_changed(visit: Visit, lead: Person) -> None:
    page = visit(lead)
    page.goto("/console/settings")
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("Hide everything").wait_for()
    page.keyboard.press("Escape")
    page.locator("[name=next]").fill("x")
    page.locator("[name=pause]").fill("x")
    page.locator("[data-keys-form] .main").click()
    page.get_by_text("would do two things").wait_for()
    page.locator("[name=pause]").fill("p")
    with page.expect_navigation():
        page.locator("[data-keys-form] .main").click()
    page.goto("/console/queue")
    assert page.locator("[data-key-of=next]").first.text_content() == "x"
    page.keyboard.press("n")  # no longer a key
    with page.expect_navigation():
        page.keyboard.press("x")
    assert "/console/cases/" in page.url


def test_a_notice_needs_no_script_and_no_account(visit: Visit, console: Console) -> None:
    page = visit(java_script_enabled=False, locale="es-ES")
    page.goto("/notice")
    assert page.locator("[type=file]").count() == 0
    page.locator("main button").click()
    page.locator("[value=survivor]").check()
    page.locator("main button").click()
    page.get_by_text("No se ha enviado nada.").wait_for()  # it must be said where, or what
    assert page.locator("[value=survivor]").is_checked()
    page.locator("[name=where]").fill("https://example.org/p/1\npost/1")
    page.locator("main button").click()
    number = page.locator(".figure").text_content()
    with console.runtime.database.read() as connection:
        notice = get_notice(connection, str(number))
    assert (notice.kind, notice.received_by, notice.content_references) == ("survivor", FORM, ["post/1"])
    page.goto("/appeal")
    page.locator("[name=account]").fill("nobody-of-that-name")
    page.locator("[name=text]").fill("Fue un error.")
    page.locator("main button").click()
    page.get_by_text("Ha llegado.").wait_for()  # the same whether or not anything was decided


def test_language_and_colours_are_kept(visit: Visit, console: Console) -> None:
    page = visit(console.add("Otra Persona", Role.REVIEWER))
    page.goto("/console/settings")
    page.locator("[name=language]").select_option("es")
    page.locator("[name=theme]").select_option("dark")
    with page.expect_navigation():
        page.locator("form[action$=look] .main").click()
    html = page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("data-theme")) == ("es", "dark")


def test_the_queue_is_narrowed_without_a_new_page(visit: Visit, lead: Person) -> None:
    page = visit(lead)
    page.goto("/console/queue")
    rows = page.locator("#rows tbody tr")
    assert rows.count() >= 1
    page.locator("[name=kind]").select_option("text")
    page.get_by_text("No case is like that.").wait_for()
