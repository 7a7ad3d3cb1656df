"""Reports of other kinds: batched, about a user alone, follow-ups; and what is counted."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from holdfast.errors import ConflictError, UsageError
from holdfast.records.tables.review import case_decisions
from holdfast.reporting.configured import reporter
from holdfast.reporting.cybertip.models.people import PersonOrUserReported
from holdfast.reporting.cybertip.vocabulary import IncidentType
from holdfast.reporting.destination import Phase
from holdfast.reporting.drafts.approval import approve, cancel
from holdfast.reporting.drafts.batched import make_batched
from holdfast.reporting.drafts.by_hand import follow_up, new_draft
from holdfast.reporting.drafts.listing import Counted, counts, list_drafts, receipt_of, standing_of
from holdfast.reporting.drafts.models import Draft, DraftReport, DraftSummary, State
from holdfast.reporting.drafts.sending import send_due
from holdfast.reporting.drafts.sources import OVERTURNED, draft_case, unwanted
from tests.reporting.drafting import ANA, Office, make_office
from tests.reporting.samples import MOMENT
from tests.reporting.world import World


@pytest.fixture
def office(one_world: World) -> Office:
    one_world.kept = None
    return make_office(one_world)


def drafted(office: Office, account: str = "user-1") -> Draft:
    case = office.upload(account=account)
    office.decide(case)
    return office.one(case)


def file(office: Office, draft: Draft) -> None:
    with office.world.database.write() as connection:
        approve(connection, office.desk, draft.id, version=draft.version, by=ANA)
    assert send_due(office.world.database, office.desk) == 1
    office.world.work()


def test_a_viral_file_and_many_accounts_are_one_report(office: Office) -> None:
    draft = drafted(office)
    item = office.content(draft).files[0].item_id
    with office.world.database.write() as connection:
        with pytest.raises(UsageError, match="each once"):
            make_batched(
                connection, office.desk, draft.id, ["a", "a"], item_id=item, is_meme=True, version=1, by=ANA
            )
        batched = make_batched(
            connection, office.desk, draft.id, ["a", "b", "c"], item_id=item, is_meme=True, version=1, by=ANA
        )
    assert (batched.lacks, batched.score, batched.incident_count, batched.file_count) == (0, 100, 3, 1)
    file(office, batched)
    (report,) = office.world.stand_in.desk.finished()
    assert report.xml.count(b"<espIdentifier>") == 3 and b"VIRAL_POTENTIAL_MEME" in report.xml
    with office.world.database.read() as connection:
        assert counts(connection)[Phase.FILED] == Counted(reports=1, incidents=3, files=1)


def test_a_user_alone_is_a_report(office: Office) -> None:
    summary = DraftSummary(incident_type=IncidentType.ENTICEMENT, incident_date_time=MOMENT)
    report = DraftReport(
        incident_summary=summary,
        reporter=reporter(office.desk.settings),
        persons_reported=(PersonOrUserReported(esp_identifier="user-7"),),
    )
    with office.world.database.write() as connection:
        with pytest.raises(UsageError, match="from the case"):
            new_draft(connection, office.desk, "case:1", report, destination="cybertipline", by=ANA)
        draft = new_draft(connection, office.desk, "ticket 4", report, destination="cybertipline", by=ANA)
        with pytest.raises(ConflictError):
            new_draft(connection, office.desk, "ticket 4", report, destination="cybertipline", by=ANA)
    file(office, draft)
    (told,) = office.world.stand_in.desk.finished()
    assert b"user-7" in told.xml and not told.files


def test_a_follow_up_names_the_reports_before_it(office: Office) -> None:
    draft = drafted(office)
    with office.world.database.write() as connection, pytest.raises(ConflictError, match="has not ended"):
        follow_up(connection, office.desk, draft.id, by=ANA)
    file(office, draft)
    with office.world.database.write() as connection:
        more = follow_up(connection, office.desk, draft.id, by=ANA)
    assert (more.revision, more.file_count, more.state) == (2, 0, State.DRAFT)
    file(office, more)
    first, second = office.world.stand_in.desk.finished()
    assert f"<priorCTReports>{first.id}</priorCTReports>".encode() in second.xml
    with office.world.database.read() as connection:
        assert [one.id for one in list_drafts(connection)] == [more.id, draft.id]
        assert [one.id for one in list_drafts(connection, before_id=more.id)] == [draft.id]
        standing = standing_of(connection, office.get(draft.id))
        assert standing is not None and standing.reference == str(first.id)
        assert receipt_of(connection, office.get(draft.id)).reference == str(first.id)


def test_a_new_case_of_the_same_account_names_the_reports_about_it(office: Office) -> None:
    file(office, drafted(office))
    (first,) = office.world.stand_in.desk.finished()
    again = drafted(office)
    (person,) = office.content(again).report.persons_reported
    assert person.prior_reports == (first.id,)


def test_a_case_can_be_drafted_for_a_destination_that_no_rule_names(office: Office) -> None:
    draft = drafted(office)
    assert draft.case_id is not None
    world = office.world
    (packet,) = draft_case(
        world.database, office.desk, world.contents, draft.case_id, by=ANA, destination="nca"
    )
    assert (packet.destination, packet.rule, packet.file_count) == ("nca", None, 1)
    assert packet.lacks == 1  # the agency's key is not in the file


def test_a_refused_report_is_corrected_and_filed_with_its_files(office: Office) -> None:
    office.world.stand_in.faults.add("fileinfo", "code:4100")
    draft = drafted(office)
    file(office, draft)
    refused = office.get(draft.id)
    with office.world.database.write() as connection:
        standing = standing_of(connection, refused)
        assert standing is not None and standing.phase is Phase.REFUSED
        again = follow_up(connection, office.desk, draft.id, by=ANA)
    assert (again.revision, again.file_count) == (2, 1)
    assert again.deadline_at == refused.deadline_at is not None
    file(office, again)
    (told,) = office.world.stand_in.desk.finished()
    assert len(told.files) == 1 and b"priorCTReports" not in told.xml


def test_a_report_whose_decision_was_taken_back_is_found(office: Office) -> None:
    waiting, held = drafted(office), drafted(office, "user-2")
    with office.world.database.write() as connection:
        approve(connection, office.desk, held.id, version=held.version, by=ANA)
        assert unwanted(connection) == []
        connection.execute(sa.update(case_decisions).values(state="overturned"))
        assert unwanted(connection) == [waiting.id, held.id]
        for number in unwanted(connection):
            cancel(connection, office.desk, number, by="worker", reason=OVERTURNED)
        assert unwanted(connection) == []
    assert send_due(office.world.database, office.desk) == 0
    assert office.get(held.id).state is State.CANCELLED
