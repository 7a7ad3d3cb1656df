"""Notices, appeals and clocks on both databases: what is acted on at once, what alarms, what is put right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.errors import ConflictError, NotAllowedError, UsageError
from holdfast.records import events
from holdfast.records.tables.base import now
from holdfast.records.tables.outbox import action_receipts
from holdfast.records.tables.review import approvals, cases
from holdfast.review.appeals import Appeal, add_appeal, get_appeal, overturn, uphold
from holdfast.review.by_rule import close_by_rule
from holdfast.review.cases import get_case
from holdfast.review.clocks import end_questions, raise_overdue, set_priority
from holdfast.review.clusters import avoided
from holdfast.review.deciding import approve, get_decision
from holdfast.review.figures import TechnologyFigures, errors_by_technology
from holdfast.review.notices import FORM, NewNotice, Notice, add_notice, close_notice, get_notice
from tests.review.conftest import ANA, BEA, LEA, World
from tests.review.test_deciding import decided, facts, settled, state_of


def tell(world: World, by: str = "key:platform", **said: object) -> Notice:
    new = NewNotice(**{"kind": "user", **said})  # type: ignore[arg-type]
    found: Notice = world.do(add_notice, new, by=by, sealer=world.sealer, rules=world.rules)
    return found


def asked_to_remove(world: World) -> list[str]:
    with world.database.read() as connection:
        return list(connection.scalars(sa.select(action_receipts.c.content_reference)))


def test_known_copies_are_acted_on_at_once(world: World) -> None:
    item = world.item(world.upload(b"one", reference="post/1"))
    with world.database.write() as connection:
        connection.execute(sa.delete(action_receipts))
    notice = tell(world, text="there", content_references=("post/1", "post/unknown"))
    assert (notice.known_copies, notice.case_id == item.case_id) == (1, False)
    assert asked_to_remove(world) == ["post/1"]
    by_digest = tell(world, hashes=(("sha256", sha256(b"one").digest()),))
    assert by_digest.known_copies == 1
    by_entry = tell(world, hashes=(("sha256", sha256(b"PLAIN").digest()),))
    assert by_entry.known_copies == 1
    assert asked_to_remove(world) == ["post/1"]  # it was asked for already
    assert tell(world, hashes=(("md5", bytes(16)),)).known_copies == 0
    with world.database.read() as connection:
        told = events.read(connection, kinds=["notice.received"])
        assert [one.facts["known_copies"] for one in told] == [1, 1, 1, 0]


def test_what_was_released_is_held_again_unless_a_person_cleared_it(world: World) -> None:
    item = world.item(world.upload())
    decided(world, world.take(item.case_id), "release", not_a_match="adult")
    settled(world)
    tell(world, content_references=("post/1",))
    assert state_of(world, item) == "released"


def test_the_form_opens_no_case_of_an_account_that_it_only_claims(world: World) -> None:
    world.upload()
    claimed = tell(world, by=FORM, text="look", account="user-1", imminent=True)
    known = tell(world, by="key:platform", text="look", account="user-1", imminent=True)
    found = tell(world, by=FORM, content_references=("post/1",))
    with world.database.read() as connection:
        assert get_case(connection, claimed.case_id).account is None
        assert get_case(connection, claimed.case_id).priority == 1
        assert get_case(connection, known.case_id).account == "user-1"
        assert get_case(connection, known.case_id).priority == 0
    assert found.case_id == known.case_id


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "stranger"},
        {},
        {"text": "x" * 10_001},
        {"hashes": (("md5", b"short"),)},
        {"hashes": (("crc", bytes(4)),)},
        {"content_references": ("x" * 256,)},
        {"text": "x", "language": "english"},
    ],
)
def test_what_is_no_notice_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        NewNotice(**{"kind": "user", **wrong})  # type: ignore[arg-type]


def test_a_decision_about_its_case_answers_a_notice(world: World) -> None:
    notice = tell(world, text="look", account="user-1")
    other = tell(world, text="again", account="user-2")
    decided(world, world.take(notice.case_id), "nothing")
    settled(world)
    world.do(close_notice, other.id, by=ANA, outcome="duplicate")
    with world.database.read() as connection:
        assert get_notice(connection, notice.reference).outcome == "no_action"
        assert get_notice(connection, other.id).outcome == "duplicate"
    with pytest.raises(ConflictError):
        world.do(close_notice, other.id, by=ANA, outcome="acted")


def appealed(world: World, account: str = "user-1") -> Appeal:
    found: Appeal = world.do(
        add_appeal, account=account, text="my garden", by="key:x", sealer=world.sealer, rules=world.rules
    )
    return found


def test_an_overturned_decision_on_a_trusted_list_waits_for_a_second_person(world: World) -> None:
    item = world.item(world.upload(trusted=True))
    decided(world, world.take(item.case_id), "hold", account_action="suspend")
    settled(world)
    appeal = appealed(world)
    given = {"statement": "We are sorry.", "not_a_match": "not_abuse", "rules": world.rules}
    with pytest.raises(NotAllowedError):
        world.do(overturn, appeal.id, person=ANA, **given)
    answer = world.do(overturn, appeal.id, person=BEA, **given)
    assert (answer.state, answer.account_action) == ("approval", "restore")
    with pytest.raises(ConflictError):
        world.do(uphold, appeal.id, person=LEA, statement="No.")
    with world.database.read() as connection:
        asked = connection.scalar(sa.select(approvals.c.id))
    world.do(approve, asked, person=LEA, verdict="approved")
    assert settled(world) == 1
    assert state_of(world, item) == "released"
    with world.database.read() as connection:
        assert get_appeal(connection, appeal.id).outcome == "overturned"
        assert get_decision(connection, appeal.decision_id).state == "overturned"
    assert facts(world, item.case_id).media[0].item.verdict == "dispute"
    day = timedelta(days=1)
    with world.database.read() as connection:
        (figures,) = errors_by_technology(connection, since=now() - day, until=now() + day)
    assert figures == TechnologyFigures("TRUSTED", "pdq", reviewed=1, upheld=0, disputed=1, reversed=1)


def test_a_refused_overturning_leaves_the_appeal_open(world: World) -> None:
    item = world.item(world.upload(trusted=True))
    decided(world, world.take(item.case_id), "hold")
    settled(world)
    appeal = appealed(world)
    given = {"statement": "We are sorry.", "not_a_match": "not_abuse", "rules": world.rules}
    world.do(overturn, appeal.id, person=BEA, **given)
    with world.database.read() as connection:
        asked = connection.scalar(sa.select(approvals.c.id))
    world.do(approve, asked, person=LEA, verdict="refused")
    assert state_of(world, item) == "held"
    whole = facts(world, item.case_id)
    assert (whole.case.state, whole.media[0].item.label, whole.media[0].item.verdict) == (
        "decided", None, "confirm",
    )  # fmt: skip
    assert world.do(uphold, appeal.id, person=BEA, statement="It stands.").outcome == "upheld"


def test_alarms_repeat_until_somebody_decides(world: World) -> None:
    item = world.item(world.upload(queue=4))
    assert world.do(raise_overdue, world.rules) == []
    world.do(set_priority, item.case_id, 1, by=ANA, rules=world.rules)
    late = sa.update(cases).values(due_at=now() - timedelta(minutes=1))
    with world.database.write() as connection:
        connection.execute(late)
    assert world.do(raise_overdue, world.rules) == [item.case_id]
    assert world.do(raise_overdue, world.rules) == []
    with world.database.write() as connection:
        connection.execute(sa.update(cases).values(alarmed_at=now() - timedelta(hours=5)))
    assert world.do(raise_overdue, world.rules) == [item.case_id]
    decided(world, world.take(item.case_id), "hold")
    with world.database.write() as connection:
        connection.execute(sa.update(cases).values(alarmed_at=None))
    assert world.do(raise_overdue, world.rules) == []


def test_a_question_that_nobody_answers_ends_and_the_case_is_open_again(world: World) -> None:
    item = world.item(world.upload(trusted=True))
    decision = decided(world, world.take(item.case_id), "release", not_a_match="adult")
    assert world.do(end_questions) == []
    with world.database.write() as connection:
        connection.execute(sa.update(approvals).values(expires_at=now() - timedelta(minutes=1)))
    assert world.do(end_questions) == [decision.id]
    with world.database.read() as connection:
        assert get_case(connection, item.case_id).state == "open"
        assert get_decision(connection, decision.id).state == "refused"


def test_one_approver_may_clear_alone_only_late_and_with_a_new_sign_in(
    with_rules: Callable[..., World],
) -> None:
    world = with_rules(single_approver=True)
    item = world.item(world.upload(trusted=True))
    decided(world, world.take(item.case_id), "release", not_a_match="adult")
    with world.database.read() as connection:
        asked = connection.scalar(sa.select(approvals.c.id))
    before = now()
    with pytest.raises(NotAllowedError, match="alone you may"):
        world.do(approve, asked, person=ANA, verdict="approved", signed_in_at=before)
    with world.database.write() as connection:
        connection.execute(sa.update(approvals).values(alone_after=before))
    for stale in (None, before - timedelta(minutes=1)):
        with pytest.raises(NotAllowedError, match="sign in once more"):
            world.do(approve, asked, person=ANA, verdict="approved", signed_in_at=stale)
    world.do(approve, asked, person=ANA, verdict="approved", signed_in_at=now())
    assert settled(world) == 1
    assert state_of(world, item) == "released"
    with world.database.read() as connection:
        (told,) = events.read(connection, kinds=["approval.alone"])
    assert told.facts["by"] == ANA


def test_a_case_of_listed_files_alone_is_closed_by_rule(with_rules: Callable[..., World]) -> None:
    world = with_rules(close_by_rule=True)
    listed: dict[str, Any] = {"trusted": True, "exact": True, "classification": "A1"}
    closed = world.item(world.upload(b"x", draft=True, **listed))
    mixed = world.item(world.upload(b"x", account="user-2", **listed))
    world.upload(b"y", account="user-2")
    assert world.do(close_by_rule, world.rules) == []  # something more may come
    (made,) = world.do(close_by_rule, world.rules, quiet_s=0.0)
    assert settled(world) == 1
    whole = facts(world, closed.case_id)
    assert whole.decision is not None
    assert (whole.decision.id, whole.decision.outcome, whole.decision.by) == (made, "report", "rule:a rule")
    assert not whole.media[0].viewed_in_full
    with world.database.read() as connection:
        assert get_case(connection, mixed.case_id).state == "open"
        assert connection.exec_driver_sql("SELECT count(*) FROM entry_reviews").scalar_one() == 0
        today = closed.added_at.date()
        assert avoided(connection, since=today, until=today)["rule"] == 2
