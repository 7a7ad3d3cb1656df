"""The console in a real browser: one server and one Chromium for the tests of a file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from holdfast.access.people import Person
from tests.console.serving import Console, serve_console
from tests.databases import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SETTINGS = {
    "console": {"public_forms": True},
    "review": {"undo_s": 3600},  # a busy machine may take longer than a minute from a decision to its undoing
    "reporting": {"reporter_email": "safety@example.org"},
}
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]


class Visit(Protocol):
    """A page of a new browser context, signed in where a person is given."""

    def __call__(self, person: Person | None = None, **options: Any) -> Page: ...


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Headless Chromium; the tests are skipped, or fail in CI, where there is none."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        missing("needs the browser Chromium (on Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS, timeout=180_000)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console with three pictures on a trusted list, and uploads of them and their copies in cases."""
    with serve_console(tmp_path_factory.mktemp("console"), **SETTINGS) as running:
        running.know([1, 2, 3])
        running.upload(1, "user-4711")
        running.upload(1, "user-4711", mirrored=True)
        running.upload(2, "user-4711")
        running.upload(2, "user-0815")
        running.upload(3, "حساب-مستخدم", name="très long " * 20 + ".jpg")
        running.upload(3, "x" * 200)
        yield running


@pytest.fixture
def visit(chromium: Browser, console: Console) -> Iterator[Visit]:
    """Opens pages. What a page's own scripts do wrong fails the test."""
    problems: list[str] = []
    with ExitStack() as opened:

        def open_page(person: Person | None = None, **options: Any) -> Page:
            sizes = {"viewport": {"width": 1440, "height": 900}, "base_url": console.url}
            context = chromium.new_context(**{**sizes, **options})
            context.set_default_timeout(120_000)
            opened.callback(context.close)
            if person is not None:
                context.add_cookies([console.cookie(person)])  # type: ignore[list-item]
            page = context.new_page()
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on(
                "console",
                lambda said: problems.append(said.text) if "Content Security" in said.text else None,
            )
            return page

        yield open_page
    assert problems == []
