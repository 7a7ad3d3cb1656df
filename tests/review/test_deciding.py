"""Decisions: what follows, what is refused, what can be taken back. Nothing is decided twice or halfway."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.banks.opinions import opinions_of
from holdfast.errors import ConflictError, HoldfastError, LeaseLostError, NotAllowedError, UsageError
from holdfast.records import audit, events
from holdfast.records.tables.banks import fingerprints
from holdfast.records.tables.review import approvals, case_decisions, case_items
from holdfast.review.approvals import list_approvals
from holdfast.review.case_facts import CaseFacts, DecisionFacts, case_facts
from holdfast.review.cases import get_case
from holdfast.review.clusters import avoided
from holdfast.review.deciding import approve, decide, get_decision, undo
from holdfast.review.labels import label_item
from holdfast.review.leases import Lease
from holdfast.review.models import CaseItem
from holdfast.review.settling import due_decisions, settle
from holdfast.vault.listing import get_item
from tests.review.conftest import ANA, BEA, LEA, World


def say(world: World, lease: Lease, item: CaseItem, label: str, why: str | None = None) -> list[int]:
    found: list[int] = world.do(
        label_item,
        lease.case_id,
        item.id,
        person=lease.owner,
        fence=lease.fence,
        label=label,
        not_a_match=why,
    )
    return found


def decided(world: World, lease: Lease, outcome: str, **more: Any) -> DecisionFacts:
    with world.database.write() as connection:
        version = get_case(connection, lease.case_id).version
        given: dict[str, Any] = {"version": version, "reason": "looked at it", "rules": world.rules, **more}
        return decide(
            connection, lease.case_id, person=lease.owner, fence=lease.fence, outcome=outcome, **given
        )


def settled(world: World) -> int:
    """Lets everything take effect whose time has come; how many decisions that were."""
    with world.database.read() as connection:
        due = due_decisions(connection)
    return sum(bool(world.do(settle, one, world.rules)) for one in due)


def facts(world: World, case_id: int) -> CaseFacts:
    with world.database.read() as connection:
        return case_facts(connection, case_id, sealer=world.sealer)


def state_of(world: World, item: CaseItem) -> str:
    assert item.item_id is not None
    with world.database.read() as connection:
        return get_item(connection, item.item_id).state


def test_a_report_keeps_the_content_and_says_so_once(world: World) -> None:
    item = world.item(world.upload(trusted=True))
    lease = world.take(item.case_id)
    say(world, lease, item, "A1")
    decision = decided(world, lease, "report", account_action="suspend")
    assert (decision.state, decision.verdicts) == ("waiting", {item.id: "confirm"})
    assert settled(world) == 1
    assert settled(world) == 0
    whole = facts(world, item.case_id)
    assert (whole.case.state, whole.case.lease_owner, whole.case.gathers) == ("decided", None, False)
    assert whole.decision is not None
    assert (whole.decision.outcome, whole.media[0].item.verdict) == ("report", "confirm")
    assert state_of(world, item) == "held"
    with world.database.read() as connection:
        (told,) = events.read(connection, kinds=["case.decided"])
        assert (told.facts["outcome"], told.facts["account_action"]) == ("report", "suspend")
        actions = [one.action for one in audit.read(connection, target=f"case:{item.case_id}")]
    assert actions == ["case.take", "case.label", "case.decide"]


def test_clearing_on_a_plain_list_takes_one_person_and_disputes_the_entry(world: World) -> None:
    item = world.item(world.upload())
    lease = world.take(item.case_id)
    with pytest.raises(UsageError, match="Say why it is no match"):
        decided(world, lease, "release")
    decision = decided(world, lease, "release", not_a_match="not_abuse")
    assert decision.state == "waiting"
    assert state_of(world, item) == "held"
    settled(world)
    assert state_of(world, item) == "released"
    with world.database.read() as connection:
        ids = list(
            connection.scalars(sa.select(fingerprints.c.id).where(fingerprints.c.entry_id == world.plain))
        )
        said = {one.source: one.opinion for one in opinions_of(connection, ids)[ids[0]]}
        assert said["reviewers"] == "negative"
        (review,) = connection.exec_driver_sql("SELECT entry_id, person, verdict FROM entry_reviews").all()
    assert tuple(review) == (world.plain, ANA, "dispute")


def test_a_wrong_match_says_nothing_of_the_entry(world: World) -> None:
    item = world.item(world.upload())
    decided(world, world.take(item.case_id), "release", not_a_match="different_content")
    settled(world)
    with world.database.read() as connection:
        ids = list(
            connection.scalars(sa.select(fingerprints.c.id).where(fingerprints.c.entry_id == world.plain))
        )
        assert [one.source for one in opinions_of(connection, ids)[ids[0]]] == ["own"]


def test_clearing_on_a_trusted_list_takes_two_people(world: World) -> None:
    item = world.item(world.upload(trusted=True))
    lease = world.take(item.case_id)
    decision = decided(world, lease, "release", not_a_match="adult")
    assert decision.state == "approval"
    assert settled(world) == 0
    with world.database.read() as connection:
        (asked,) = list_approvals(connection)
    with pytest.raises(NotAllowedError, match="takes two people"):
        world.do(approve, asked.id, person=ANA, verdict="approved")
    assert state_of(world, item) == "held"
    world.do(approve, asked.id, person=LEA, verdict="approved")
    with pytest.raises(ConflictError):
        world.do(approve, asked.id, person=BEA, verdict="refused")
    assert settled(world) == 1
    assert state_of(world, item) == "released"


def test_a_refused_clearing_opens_the_case_again(world: World) -> None:
    item = world.item(world.upload(trusted=True))
    decision = decided(world, world.take(item.case_id), "release", not_a_match="adult")
    with world.database.read() as connection:
        (asked,) = list_approvals(connection)
    world.do(approve, asked.id, person=LEA, verdict="refused")
    whole = facts(world, item.case_id)
    assert (whole.case.state, whole.case.gathers) == ("open", True)
    assert whole.decisions[0].state == "refused"
    assert settled(world) == 0
    lease = world.take(item.case_id)
    say(world, lease, item, "A1")
    assert (decision.revision, decided(world, lease, "hold").revision) == (1, 2)


def test_until_it_takes_effect_a_decision_can_be_taken_back(with_rules: Callable[..., World]) -> None:
    world = with_rules(undo_s=3600.0)
    item = world.item(world.upload())
    decision = decided(world, world.take(item.case_id), "release", not_a_match="adult")
    assert settled(world) == 0
    with pytest.raises(NotAllowedError):
        world.do(undo, decision.id, person=BEA)
    assert world.do(undo, decision.id, person=ANA).state == "undone"
    with pytest.raises(ConflictError, match="undone already"):
        world.do(undo, decision.id, person=ANA)
    with pytest.raises(ConflictError):
        world.do(undo, decided_and_settled(world).id, person=ANA)
    assert facts(world, item.case_id).case.state == "open"
    assert state_of(world, item) == "held"


def decided_and_settled(world: World) -> DecisionFacts:
    world.rules = type(world.rules)(undo_s=0.0)
    other = world.item(world.upload(account="user-9"))
    decision = decided(world, world.take(other.case_id), "hold")
    assert settled(world) == 1
    return decision


def test_imminent_danger_waits_for_nothing(with_rules: Callable[..., World]) -> None:
    from holdfast.review.clocks import set_imminent

    world = with_rules(undo_s=3600.0)
    item = world.item(world.upload(queue=5))
    for _ in range(2):
        case = world.do(set_imminent, item.case_id, by=ANA, rules=world.rules)
    assert (case.priority, case.imminent_by) == (0, ANA)
    decided(world, world.take(item.case_id), "report")
    assert settled(world) == 1
    with world.database.read() as connection:
        assert len(events.read(connection, kinds=["case.imminent"])) == 1


def test_what_came_meanwhile_must_be_looked_at(world: World) -> None:
    item = world.item(world.upload())
    lease = world.take(item.case_id)
    with world.database.read() as connection:
        version = get_case(connection, item.case_id).version
    world.upload(b"another", reference="post/2")
    with pytest.raises(ConflictError, match="Something came to case"):
        decided(world, lease, "hold", version=version)
    assert facts(world, item.case_id).decisions == ()
    decided(world, lease, "hold")


@pytest.mark.parametrize(
    ("label", "outcome"), [("A1", "release"), ("none", "hold"), ("none", "report"), ("B2", "nothing")]
)
def test_an_outcome_against_the_labels_is_refused(world: World, label: str, outcome: str) -> None:
    item = world.item(world.upload())
    lease = world.take(item.case_id)
    say(world, lease, item, label, "adult" if label == "none" else None)
    with pytest.raises(UsageError):
        decided(world, lease, outcome, not_a_match="adult")
    assert facts(world, item.case_id).case.state == "open"


def test_a_lost_lease_decides_nothing(world: World) -> None:
    item = world.item(world.upload())
    lease = world.take(item.case_id)
    with world.database.write() as connection:
        from holdfast.review.leases import take

        take(connection, item.case_id, BEA, world.rules, from_other=True)
    with pytest.raises(LeaseLostError, match="Nothing was changed"):
        decided(world, lease, "hold")
    with pytest.raises(LeaseLostError):
        say(world, lease, item, "A1")
    whole = facts(world, item.case_id)
    assert (whole.decisions, whole.media[0].item.label) == ((), None)


def test_two_people_at_one_moment_decide_once(world: World) -> None:
    """Both believe that the case is theirs; two workers settle at the same time."""
    for number in range(5):
        item = world.item(world.upload(b"%d" % number, account=f"user-{number}"))
        lease = world.take(item.case_id)
        barrier = Barrier(2)
        got: list[object] = []

        def work(lease: Lease = lease, barrier: Barrier = barrier, got: list[object] = got) -> None:
            barrier.wait()
            try:
                got.append(decided(world, lease, "hold"))
            except HoldfastError as error:
                got.append(error)

        both([work, work])
        assert sorted(isinstance(one, HoldfastError) for one in got) == [False, True]
    with world.database.read() as connection:
        due = due_decisions(connection)
    done: list[bool] = []
    both([lambda: done.extend(bool(world.do(settle, one, world.rules)) for one in due)] * 2)
    assert done.count(True) == len(due) == 5
    with world.database.read() as connection:
        assert len(events.read(connection, kinds=["case.decided"])) == 5


def both(works: list[Callable[[], object]]) -> None:
    threads = [Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


STEPS = [
    "holdfast.review.settling.end",
    "holdfast.review.held.review_decision",
    "holdfast.review.held.release_hold",
    "holdfast.review.settling._remember",
    "holdfast.review.settling._close",
    "holdfast.review.settling.say_of_entries",
    "holdfast.review.settling._tell",
]


def test_a_kill_at_any_step_leaves_all_or_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    item = world.item(world.upload())
    decision = decided(world, world.take(item.case_id), "release", not_a_match="adult")
    for step in STEPS:
        with monkeypatch.context() as patched:

            def die(*_: object, **__: object) -> None:
                raise KeyboardInterrupt  # what a kill looks like to a transaction

            patched.setattr(step, die)
            with pytest.raises(KeyboardInterrupt):
                world.do(settle, decision.id, world.rules)
        assert state_of(world, item) == "held", step
        with world.database.read() as connection:
            assert get_decision(connection, decision.id).state == "waiting"
            assert events.read(connection, kinds=["case.decided", "hold.released"]) == []
    assert settled(world) == 1
    assert state_of(world, item) == "released"


def test_copies_are_decided_once_for_all(world: World) -> None:
    code = bytes(range(32))
    first = world.item(world.upload(b"one", code=code))
    same_case = world.item(world.upload(b"two", code=code, reference="post/2"))
    other = world.item(world.upload(b"three", account="user-2", code=code))
    lease = world.take(first.case_id)
    assert say(world, lease, first, "none", "not_abuse") == [first.id, same_case.id]
    decided(world, lease, "release")
    settled(world)
    copy = facts(world, other.case_id).media[0]
    assert (copy.item.label, copy.item.verdict, copy.hold_state) == ("none", "dispute", "released")
    assert copy.cluster is not None
    assert (copy.cluster.decided_by, copy.cluster.decided_case) == (ANA, first.case_id)
    assert facts(world, other.case_id).case.state == "open"
    later = world.item(world.upload(b"four", account="user-3", code=code))
    assert (later.label, later.labelled_by, later.verdict) == ("none", ANA, None)
    today = later.added_at.date()
    with world.database.read() as connection:
        assert avoided(connection, since=today, until=today) == {"copy": 3}
    assert not facts(world, other.case_id).media[0].viewed_in_full


def test_a_copy_on_a_trusted_list_is_not_cleared_by_one_person(world: World) -> None:
    code = bytes(range(32))
    plain = world.item(world.upload(b"one", code=code))
    trusted = world.item(world.upload(b"two", account="user-2", code=code, trusted=True))
    assert plain.cluster_id == trusted.cluster_id
    decided(world, world.take(plain.case_id), "release", not_a_match="not_abuse")
    settled(world)
    copy = facts(world, trusted.case_id).media[0]
    assert (copy.item.label, copy.item.verdict, copy.hold_state) == ("none", None, "held")
    assert decided(world, world.take(trusted.case_id), "release").state == "approval"


def test_a_second_person_is_asked_about_a_share_of_the_files(with_rules: Callable[..., World]) -> None:
    from holdfast.review.sampling import agreement, open_second_reviews, second_label

    world = with_rules(second_review_share=1.0)
    item = world.item(world.upload())
    lease = world.take(item.case_id)
    say(world, lease, item, "A1")
    decided(world, lease, "hold")
    settled(world)
    with world.database.read() as connection:
        assert open_second_reviews(connection, ANA) == []
        (asked,) = open_second_reviews(connection, BEA)
    with pytest.raises(NotAllowedError):
        world.do(second_label, asked.id, person=ANA, label="A1")
    world.do(second_label, asked.id, person=BEA, label="A2")
    with pytest.raises(ConflictError):
        world.do(second_label, asked.id, person=LEA, label="A2")
    with world.database.read() as connection:
        found = agreement(
            connection, since=asked.asked_at.replace(year=2000), until=asked.asked_at.replace(year=2100)
        )
    assert (found.reviews, found.agreed, found.kappa) == (1, 0, 0.0)


def test_tables_hold_what_was_said(world: World) -> None:
    item = world.item(world.upload())
    lease = world.take(item.case_id)
    say(world, lease, item, "A1")
    say(world, lease, item, "B1")
    with world.database.read() as connection:
        said = connection.exec_driver_sql("SELECT label FROM case_labels ORDER BY id").scalars().all()
        assert list(said) == ["A1", "B1"]
        assert connection.scalar(sa.select(case_items.c.label)) == "B1"
        for table in (case_decisions, approvals):
            assert connection.execute(sa.select(table)).first() is None
