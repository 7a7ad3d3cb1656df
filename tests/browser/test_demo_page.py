"""The demo's page in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from holdfast.bench.demo import DemoRow
from holdfast.bench.demo_page import write_page
from tests.databases import missing
from tests.pictures import encoded, picture

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
def browser_page() -> Iterator[Page]:
    """A page of headless Chromium; the test is skipped, or fails in CI, where there is none."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        missing("needs the browser Chromium (on Debian: apt-get install chromium)")
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


def _row(file: Path, outcome: str, expected: str) -> DemoRow:
    found = outcome == "match"
    return DemoRow(
        file=str(file),
        edit="mirrored",
        expected=expected,
        outcome=outcome,
        decision="held for a person" if found else "allowed",
        label=expected if found else "",
        distance=4 if found else None,
        view="mirrored" if found else "",
        reason="",
        detail="",
        time_ms=1.0,
    )


def test_pairs_are_shown_with_their_distances(browser_page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("cat", "cat-mirrored", "dog <i>"):
        (folder / f"{name}.jpg").write_bytes(encoded(picture(len(name), 200, 150)))
    rows = [_row(folder / "cat-mirrored.jpg", "match", "cat"), _row(folder / "dog <i>.jpg", "no_match", "")]
    page = write_page(tmp_path, rows)
    problems: list[str] = []
    browser_page.on("pageerror", lambda error: problems.append(str(error)))
    browser_page.on("requestfailed", lambda request: problems.append(request.url))
    browser_page.goto(page.as_uri())
    assert browser_page.title() == "Holdfast demo"
    assert browser_page.locator("figure").count() == 2
    assert browser_page.get_by_text("match, 4 bits apart").is_visible()
    assert browser_page.get_by_text("mirrored; held for a person").is_visible()
    for image in browser_page.locator("img").all():
        image.scroll_into_view_if_needed()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 200
        assert image.get_attribute("alt")
    wide = browser_page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide and problems == []
