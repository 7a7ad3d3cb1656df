"""Grants, what the page reports, what that proves, and how much of it one person may see.."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from holdfast.errors import (
    ConflictError,
    LeaseLostError,
    LimitError,
    NotAllowedError,
    NotFoundError,
    UsageError,
)
from holdfast.records.tables.base import now
from holdfast.records.tables.review import approvals as questions
from holdfast.records.tables.vault import vault_items
from holdfast.records.tables.viewing import media_grants, media_served, reviewers
from holdfast.review import approvals
from holdfast.review.clusters import forget_destroyed
from holdfast.review.grants import Grant, note_served, require_grant, reveal, reveal_outside
from holdfast.review.leases import take
from holdfast.review.ledger import ItemViews, viewed_in_full, views_of_items
from holdfast.review.models import CaseItem
from holdfast.review.proof import Judgement, Seen
from holdfast.review.viewing import attest, note_events, note_shape
from holdfast.review.wellness import (
    Comfort,
    exposure_today,
    get_reviewer,
    set_comfort,
    set_limits,
    set_opted_out,
    set_trained,
)
from tests.review.conftest import ANA, BEA, LEA, World

DATA = b"a photo"
SESSION = "s1"


@pytest.fixture
def item(world: World) -> CaseItem:
    world.do(set_trained, ANA, by=LEA)
    return world.item(world.upload(DATA))


def shown(world: World, item: CaseItem, person: str = ANA) -> Grant:
    lease = world.take(item.case_id, person)
    grant: Grant = world.do(
        reveal, item.case_id, item.id, person=person, session=SESSION, fence=lease.fence, rules=world.rules
    )
    began = sa.update(media_grants).where(media_grants.c.id == grant.id)
    with world.database.write() as connection:
        connection.execute(began.values(granted_at=now() - timedelta(seconds=30)))
    return grant


def send(
    world: World,
    grant: Grant,
    first: int = 0,
    end: int = len(DATA),
    fidelity: str = "original",
    after_s: float = 0.05,
) -> None:
    given = {"first_byte": first, "end_byte": end, "total_bytes": len(DATA), "digest": b"1" * 32}
    known = {"item_id": grant.item_id, "person": grant.person, "grant_id": grant.id, "fidelity": fidelity}
    world.do(note_served, **given, **known)
    of_grant = sa.update(media_served).where(media_served.c.grant_id == grant.id)
    with world.database.write() as connection:
        began = connection.scalar(sa.select(media_grants.c.granted_at).where(media_grants.c.id == grant.id))
        assert began is not None
        connection.execute(of_grant.values(at=began + timedelta(seconds=after_s)))


def report(world: World, grant: Grant, *events: Seen) -> int:
    noted = world.do(note_events, grant.id, events, person=grant.person, session=SESSION, rules=world.rules)
    number: int = noted.last_number
    return number


def say_seen(world: World, grant: Grant, last_number: int) -> Judgement:
    found: Judgement = world.do(
        attest, grant.id, person=grant.person, session=SESSION, last_number=last_number
    )
    return found


def views(world: World, item: CaseItem) -> ItemViews:
    assert item.item_id is not None
    with world.database.read() as connection:
        found = views_of_items(connection, [item.item_id])[item.item_id]
        assert viewed_in_full(connection, item.item_id) == found.viewed_in_full
    return found


WHOLE = (Seen(1, "shown", 0), Seen(2, "loaded", 100), Seen(3, "tick", 1500), Seen(4, "hidden", 2500))


def test_a_file_that_was_served_shown_and_attested_was_viewed(world: World, item: CaseItem) -> None:
    assert views(world, item).words() == "not viewed"
    grant = shown(world, item)
    world.do(note_shape, grant.item_id, "still")
    send(world, grant, 0, 3)
    send(world, grant, 3)
    assert report(world, grant, *WHOLE[:2]) == 2
    assert report(world, grant, *WHOLE[1:]) == 4  # one batch was sent again
    assert not views(world, item).viewed_in_full
    assert say_seen(world, grant, 4) == Judgement(True, None, 2500)
    found = views(world, item)
    assert (found.viewed_in_full, found.full_viewers, found.words()) == (
        True,
        (ANA,),
        "viewed in full by 1 person",
    )
    assert [(one.first_byte, one.end_byte) for one in found.served] == [(0, 3), (3, len(DATA))]
    with pytest.raises(ConflictError):
        say_seen(world, grant, 4)
    copy = world.item(world.upload(DATA, account="user-2"))
    assert copy.cluster_id == item.cluster_id
    assert not views(world, copy).viewed_in_full


@pytest.mark.parametrize(
    ("why_not", "events", "fidelity", "last"),
    [
        ("bytes_missing", WHOLE, "blur0", 4),  # a preview, however sharp, is not the file
        ("lost_events", (*WHOLE[:2], WHOLE[3]), "original", 4),
        ("lost_events", WHOLE[:3], "original", 4),
        ("left_screen", (*WHOLE[:3], Seen(4, "tab_hidden", 2000)), "original", 4),
        ("not_shown", (), "original", 0),
    ],
)
def test_any_gap_is_a_no(
    world: World, item: CaseItem, why_not: str, events: tuple[Seen, ...], fidelity: str, last: int
) -> None:
    grant = shown(world, item)
    world.do(note_shape, grant.item_id, "still")
    send(world, grant, fidelity=fidelity)
    if events:
        report(world, grant, *events)
    assert say_seen(world, grant, last).why_not == why_not
    assert not views(world, item).viewed_in_full


def test_a_page_that_contradicts_itself_proves_nothing(world: World, item: CaseItem) -> None:
    grant = shown(world, item)
    world.do(note_shape, grant.item_id, "still")
    send(world, grant)
    report(world, grant, *WHOLE)
    report(world, grant, Seen(4, "hidden", 9000))
    assert say_seen(world, grant, 4).why_not == "contradiction"


def test_bytes_that_were_fetched_afterwards_were_not_what_was_seen(world: World, item: CaseItem) -> None:
    grant = shown(world, item)
    world.do(note_shape, grant.item_id, "still")
    report(world, grant, *WHOLE)
    send(world, grant, after_s=20)
    assert say_seen(world, grant, 4).why_not == "bytes_missing"


def test_what_is_told_before_it_can_have_happened_proves_nothing(world: World, item: CaseItem) -> None:
    grant = shown(world, item)
    world.do(note_shape, grant.item_id, "still")
    send(world, grant)
    report(world, grant, *WHOLE[:3], Seen(4, "hidden", 600_000))
    with world.database.write() as connection:  # the hours go by; then the word
        began = sa.update(media_grants).where(media_grants.c.id == grant.id)
        connection.execute(began.values(granted_at=now() - timedelta(hours=1)))
        connection.execute(sa.update(media_served).values(at=now() - timedelta(hours=1)))
    assert say_seen(world, grant, 4).why_not == "impossible_clock"


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_place_that_is_no_number_is_refused(world: World, item: CaseItem, wrong: float) -> None:
    grant = shown(world, item)
    with pytest.raises(UsageError):
        report(world, grant, Seen(1, "shown", 0), Seen(2, "played", 10, wrong, 10.0))


def test_a_browser_that_crashed_leaves_a_no(world: World, item: CaseItem) -> None:
    grant = shown(world, item)
    world.do(note_shape, grant.item_id, "still")
    send(world, grant)
    report(world, grant, *WHOLE[:3])
    found = views(world, item)
    assert (found.viewed_in_full, found.words()) == (False, "viewed in part")


def test_a_reveal_is_one_persons_in_one_session_while_the_case_is_theirs(
    world: World, item: CaseItem
) -> None:
    grant = shown(world, item)

    def may(person: str = ANA, session: str = SESSION) -> bool:
        try:
            with world.database.read() as connection:
                return require_grant(connection, grant.id, person=person, session=session) is not None
        except NotAllowedError:
            return False

    assert [may(), may(BEA), may(session="s2")] == [True, False, False]
    with pytest.raises(NotAllowedError):
        world.do(note_events, grant.id, WHOLE, person=BEA, session=SESSION, rules=world.rules)
    with world.database.write() as connection:
        take(connection, item.case_id, BEA, world.rules, from_other=True)
    assert not may()
    with pytest.raises(LeaseLostError):
        world.do(reveal, item.case_id, item.id, person=ANA, session=SESSION, fence=1, rules=world.rules)


def test_outside_a_case_it_takes_another_persons_word_each_time(world: World, item: CaseItem) -> None:
    assert item.item_id is not None
    target = f"item:{item.item_id}"

    def look() -> Grant:
        found: Grant = world.do(reveal_outside, item.item_id, person=ANA, session=SESSION, rules=world.rules)
        return found

    with pytest.raises(NotAllowedError, match="two people"):
        look()
    asked = world.do(approvals.ask, "open_outside_case", target, by=ANA, why="a check", rules=world.rules)
    with pytest.raises(NotAllowedError):
        world.do(approvals.answer, asked, person=ANA, verdict="approved")
    with pytest.raises(NotAllowedError, match="another door"):
        world.do(approvals.answer, asked, person="key:1", verdict="approved")
    world.do(approvals.answer, asked, person=LEA, verdict="approved")
    assert look().case_id is None
    with pytest.raises(NotAllowedError):
        look()
    late = world.do(approvals.ask, "open_outside_case", target, by=ANA, why="a check", rules=world.rules)
    world.do(approvals.answer, late, person=LEA, verdict="approved")
    with world.database.write() as connection:
        connection.execute(sa.update(questions).values(expires_at=now()))
    with pytest.raises(NotAllowedError):
        look()


def test_nobody_sees_media_untrained_or_against_their_will(world: World, item: CaseItem) -> None:
    with pytest.raises(NotAllowedError, match="trained"):
        shown(world, item, BEA)
    with pytest.raises(NotAllowedError, match="somebody else"):
        world.do(set_trained, BEA, by=BEA)
    with world.database.write() as connection:
        take(connection, item.case_id, ANA, world.rules, from_other=True)
    world.do(set_opted_out, ANA, True)
    with pytest.raises(NotAllowedError, match="opted out"):
        shown(world, item)
    world.do(set_opted_out, ANA, False)
    assert shown(world, item).person == ANA


def test_two_reveals_at_once_do_not_pass_the_limit_together(with_rules: Callable[..., World]) -> None:
    world = with_rules(hard_files=1)
    world.do(set_trained, ANA, by=LEA)
    items = [world.item(world.upload(b"%d" % number, account=f"user-{number}")) for number in range(2)]
    fences = [world.take(item.case_id).fence for item in items]
    given = {"person": ANA, "session": SESSION, "rules": world.rules}

    def look(item: CaseItem, fence: int) -> bool:
        try:
            world.do(reveal, item.case_id, item.id, fence=fence, **given)
        except LimitError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(look, items, fences)) == [False, True]


def test_a_key_notes_no_training(world: World) -> None:
    with pytest.raises(NotAllowedError, match="somebody else"):
        world.do(set_trained, ANA, by="key:1")


def test_what_a_person_sees_is_counted_limited_and_paused(with_rules: Callable[..., World]) -> None:
    world = with_rules(hard_files=3, streak_minutes=0.1)
    world.do(set_trained, ANA, by=LEA)
    items = [world.item(world.upload(b"%d" % number)) for number in range(4)]
    grant = shown(world, items[0])
    shown(world, items[0])  # again on the same day: the same file
    with world.database.read() as connection:
        assert exposure_today(connection, ANA).items == 1
    noted = world.do(
        note_events, grant.id, (Seen(1, "shown", 0), Seen(2, "hidden", 7000)),
        person=ANA, session=SESSION, rules=world.rules,
    )  # fmt: skip
    assert noted.pause
    with world.database.read() as connection:
        assert exposure_today(connection, ANA).shown_ms == 7000
    with pytest.raises(LimitError, match="pause") as caught:
        shown(world, items[1])
    assert 0 < caught.value.retry_after_s <= 600
    with world.database.write() as connection:
        connection.execute(sa.update(reviewers).values(paused_until=None))
    shown(world, items[1])
    world.do(set_limits, ANA, {"files": 2})
    with pytest.raises(LimitError, match="2 files"):
        shown(world, items[2])
    world.do(set_limits, ANA, {"files": 1000})  # higher than the organisation's: nothing changes
    shown(world, items[2])
    with pytest.raises(LimitError, match="3 files"):
        shown(world, items[3])


def test_comfort_has_a_floor(world: World) -> None:
    world.do(set_comfort, ANA, Comfort(blur=0, greyscale=False, small=False, muted=False))
    with world.database.read() as connection:
        chosen = get_reviewer(connection, ANA).comfort
    floor = chosen.with_floor(world.rules)
    assert (chosen.blur, floor.blur, floor.greyscale, floor.small) == (0, world.rules.floor_blur, True, True)
    assert Comfort().with_floor(world.rules).blur == 6


def test_what_a_case_does_not_hold_is_not_shown(world: World, item: CaseItem) -> None:
    lease = world.take(item.case_id)
    other = world.item(world.upload(account="user-2"))
    with pytest.raises(NotFoundError):
        world.do(
            reveal, item.case_id, other.id, person=ANA, session=SESSION, fence=lease.fence, rules=world.rules
        )


def test_the_digest_of_a_destroyed_file_is_forgotten_and_its_views_are_not(
    world: World, item: CaseItem
) -> None:
    grant = shown(world, item)
    send(world, grant)
    with world.database.write() as connection:
        gone = sa.update(vault_items).where(vault_items.c.id == item.item_id)
        connection.execute(gone.values(state="destroyed", sealed_facts=None))
        forget_destroyed(connection)
    (served,) = views(world, item).served
    assert (served.digest, served.end_byte) == (None, len(DATA))
