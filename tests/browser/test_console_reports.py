"""A report in a real browser: the form, what is missing, the exact document, approval, countdown, its end."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from holdfast.access.people import Person
from holdfast.access.roles import Role
from holdfast.records.tables.review import cases
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.sources import draft_case
from holdfast.review.deciding import decide
from holdfast.review.labels import annotate_case
from holdfast.review.leases import take
from holdfast.review.settling import settle
from holdfast.review.words import INCIDENT_TYPES
from tests.browser.conftest import Visit
from tests.browser.test_console_pages import look_at
from tests.console.serving import Console


@pytest.fixture(scope="module")
def lead(console: Console) -> Person:
    return console.add("Kofi Mensah", Role.LEAD)


@pytest.fixture(scope="module")
def draft(console: Console, lead: Person) -> int:
    """The number of a draft, made of a case that somebody decided to report."""
    runtime, by = console.runtime, lead.subject
    at_once = replace(runtime.review, undo_s=0.0)
    with runtime.database.write() as connection:
        case = connection.scalar(sa.select(cases.c.id).where(cases.c.account == "user-0815"))
        assert case is not None
        fence = take(connection, case, by, at_once).fence
        said = INCIDENT_TYPES[0]
        annotate_case(connection, case, person=by, fence=fence, incident_type=said)
        decision = decide(
            connection, case, person=by, fence=fence, version=1, outcome="report", reason="x", rules=at_once
        )
        settle(connection, decision.id, at_once)
    return draft_case(runtime.database, runtime.desk, runtime.contents, case, by=by)[0].id


def test_a_report_is_read_completed_approved_and_cancelled(
    console: Console, visit: Visit, lead: Person, draft: int
) -> None:
    page = visit(lead)
    page.goto("/console/reports")
    page.get_by_role("link", name="Case").first.click()
    page.get_by_text("No e-mail address of the person").wait_for()
    assert page.locator("[name=esp_identifier]").input_value() == "user-0815"
    page.get_by_text("The document as it would be sent").click()
    assert "<report" in (page.locator("pre.xml").text_content() or "")
    assert page.get_by_text("Not viewed in full by the company.").count() == 1
    assert look_at(page, f"/console/reports/{draft}") == []

    page.locator("[name=emails]").fill("kim@example.org")
    with page.expect_navigation():
        page.get_by_role("button", name="Save changes").click()
    assert page.get_by_text("No e-mail address of the person").count() == 0

    page.locator("h1").click()
    page.keyboard.press("Enter")
    page.wait_for_url("**/approve")
    page.get_by_text("TEST: nothing is filed with NCMEC").wait_for()
    page.keyboard.press("y")
    page.wait_for_url(f"**/console/reports/{draft}")
    page.get_by_text("Filing opens in").wait_for()
    with console.runtime.database.read() as connection:
        approved = rows.get(connection, draft)
    assert (approved.state, approved.approved_by) == ("holding", lead.subject)

    page.get_by_text("Cancel the report").first.click()
    page.locator("[name=reason]").fill("Not yet.")
    with page.expect_navigation():
        page.get_by_role("button", name="Cancel the report").click()
    page.get_by_text("Cancelled").wait_for()
    with console.runtime.database.read() as connection:
        assert rows.get(connection, draft).state == "cancelled"


def test_who_may_not_approve_is_not_offered_it(console: Console, visit: Visit, draft: int) -> None:
    page = visit(console.add("Ana Ruiz", Role.REVIEWER))
    page.goto(f"/console/reports/{draft}")
    assert page.get_by_text("To the approval").count() == 0
    answer = page.goto(f"/console/reports/{draft}/approve")
    assert answer is not None and answer.status == 403
    page.get_by_text("Your roles do not open this").wait_for()
