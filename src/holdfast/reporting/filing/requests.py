"""Ask for a report to be filed, cancel it, look at it.

    with database.write() as connection:
        filing_id = requests.request(connection, sealer, destination, "case-12", submission, by="ana")

One case revision is at most one report: asking again with the same submission gives the same filing, with
another one it is an error. What is to be said later is the next revision, a report of its own that names the
earlier ones (`priorCTReports`); it waits until they have ended.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.errors import ConflictError, InvalidDocumentError, NotFoundError, UsageError
from holdfast.records import events
from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.filings import filings
from holdfast.reporting.cybertip.build import build_file_details, build_report
from holdfast.reporting.cybertip.destination import CyberTipline
from holdfast.reporting.cybertip.models.file_details import FileDetails
from holdfast.reporting.cybertip.problems import Problem
from holdfast.reporting.filing import alarms, rows
from holdfast.reporting.filing.decide import AlarmKind
from holdfast.reporting.filing.models import ENDED, Filing, State, Submission
from holdfast.reporting.filing.rows import of_row
from holdfast.vault import preservation
from holdfast.vault.secrets import KeySealer

__all__ = [
    "cancel",
    "check",
    "earlier_ids",
    "earlier_reports",
    "find",
    "get",
    "last_revision",
    "list_filings",
    "request",
    "seal_submission",
    "unseal_submission",
]

MAX_FILES = 10_000
ANY_FILE_ID = "0" * 32


def check(submission: Submission) -> None:
    """Nothing, or `InvalidDocumentError` naming every field and rule: the report as it would be sent now."""
    build_report(submission.report)
    is_batched = submission.report.batched_report is not None
    if is_batched and len(submission.files) != 1:
        problem = Problem("/report/batchedReport", "batched_one_file", "goes with exactly one file")
        raise InvalidDocumentError(
            "A batched report goes with exactly one file; nothing was kept.", [problem]
        )
    for file in submission.files:
        details = FileDetails(report_id=1, file_id=ANY_FILE_ID, **dict(file.description))
        build_file_details(details, of_batched=is_batched)


def request(
    connection: sa.Connection,
    sealer: KeySealer,
    destination: CyberTipline,
    case_reference: str,
    submission: Submission,
    *,
    by: str,
    revision: int = 1,
    not_before: datetime | None = None,
    priority: int = 0,
) -> int:
    """The id of the filing; it begins at ``not_before`` (a hold, wholly before anything is opened), else now.

    The highest ``priority`` goes first. The files are preserved from this moment on, whatever becomes of it.

    Raises
        InvalidDocumentError: the report breaks rules; nothing was kept.
        ConflictError: this revision was asked for with another submission.
        UsageError: a revision without the one before it, or a reference that is too long.
    """
    check(submission)
    if not case_reference.strip() or len(case_reference) > 200:
        raise UsageError("A case reference has 1 to 200 characters; nothing was kept.")
    if len(submission.files) > MAX_FILES:
        raise UsageError(f"A report has at most {MAX_FILES} files here; nothing was kept.")
    _check_revision(connection, destination.name, case_reference, revision)
    at = moment(connection)
    values = {
        "destination": destination.name,
        "case_reference": case_reference,
        "revision": revision,
        "state": State.PENDING,
        "priority": priority,
        "sealed_submission": seal_submission(sealer, destination.name, case_reference, revision, submission),
        "file_count": len(submission.files),
        "incident_count": submission.report.incident_count,
        "cancel_wanted": False,
        "tries": 0,
        "due_at": not_before or at,
        "fence": 0,
        "requested_by": by,
        "requested_at": at,
    }
    made = connection.execute(
        upsert(connection, filings)
        .values(values)
        .on_conflict_do_nothing(
            index_elements=[filings.c.destination, filings.c.case_reference, filings.c.revision]
        )
        .returning(filings.c.id)
    ).scalar()
    if made is None:
        return _same(connection, sealer, destination.name, case_reference, revision, submission)
    facts = {
        "filing": int(made),
        "destination": destination.name,
        "case": case_reference,
        "revision": revision,
        "incidents": submission.report.incident_count,
        "files": len(submission.files),
    }
    items = [file.item_id for file in submission.files]
    preservation.begin(connection, case_reference, items, actor=by)  # held items are locked before events
    events.append(connection, "report.requested", facts)
    return int(made)


def cancel(connection: sa.Connection, filing_id: int) -> State:
    """The state now: cancelled, or the present one where the filer must first retract what is open.

    Raises `NotFoundError`, and `ConflictError` where it is too late: it is filed, or being finished.
    """
    filing = get(connection, filing_id)
    idle = sa.update(filings).where(
        filings.c.id == filing_id,
        filings.c.state == State.PENDING,
        sa.or_(filings.c.lease_until.is_(None), filings.c.lease_until <= moment(connection)),
    )
    values = {"state": State.CANCELLED, "finished_at": moment(connection), "lease_until": None}
    if connection.execute(idle.values(**values, fence=filings.c.fence + 1)).rowcount:
        alarms.resolve(connection, filing_id, alarms.ENDED_WITH_FILING)
        if rows.end_unanswered(connection, filing_id):
            alarms.raise_alarm(connection, filing_id, AlarmKind.ORPHAN_POSSIBLE, alarms.ORPHAN_TEXT)
        events.append(connection, "report.cancelled", {"filing": filing_id})
        return State.CANCELLED
    busy = sa.update(filings).where(
        filings.c.id == filing_id,
        filings.c.state.not_in([State.FINISHING, *ENDED]),
        sa.or_(filings.c.after_retract.is_(None), filings.c.after_retract == State.PENDING),
    )
    if connection.execute(busy.values(cancel_wanted=True)).rowcount:
        return get(connection, filing_id).state
    raise ConflictError(
        f"Filing {filing_id} is {filing.state}; it was not cancelled. Once a report is finished only NCMEC "
        "can withdraw it: write to them with the report's id."
    )


def get(connection: sa.Connection, filing_id: int) -> Filing:
    """One filing. Raises `NotFoundError`."""
    row = connection.execute(sa.select(filings).where(filings.c.id == filing_id)).first()
    if row is None:
        raise NotFoundError(f"There is no filing {filing_id}.")
    return of_row(row)


def find(
    connection: sa.Connection, destination: str, case_reference: str, revision: int = 1
) -> Filing | None:
    """The filing of one case revision, or None."""
    row = connection.execute(sa.select(filings).where(*_key(destination, case_reference, revision))).first()
    return None if row is None else of_row(row)


def last_revision(connection: sa.Connection, destination: str, case_reference: str) -> int:
    """The highest revision that was asked for; 0 where there is none."""
    query = sa.select(sa.func.max(filings.c.revision)).where(
        filings.c.destination == destination, filings.c.case_reference == case_reference
    )
    return int(connection.execute(query).scalar() or 0)


def list_filings(
    connection: sa.Connection,
    *,
    case_reference: str | None = None,
    states: Collection[State] | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Filing]:
    """Filings, newest first. For the next page give the smallest id of this one as ``before_id``."""
    query = sa.select(filings).order_by(filings.c.id.desc()).limit(limit)
    if case_reference is not None:
        query = query.where(filings.c.case_reference == case_reference)
    if states is not None:
        query = query.where(filings.c.state.in_(states))
    if before_id is not None:
        query = query.where(filings.c.id < before_id)
    return [of_row(row) for row in connection.execute(query)]


def earlier_reports(connection: sa.Connection, filing: Filing) -> list[int]:
    """The destination's ids of the reports that were filed for earlier revisions of the same case."""
    return earlier_ids(connection, filing.destination, filing.case_reference, before=filing.revision)


def earlier_ids(
    connection: sa.Connection, destination: str, case_reference: str, *, before: int | None = None
) -> list[int]:
    """The destination's ids of the reports of a case that were filed, of revisions ``before`` that one."""
    query = sa.select(filings.c.report_id).where(
        filings.c.destination == destination,
        filings.c.case_reference == case_reference,
        filings.c.state == State.FILED,
    )
    if before is not None:
        query = query.where(filings.c.revision < before)
    return [int(report_id) for report_id in connection.scalars(query.order_by(filings.c.revision))]


def seal_submission(
    sealer: KeySealer, destination: str, case_reference: str, revision: int, submission: Submission
) -> bytes:
    """The submission as it lies in its row."""
    context = _context(destination, case_reference, revision)
    return sealer.seal(submission.model_dump_json(exclude_defaults=True).encode(), context=context)


def unseal_submission(sealer: KeySealer, filing: Filing | sa.Row[Any]) -> Submission:
    """What is to be sent, of a filing or a packet. Raises `ObjectDamagedError` or `KeyUnavailableError`."""
    context = _context(filing.destination, filing.case_reference, filing.revision)
    return Submission.model_validate_json(sealer.unseal(filing.sealed_submission, context=context))


def _check_revision(connection: sa.Connection, destination: str, case_reference: str, revision: int) -> None:
    if revision < 1:
        raise UsageError("Revisions are counted from 1; nothing was kept.")
    if revision > 1 and find(connection, destination, case_reference, revision - 1) is None:
        raise UsageError(
            f"There is no revision {revision - 1} of this case at {destination}; the next one was not kept."
        )


def _same(
    connection: sa.Connection,
    sealer: KeySealer,
    destination: str,
    case_reference: str,
    revision: int,
    submission: Submission,
) -> int:
    found = find(connection, destination, case_reference, revision)
    if found is None or unseal_submission(sealer, found) != submission:
        raise ConflictError(
            f"Revision {revision} of this case was asked for with another report; nothing was changed. One "
            "revision is one report: what is to be added later is the next revision."
        )
    return found.id


def _key(destination: str, case_reference: str, revision: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        filings.c.destination == destination,
        filings.c.case_reference == case_reference,
        filings.c.revision == revision,
    )


def _context(destination: str, case_reference: str, revision: int) -> bytes:
    return f"holdfast filing 1\0{destination}\0{case_reference}\0{revision}".encode()
