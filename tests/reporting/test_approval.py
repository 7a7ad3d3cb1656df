"""Approval: one person or two, the hold, cancelling, imminent danger; then the hand-over, exactly once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from holdfast.errors import ConflictError, NotAllowedError, UsageError
from holdfast.records import events
from holdfast.records.audit import read as read_audit
from holdfast.records.tables.base import now
from holdfast.records.tables.drafts import report_drafts
from holdfast.records.tables.filings import filing_attempts
from holdfast.reporting.drafts.approval import approve, cancel, edit
from holdfast.reporting.drafts.models import Draft, State
from holdfast.reporting.drafts.sending import due, raise_late, send, send_due
from holdfast.review.clocks import set_imminent
from tests.reporting.drafting import ANA, BEA, RULES, Office, make_office
from tests.reporting.world import World


@pytest.fixture
def office(world: World) -> Office:
    return make_office(world, hold_s=3600.0)


def drafted(office: Office, account: str = "user-1") -> Draft:
    case = office.upload(account.encode(), account=account)
    office.decide(case)
    return office.one(case)


def approved(office: Office, draft: Draft, by: str = ANA) -> Draft:
    with office.world.database.write() as connection:
        return approve(connection, office.desk, draft.id, version=draft.version, by=by)


def let_hold_pass(office: Office, draft: Draft) -> None:
    past = now() - timedelta(seconds=1)
    with office.world.database.write() as connection:
        connection.execute(
            sa.update(report_drafts).where(report_drafts.c.id == draft.id).values(hold_until=past)
        )


def test_the_hold_is_wholly_before_anything_is_opened(office: Office) -> None:
    draft = approved(office, drafted(office))
    assert draft.state is State.HOLDING and 3500 < draft.hold_left_s(now()) <= 3600
    assert send_due(office.world.database, office.desk) == 0
    office.world.work()
    assert office.world.stand_in.desk.reports() == []
    with office.world.database.write() as connection:
        with pytest.raises(ConflictError, match="not due"):
            send(connection, office.desk, draft.id)
        cancelled = cancel(connection, office.desk, draft.id, by=BEA, reason="wrong account")
    assert cancelled.state is State.CANCELLED and cancelled.reason == "wrong account"
    let_hold_pass(office, draft)
    assert send_due(office.world.database, office.desk) == 0
    with office.world.database.read() as connection:
        assert connection.execute(sa.select(filing_attempts)).all() == []


def test_after_the_hold_it_is_filed_once(office: Office) -> None:
    draft = approved(office, drafted(office))
    let_hold_pass(office, draft)
    assert send_due(office.world.database, office.desk) == 1
    assert send_due(office.world.database, office.desk) == 0
    office.world.work()
    sent = office.get(draft.id)
    assert sent.state is State.SENT and sent.filing_id is not None
    assert len(office.world.stand_in.desk.finished()) == 1
    destination = office.desk.destinations.get(sent.destination)
    with office.world.database.read() as connection:
        receipt = destination.receipt(connection, sent.filing_id)
    assert receipt is not None and receipt.body is not None and b"NOT FILED" in receipt.body
    with office.world.database.write() as connection, pytest.raises(ConflictError):
        cancel(connection, office.desk, draft.id, by=ANA, reason="too late")


def test_two_people_where_the_rules_ask(world: World) -> None:
    office = make_office(world, two_people=True)
    asked = approved(office, drafted(office))
    assert asked.state is State.ASKED and asked.asked_by == ANA
    with office.world.database.read() as connection:
        assert due(connection) == []
    for by in (ANA, "key:anas-own", "local:ana"):
        with pytest.raises(NotAllowedError, match="second person"):
            approved(office, asked, by=by)
    held = approved(office, office.get(asked.id), by=BEA)
    assert held.state is State.HOLDING and (held.asked_by, held.approved_by) == (ANA, BEA)
    with pytest.raises(ConflictError, match="approved already"):
        approved(office, held, by=BEA)


def test_a_change_takes_the_approval_with_it(office: Office) -> None:
    draft = approved(office, drafted(office))
    content = office.content(draft)
    report = content.report.model_copy(update={"additional_info": "one more thing"})
    with office.world.database.write() as connection:
        changed = edit(
            connection,
            office.desk,
            draft.id,
            content.model_copy(update={"report": report}),
            version=draft.version,
            by=BEA,
        )
    assert changed.state is State.DRAFT and changed.approved_by is None and changed.hold_until is None


def test_imminent_danger_goes_at_once_by_the_decision_itself(world: World) -> None:
    office = make_office(world, hold_s=3600.0, two_people=True)
    case = office.upload()
    with world.database.write() as connection:
        set_imminent(connection, case, by=ANA, rules=RULES)
    office.decide(case)
    draft = office.one(case)
    assert draft.state is State.HOLDING and draft.approved_by == ANA and draft.is_imminent
    assert draft.deadline_at is not None and draft.deadline_at < now() + timedelta(hours=1, minutes=1)
    assert send_due(world.database, office.desk) == 1
    world.work()
    (report,) = world.stand_in.desk.finished()
    assert b"escalateToHighPriority" in report.xml


def test_the_most_urgent_goes_first(world: World) -> None:
    office = make_office(world)
    calm = approved(office, drafted(office))
    case = office.upload(b"urgent", account="user-9")
    with world.database.write() as connection:
        set_imminent(connection, case, by=ANA, rules=RULES)
    office.decide(case)
    urgent = office.one(case)
    with world.database.read() as connection:
        assert due(connection) == [urgent.id, calm.id]


def test_a_report_that_waits_for_people_past_its_deadline_raises_an_alarm_again_and_again(
    office: Office,
) -> None:
    draft = drafted(office)
    with office.world.database.write() as connection:
        assert raise_late(connection) == []
        past = now() - timedelta(minutes=1)
        connection.execute(sa.update(report_drafts).values(deadline_at=past))
        assert raise_late(connection) == [draft.id]
        assert raise_late(connection) == []
        connection.execute(sa.update(report_drafts).values(late_told_at=now() - timedelta(hours=5)))
        assert raise_late(connection) == [draft.id]
    with office.world.database.read() as connection:
        assert len(events.read(connection, kinds=["report.late"])) == 2


def test_what_cannot_be_handed_over_is_late_once_its_hold_is_over(office: Office) -> None:
    draft = approved(office, drafted(office))
    with office.world.database.write() as connection:
        connection.execute(sa.update(report_drafts).values(deadline_at=now() - timedelta(minutes=1)))
        assert raise_late(connection) == []
    let_hold_pass(office, draft)
    elsewhere = make_office(office.world, environment="production", test_url=None)
    assert send_due(office.world.database, elsewhere.desk) == 0
    with office.world.database.write() as connection:
        assert raise_late(connection) == [draft.id]


def test_neither_a_damaged_report_nor_another_destination_s_holds_up_the_next(office: Office) -> None:
    damaged, whole = (approved(office, drafted(office, user)) for user in ("user-1", "user-2"))
    for one in (damaged, whole):
        let_hold_pass(office, one)
    with office.world.database.write() as connection:
        this = report_drafts.c.id == damaged.id
        connection.execute(sa.update(report_drafts).where(this).values(sealed_content=b"damaged"))
        assert due(connection, ["cybertipline-production"]) == []
        assert due(connection, ["cybertipline-test"], limit=1) == [damaged.id]
    assert send_due(office.world.database, office.desk) == 1
    assert office.get(whole.id).state is State.SENT and office.get(damaged.id).state is State.HOLDING


def test_every_step_is_an_event_and_what_people_do_an_audit_line(office: Office) -> None:
    draft = approved(office, drafted(office))
    with office.world.database.write() as connection:
        cancel(connection, office.desk, draft.id, by=BEA, reason="wrong account")
        with pytest.raises(UsageError):
            cancel(connection, office.desk, draft.id, by=BEA, reason=" ")
    told = [kind for kind in office.world.events() if kind.startswith("report.")]
    assert told == ["report.drafted", "report.approved", "report.cancelled"]
    with office.world.database.read() as connection:
        lines = [
            (one.actor, one.action) for one in read_audit(connection) if one.target == f"report:{draft.id}"
        ]
    assert lines == [("worker", "report.draft"), (ANA, "report.approve"), (BEA, "report.cancel")]


def test_a_report_for_the_test_service_is_not_sent_to_production(office: Office) -> None:
    draft = approved(office, drafted(office))
    let_hold_pass(office, draft)
    production = make_office(office.world, environment="production", test_url=None)
    assert send_due(office.world.database, production.desk) == 0
    assert office.get(draft.id).state is State.HOLDING
