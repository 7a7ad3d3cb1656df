"""A decision that is taken back: its report goes no further, and nothing stays open at the destination."""

from __future__ import annotations

import pytest

from holdfast.errors import ConflictError
from holdfast.reporting.drafts.approval import approve
from holdfast.reporting.drafts.models import Draft, State
from holdfast.reporting.drafts.sending import send_due
from holdfast.reporting.filing.contents import Content
from holdfast.reporting.filing.filer import Filer
from holdfast.reporting.filing.models import State as Filed
from holdfast.review.case_facts import case_facts
from holdfast.review.deciding import end
from tests.reporting.drafting import ANA, BEA, Office, make_office
from tests.reporting.world import World


@pytest.fixture
def office(world: World) -> Office:
    return make_office(world)


def drafted(office: Office) -> Draft:
    case = office.upload()
    office.decide(case)
    return office.one(case)


def approved(office: Office, draft: Draft) -> Draft:
    with office.world.database.write() as connection:
        return approve(connection, office.desk, draft.id, version=draft.version, by=ANA)


def take_back(office: Office, draft: Draft) -> None:
    assert draft.case_id is not None
    with office.world.database.write() as connection:
        decision = case_facts(connection, draft.case_id).decision
        assert decision is not None
        end(connection, decision, "overturned", BEA)


class TakenBackMeanwhile:
    """Contents whose decision is taken back at the moment at which one is opened for the upload."""

    def __init__(self, office: Office, draft: Draft) -> None:
        self._office, self._draft = office, draft

    def check(self, item_id: str) -> None:
        self._office.world.contents.check(item_id)

    def open(self, item_id: str, *, purpose: str) -> Content:
        take_back(self._office, self._draft)
        return self._office.world.contents.open(item_id, purpose=purpose)


def test_it_is_neither_approved_nor_handed_over(office: Office) -> None:
    draft = drafted(office)
    held = approved(office, draft)
    take_back(office, held)
    assert send_due(office.world.database, office.desk) == 0
    assert office.get(held.id).state is State.HOLDING and office.get(held.id).filing_id is None
    other = office.upload(b"another", account="user-2")
    office.decide(other)
    second = office.one(other)
    take_back(office, second)
    with pytest.raises(ConflictError, match="taken back"):
        approved(office, second)


def test_a_filing_that_waits_opens_nothing(office: Office) -> None:
    draft = approved(office, drafted(office))
    assert send_due(office.world.database, office.desk) == 1
    take_back(office, draft)
    office.world.work()
    filing_id = office.get(draft.id).filing_id
    assert filing_id is not None and office.world.get(filing_id).state is Filed.CANCELLED
    assert office.world.stand_in.desk.reports() == []


def test_a_report_that_is_open_is_retracted_and_not_finished(office: Office) -> None:
    draft = approved(office, drafted(office))
    assert send_due(office.world.database, office.desk) == 1
    world = office.world
    Filer(world.database, world.sealer, world.client, TakenBackMeanwhile(office, draft)).file_due()
    filing_id = office.get(draft.id).filing_id
    assert filing_id is not None and world.get(filing_id).state is Filed.CANCELLED
    assert world.stand_in.desk.finished() == [] and world.stand_in.desk.reports("open") == []
    assert world.alarms() == []
