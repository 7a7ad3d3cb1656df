"""A case from the queue to the second person's word, in a real browser; and what the ledger says of it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from holdfast.access.links import make_link
from holdfast.access.people import Person
from holdfast.access.roles import Role
from holdfast.records import audit
from holdfast.records.tables.review import case_items, cases
from holdfast.review.ledger import views_of_items
from holdfast.review.wellness import exposure_today
from tests.browser.conftest import Visit
from tests.console.serving import Console
from tests.pictures import encoded, picture

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response


@pytest.fixture(scope="module")
def reviewer(console: Console) -> Person:
    return console.add("Ana Ruiz", Role.REVIEWER)


@pytest.fixture(scope="module")
def lead(console: Console) -> Person:
    return console.add("Kofi Mensah", Role.LEAD)


def sharpness(body: bytes) -> float:
    """Mean difference of neighbouring pixels: what edges a picture has, at 200 pixels width."""
    grey = Image.open(io.BytesIO(body)).convert("L").resize((200, 150))
    return float(np.abs(np.diff(np.asarray(grey, float), axis=1)).mean())


def item_of(console: Console, account: str, number: int) -> tuple[int, str]:
    """The case of an account and the vault's id of its ``number``-th file."""
    query = sa.select(case_items.c.case_id, case_items.c.item_id).join(
        cases, cases.c.id == case_items.c.case_id
    )
    with console.runtime.database.read() as connection:
        rows = connection.execute(query.where(cases.c.account == account).order_by(case_items.c.id)).all()
    return int(rows[number].case_id), str(rows[number].item_id)


def decoded(page: Page, selector: str) -> None:
    """Waits until the first picture of that selector is on the page."""
    page.locator(selector).first.evaluate("(image) => image.decode()")


def take(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Take this case").click()


def hold(page: Page, ms: int) -> None:
    """The key is held until the file is on the page, and then so long."""
    page.keyboard.down("h")
    page.locator("[data-current] [data-shown] img").wait_for(state="visible")
    decoded(page, "[data-shown] img")
    page.wait_for_timeout(ms)  # how long a person looks: the thing that is measured
    page.keyboard.up("h")
    page.locator("[data-current] [data-shown]").wait_for(state="hidden")


def test_from_the_queue_to_the_second_person(
    console: Console, visit: Visit, reviewer: Person, lead: Person
) -> None:
    page = visit()
    with console.runtime.database.write() as connection:
        token = make_link(connection, reviewer.id, by="tests", minutes=5)
    seen: list[Response] = []
    page.on("response", lambda answer: seen.append(answer))  # noqa: PLW0108  (Playwright marks functions)
    page.goto(f"/console/sign-in/link#{token}")
    page.get_by_role("button").last.click()
    page.wait_for_url("**/console/account*")
    page.goto("/console")
    page.keyboard.press("n")
    page.wait_for_url("**/console/cases/*")

    # Before the reveal: only blurred, grey, small pictures came, and nothing else of the files.
    page.locator("[data-blurred]").first.wait_for()
    decoded(page, "[data-blurred]")
    shown = [answer for answer in seen if answer.headers.get("content-type", "").startswith("image/png")]
    assert shown and all("/blurred" in answer.url for answer in shown)
    for answer in shown:
        small = Image.open(io.BytesIO(answer.body()))
        assert small.mode == "L" and max(small.size) <= 240
        assert sharpness(answer.body()) < sharpness(encoded(picture(1))) / 3
    assert not any("/look" in answer.url or "/original" in answer.url for answer in seen)
    assert all(
        answer.headers["cache-control"] == "no-store" for answer in seen if "/static/" not in answer.url
    )

    # A look, a label kept at once, then the full view with the person's word for it.
    hold(page, 200)
    page.keyboard.press("2")
    page.locator("[data-current] [data-keep-told]").get_by_text("Saved.").wait_for()
    page.keyboard.press("f")
    hold(page, 1300)
    page.locator("[data-current] [data-attest]").click()
    page.get_by_text("Recorded: viewed in full by you.").wait_for()
    case_id, item_id = item_of(console, "user-4711", 0)
    with console.runtime.database.read() as connection:
        views = views_of_items(connection, [item_id])[item_id]
        day = exposure_today(connection, reviewer.subject)
        said = [(one.action, one.target) for one in audit.read(connection) if one.actor == reviewer.subject]
    assert views.full_viewers == (reviewer.subject,) and day.items == 1 and day.shown_ms >= 1400
    fidelities = {one.fidelity for one in views.served}
    assert fidelities == {"blur6-grey-small", "blur0-grey-small", "original"}
    original = next(one for one in views.served if one.fidelity == "original")
    assert (original.first_byte, original.end_byte) == (0, original.total_bytes)
    assert said.count(("media.reveal", f"item:{item_id}")) == 2
    assert ("media.attest", f"item:{item_id}") in said and ("case.label", f"case:{case_id}") in said

    # The others are no match: cleared from a trusted list, so that it takes a second person.
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("0")
        page.locator("[data-current] [name=not_a_match]").select_option("different_content")
        page.locator("[data-current] [data-keep-told]").get_by_text("Saved.").wait_for()
        page.locator("h1").click()
    page.locator("[name=outcome][value=report]").check()
    page.locator("[name=reason]").fill("The first is known, the others are not.")
    page.locator("h1").click()
    page.keyboard.press("Enter")
    page.wait_for_url("**/confirm")
    page.keyboard.press("Enter")  # confirms nothing
    assert page.url.endswith("/confirm")
    page.keyboard.press("y")
    page.wait_for_url(f"**/console/cases/{case_id}")
    page.get_by_text("A second person must confirm it.").wait_for()

    second = visit(lead)
    second.goto(f"/console/cases/{case_id}")
    second.keyboard.press("Enter")
    second.wait_for_url("**/console/approvals/*")
    second.keyboard.press("y")
    second.wait_for_url(f"**/console/cases/{case_id}")
    with console.runtime.database.read() as connection:
        said = [(one.actor, one.action) for one in audit.read(connection) if one.target == f"case:{case_id}"]
    steps = [step for step in said if step[1] in ("case.decide", "approval.ask", "approval.approved")]
    assert steps == [
        (reviewer.subject, "approval.ask"),
        (reviewer.subject, "case.decide"),
        (lead.subject, "approval.approved"),
    ]
    second.keyboard.press("u")  # the time to undo runs
    second.get_by_text("Nobody holds it").wait_for()


def test_a_file_has_no_address_that_carries_a_right(
    console: Console, visit: Visit, reviewer: Person, lead: Person
) -> None:
    case_id, _ = item_of(console, "حساب-مستخدم", 0)
    page = visit(reviewer)
    page.goto(f"/console/cases/{case_id}")
    take(page)
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    hold(page, 50)
    look = next(url for url in addresses if "/look" in url)
    original = look.replace("/look", "/original")
    assert page.request.get(look).status == 200
    other = visit(lead)
    assert {other.request.get(url).status for url in (look, original)} == {403}
    stranger = visit()
    assert stranger.request.get(look, max_redirects=0).status == 303
    again = visit(reviewer)  # the same person, another session
    assert again.request.get(original).status == 403
    with page.expect_navigation():
        page.get_by_role("button", name="Hand back").click()
    assert page.request.get(original).status == 403


def test_what_is_shown_is_gone_when_the_window_is_left(console: Console, visit: Visit, lead: Person) -> None:
    case_id, item_id = item_of(console, "حساب-مستخدم", 0)
    page = visit(lead)
    page.goto(f"/console/cases/{case_id}")
    take(page)
    for leave in ("window.dispatchEvent(new Event('blur'))", None):
        page.keyboard.down("h")
        page.locator("[data-shown] img").wait_for(state="visible")
        if leave is None:
            page.keyboard.press("Escape")
        else:
            page.evaluate(leave)
        page.locator("[data-shown]").first.wait_for(state="hidden")
        assert page.locator("[data-shown] img").count() == 0
        page.keyboard.up("h")
    with console.runtime.database.read() as connection:
        views = views_of_items(connection, [item_id])[item_id]
    assert not views.viewed_in_full


def test_pause_hides_everything_and_hands_the_case_back(console: Console, visit: Visit, lead: Person) -> None:
    case_id, _ = item_of(console, "حساب-مستخدم", 0)
    page = visit(lead)
    page.goto(f"/console/cases/{case_id}")
    if page.get_by_role("button", name="Take this case").count():
        take(page)
    with page.expect_response("**/hand-back"):
        page.keyboard.press("p")
    page.get_by_text("Everything is hidden.").wait_for()
    assert not page.locator("main").is_visible()
    page.get_by_text("went back to the queue").wait_for()
    with console.runtime.database.read() as connection:
        assert connection.scalar(sa.select(cases.c.lease_owner).where(cases.c.id == case_id)) is None
