"""Several workers, and workers that die: one draft a decision, one filing a draft, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import ConflictError
from holdfast.records.tables.drafts import report_drafts
from holdfast.records.tables.filings import filings
from holdfast.reporting.cybertip.models.common import IpCaptureEvent, Person
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.approval import approve
from holdfast.reporting.drafts.models import Draft, State
from holdfast.reporting.drafts.people import merge
from holdfast.reporting.drafts.sending import send_due
from tests.reporting.drafting import ANA, BEA, Office, make_office
from tests.reporting.world import World


@pytest.fixture
def office(world: World) -> Office:
    return make_office(world)


def together(work: Callable[[int], Any], count: int = 4) -> list[Any]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def counted(office: Office, table: sa.Table) -> int:
    with office.world.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def approved(office: Office) -> Draft:
    case = office.upload()
    office.decide(case)
    draft = office.one(case)
    with office.world.database.write() as connection:
        return approve(connection, office.desk, draft.id, version=draft.version, by=ANA)


def test_workers_that_draft_one_case_at_once_make_one_draft(office: Office) -> None:
    case = office.upload()
    office.decide(case)

    def draft(_: int) -> int | None:
        try:
            return office.one(case).id
        except ConflictError:  # another was faster; the next look finds its draft
            return None

    made = {number for number in together(draft) if number is not None}
    assert len(made) == 1 and counted(office, report_drafts) == 1


def test_workers_that_hand_over_at_once_make_one_filing(office: Office) -> None:
    draft = approved(office)
    sent = together(lambda _: send_due(office.world.database, office.desk))
    assert sum(sent) == 1 and counted(office, filings) == 1
    assert office.get(draft.id).state is State.SENT


def test_people_who_approve_at_once_approve_one_version(office: Office) -> None:
    case = office.upload()
    office.decide(case)
    draft = office.one(case)

    def want(number: int) -> str:
        try:
            with office.world.database.write() as connection:
                approve(connection, office.desk, draft.id, version=1, by=(ANA, BEA)[number % 2])
        except ConflictError:
            return "conflict"
        return "approved"

    assert sorted(together(want)) == ["approved", "conflict", "conflict", "conflict"]


def test_a_hand_over_that_is_cut_short_leaves_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = approved(office)

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(rows, "change", die)
        with pytest.raises(KeyboardInterrupt):
            send_due(office.world.database, office.desk)
    assert counted(office, filings) == 0 and office.get(draft.id).state is State.HOLDING
    assert send_due(office.world.database, office.desk) == 1 and counted(office, filings) == 1


EVENTS = st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"]), max_size=3)
TEXT = st.none() | st.sampled_from(["a", "b"])


@st.composite
def people(draw: st.DrawFn) -> PersonOrUserReported:
    person = Person(first_name=draw(TEXT), last_name=draw(TEXT))
    return PersonOrUserReported(
        screen_name=draw(TEXT),
        esp_service=draw(TEXT),
        person_or_user_reported_person=draw(st.none() | st.just(person)),
        ip_capture_events=tuple(IpCaptureEvent(ip_address=one) for one in draw(EVENTS)),
    )


@given(people(), people())
def test_what_is_added_never_takes_the_place_of_what_is_there(
    ours: PersonOrUserReported, more: PersonOrUserReported
) -> None:
    merged = merge(ours, more)
    for name in ("screen_name", "esp_service"):
        mine = getattr(ours, name)
        assert getattr(merged, name) == (getattr(more, name) if mine is None else mine)
    count = len(ours.ip_capture_events)
    assert merged.ip_capture_events[:count] == ours.ip_capture_events
    assert set(more.ip_capture_events) <= set(merged.ip_capture_events)
    assert merge(merged, more) == merged
