"""The automatic rule: exact matches on trusted banks, after a shadow time, with a cap and a stop switch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from holdfast.errors import ConflictError
from holdfast.records.tables.base import now
from holdfast.records.tables.drafts import report_automatic, report_drafts
from holdfast.reporting.drafts.approval import approve, edit
from holdfast.reporting.drafts.automatic import BY, automatic, file_by_rule, resume, stop
from holdfast.reporting.drafts.models import Draft, State
from holdfast.reporting.drafts.sending import send_due
from tests.reporting.drafting import ANA, Office, make_office
from tests.reporting.world import World


def drafted(office: Office, account: str, **how: Any) -> Draft:
    case = office.upload(account.encode(), account=account, **{"exact": True, "trusted": True, **how})
    office.decide(case)
    return office.one(case)


def end_shadow(office: Office) -> None:
    with office.world.database.write() as connection:
        connection.execute(sa.update(report_automatic).values(shadow_since=now() - timedelta(days=15)))


def standing(office: Office) -> str:
    with office.world.database.read() as connection:
        return automatic(connection, office.desk).state


@pytest.fixture
def office(world: World) -> Office:
    return make_office(world, automatic=True, automatic_daily_cap=2)


def test_it_is_off_by_default(one_world: World) -> None:
    one_world.kept = None
    office = make_office(one_world)
    draft = drafted(office, "user-1")
    assert file_by_rule(one_world.database, office.desk) == 0 and standing(office) == "off"
    assert office.get(draft.id).state is State.DRAFT


def test_it_only_counts_in_its_shadow_time_and_files_none_of_that_later(office: Office) -> None:
    draft = drafted(office, "user-1")
    for _ in range(2):
        assert file_by_rule(office.world.database, office.desk) == 0
    assert office.world.events().count("report.shadowed") == 1 and standing(office) == "shadow"
    end_shadow(office)
    assert standing(office) == "on" and file_by_rule(office.world.database, office.desk) == 0
    assert office.get(draft.id).state is State.DRAFT


def test_it_files_exact_trusted_matches_up_to_the_cap_and_nobody_viewed_them(office: Office) -> None:
    file_by_rule(office.world.database, office.desk)
    end_shadow(office)
    fit = [drafted(office, f"user-{number}") for number in range(3)]
    near = drafted(office, "near", exact=False)
    untrusted = drafted(office, "untrusted", trusted=False)
    assert file_by_rule(office.world.database, office.desk) == 2 and standing(office) == "capped"
    states = [office.get(one.id).state for one in (*fit, near, untrusted)]
    assert states == [State.HOLDING, State.HOLDING, State.DRAFT, State.DRAFT, State.DRAFT]
    assert office.get(fit[0].id).approved_by == BY and office.get(fit[0].id).is_automatic
    assert send_due(office.world.database, office.desk) == 2
    office.world.work()
    reports = office.world.stand_in.desk.finished()
    assert len(reports) == 2
    for report in reports:
        (file,) = report.files.values()
        assert file.details is not None and b"<fileViewedByEsp>false" in file.details


def test_one_file_that_is_not_exact_leaves_the_whole_report_to_people(office: Office) -> None:
    file_by_rule(office.world.database, office.desk)
    end_shadow(office)
    case = office.upload(b"a", exact=True, trusted=True)
    office.upload(b"b", exact=False, trusted=True)
    office.decide(case)
    draft = office.one(case)
    assert file_by_rule(office.world.database, office.desk) == 0
    assert office.get(draft.id).state is State.DRAFT


@pytest.mark.parametrize("hand", ["drafted", "edited", "edited before the platform answered"])
def test_what_a_person_wrote_is_never_filed_by_rule(office: Office, hand: str) -> None:
    file_by_rule(office.world.database, office.desk)
    end_shadow(office)
    case = office.upload(b"a", exact=True, trusted=True)
    office.decide(case)
    (draft,) = office.draft(case, by=ANA if hand == "drafted" else "worker")
    if hand != "drafted":
        with office.world.database.write() as connection:
            edit(connection, office.desk, draft.id, office.content(draft), version=1, by=ANA)
            if hand != "edited":
                connection.execute(sa.update(report_drafts).values(changed_by="platform"))
    assert file_by_rule(office.world.database, office.desk) == 0
    assert office.get(draft.id).state is State.DRAFT


def test_what_a_person_changes_and_approves_is_no_longer_the_rules(world: World) -> None:
    office = make_office(world, automatic=True, hold_s=3600.0)
    file_by_rule(world.database, office.desk)
    end_shadow(office)
    draft = drafted(office, "user-1")
    assert file_by_rule(world.database, office.desk) == 1
    with world.database.write() as connection:
        held = office.get(draft.id)
        changed = edit(connection, office.desk, held.id, office.content(held), version=held.version, by=ANA)
        approve(connection, office.desk, changed.id, version=changed.version, by=ANA)
        stop(connection, by=ANA)
    now_held = office.get(draft.id)
    assert now_held.state is State.HOLDING and not now_held.is_automatic and now_held.approved_by == ANA


def test_a_damaged_draft_holds_up_no_other(office: Office) -> None:
    file_by_rule(office.world.database, office.desk)
    end_shadow(office)
    damaged, whole = drafted(office, "user-1"), drafted(office, "user-2")
    with office.world.database.write() as connection:
        this = report_drafts.c.id == damaged.id
        connection.execute(sa.update(report_drafts).where(this).values(sealed_content=b"damaged"))
    assert file_by_rule(office.world.database, office.desk) == 1
    assert office.get(whole.id).state is State.HOLDING and office.get(damaged.id).state is State.DRAFT


def test_the_stop_switch_takes_back_what_is_still_held(world: World) -> None:
    office = make_office(world, automatic=True, hold_s=3600.0)
    file_by_rule(world.database, office.desk)
    end_shadow(office)
    draft = drafted(office, "user-1")
    assert file_by_rule(world.database, office.desk) == 1
    with world.database.write() as connection:
        stop(connection, by="person:ana")
        stop(connection, by="person:ana")
    assert office.get(draft.id).state is State.DRAFT and standing(office) == "stopped"
    assert file_by_rule(world.database, office.desk) == 0
    with world.database.write() as connection:
        resume(connection, by="person:bea")
        with pytest.raises(ConflictError):
            resume(connection, by="person:bea")
    assert standing(office) == "shadow"
