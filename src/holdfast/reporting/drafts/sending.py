"""Approved drafts whose hold is over go to their destination: one transaction each, once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import sqlalchemy as sa
import structlog

from holdfast.errors import ConflictError, HoldfastError, NotFoundError, ReportingError, VaultError
from holdfast.records.database import Database
from holdfast.records.dialect import moment
from holdfast.records.tables.base import now
from holdfast.records.tables.drafts import WAITING
from holdfast.records.tables.drafts import report_drafts as t
from holdfast.records.tables.drafts import report_packets as p
from holdfast.reporting.destination import Order
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.approval import BACK_TO_DRAFT
from holdfast.reporting.drafts.desk import Desk, tell
from holdfast.reporting.drafts.models import Draft, State
from holdfast.reporting.filing.models import Submission
from holdfast.reporting.standing_decision import is_taken_back
from holdfast.vault import retention

__all__ = ["due", "raise_late", "send", "send_due"]

WORKER = "worker"
LATE_AGAIN = timedelta(hours=4)

log = structlog.get_logger(__name__)


def due(
    connection: sa.Connection, destinations: Collection[str] | None = None, *, limit: int = 100
) -> list[int]:
    """Approved drafts whose hold is over, the most urgent first; with ``destinations`` only theirs."""
    query = (
        sa.select(t.c.id)
        .where(WAITING, t.c.state == str(State.HOLDING), t.c.hold_until <= moment(connection))
        .order_by(t.c.priority.desc(), t.c.hold_until, t.c.id)
        .limit(limit)
    )
    if destinations is not None:
        query = query.where(t.c.destination.in_(destinations))
    return [int(number) for number in connection.scalars(query)]


def send_due(database: Database, desk: Desk) -> int:
    """Hand over everything that is due; the number of reports. One's trouble is no other's.

    What is meant for a destination that is not set up here stays where it is, and takes nobody's place.
    """
    with database.read() as connection:
        numbers = due(connection, [one.name for one in desk.destinations])
    sent = 0
    for number in numbers:
        try:
            with database.write() as connection:
                send(connection, desk, number)
            sent += 1
        except (NotFoundError, VaultError) as error:
            log.warning("a report waits: it cannot be read", report=number, error=type(error).__name__)
        except ConflictError:
            log.info("a report changed at the moment of its hand-over", report=number)
        except ReportingError as error:
            _back(database, desk, number, error)
    return sent


def send(connection: sa.Connection, desk: Desk, number: int) -> Draft:
    """Hand over one approved draft, in the caller's transaction: nothing is opened before it is committed.

    Raises `ConflictError` where it is not due, `InvalidDocumentError`, `DestinationError`, `NotFoundError`.
    """
    draft = rows.lock(connection, number)
    if draft.state is not State.HOLDING or draft.hold_until is None or draft.hold_until > now():
        raise ConflictError(f"Report {number} is not due: it is {draft.state}. Nothing was handed over.")
    if is_taken_back(connection, draft_id=number):
        raise ConflictError(
            f"The decision that report {number} rests on was taken back. Nothing was handed over: it is "
            "withdrawn."
        )
    destination = desk.destinations.get(draft.destination)
    submission: Submission = rows.unseal(desk.sealer, draft).submission()
    order = Order(
        case_reference=draft.case_reference,
        submission=submission,
        by=draft.approved_by or draft.changed_by,
        priority=draft.priority,
    )
    items = [file.item_id for file in submission.files]
    retention.keep_at_least(connection, items, now() + timedelta(days=draft.retention_days))
    over = destination.hand_over(connection, order)
    column = "filing_id" if over.table == "filings" else "packet_id"
    values = {"state": State.SENT, "sent_at": moment(connection), column: over.number}
    return rows.change(connection, draft, WORKER, values)


def raise_late(connection: sa.Connection) -> list[int]:
    """An event and a webhook for each report past its deadline that waits for people, repeated: a draft that
    nobody approved, one that could not be handed over though its hold has ended, a packet that nobody handed
    over. What a filer has has alarms of its own.
    """
    at = now()
    told = sa.or_(t.c.late_told_at.is_(None), t.c.late_told_at <= at - LATE_AGAIN)
    here = sa.select(p.c.id).where(p.c.finished_at.is_(None))
    people = t.c.state.in_((str(State.DRAFT), str(State.ASKED)))
    stuck = sa.and_(t.c.state == str(State.HOLDING), t.c.hold_until <= at)
    waits = sa.or_(people, stuck, t.c.packet_id.in_(here))
    late = connection.execute(
        sa.update(t).where(waits, t.c.deadline_at <= at, told).values(late_told_at=at).returning(*t.c)
    ).all()
    for row in late:
        draft = rows.of_row(row)
        facts = {"state": str(draft.state), "deadline_at": row.deadline_at.isoformat(), "lacks": draft.lacks}
        tell(connection, "report.late", draft, by=WORKER, facts=facts)
        log.warning("a report is late", report=draft.id, state=str(draft.state))
    return [int(row.id) for row in late]


def _back(database: Database, desk: Desk, number: int, error: HoldfastError) -> None:
    """What cannot be handed over goes back to people, and says why."""
    with database.write() as connection:
        draft = rows.lock(connection, number)
        if draft.state is State.HOLDING:
            changed = rows.change(
                connection, draft, WORKER, {**BACK_TO_DRAFT, "reason": str(error)[:500], "lacks": 1}
            )
            tell(
                connection, "report.changed", changed, by=WORKER, facts={"state": "draft", "held_back": True}
            )
    log.warning("a report went back to people", report=number, error=type(error).__name__)
