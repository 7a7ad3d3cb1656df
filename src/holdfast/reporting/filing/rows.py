"""Changes of a filing under its lease. Whoever lost the lease is refused, and nothing is written.

Every function takes the caller's connection; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, cast

import sqlalchemy as sa

from holdfast.errors import LeaseLostError
from holdfast.records.dialect import moment
from holdfast.records.tables.filings import filing_attempts, filing_uploads, filings
from holdfast.reporting.filing.models import Filing, State

__all__ = [
    "Outcome",
    "add_upload",
    "begin_attempt",
    "claim",
    "described",
    "due",
    "end_attempt",
    "end_unanswered",
    "finish_was_sent",
    "is_known",
    "mark_finish_sent",
    "of_row",
    "renew",
    "set_report_id",
    "update",
    "uploads",
]

Outcome = Literal["finished", "retracted", "gone", "none", "unknown"]

a = filing_attempts
u = filing_uploads


def of_row(row: sa.Row[Any]) -> Filing:
    """The filing of a row of `filings`."""
    values = cast("dict[str, Any]", dict(row._mapping))
    after = values["after_retract"]
    states = {"state": State(values["state"]), "after_retract": None if after is None else State(after)}
    return Filing(**{**values, **states})


def due(connection: sa.Connection, destination: str) -> bool:
    """Whether `claim` would find anything. Reads only."""
    return bool(connection.execute(sa.select(sa.exists(_due(connection, destination)))).scalar_one())


def claim(connection: sa.Connection, destination: str, worker_id: str, lease_s: float) -> Filing | None:
    """The next filing that is due, now leased to ``worker_id``; None where none is."""
    picked = (
        _due(connection, destination)
        .order_by(filings.c.priority.desc(), filings.c.due_at, filings.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    statement = (
        sa.update(filings)
        .where(filings.c.id.in_(sa.select(picked.c.id)))
        .values(worker_id=worker_id, lease_until=moment(connection, lease_s), fence=filings.c.fence + 1)
        .returning(filings)
    )
    row = connection.execute(statement).first()
    return None if row is None else of_row(row)


def update(
    connection: sa.Connection, filing: Filing, values: Mapping[str, Any], *where: sa.ColumnElement[bool]
) -> Filing:
    """The filing with these values, where it is still held and ``where`` holds too.

    Raises `LeaseLostError`: then the transaction must not commit.
    """
    statement = (
        sa.update(filings)
        .where(
            filings.c.id == filing.id,
            filings.c.fence == filing.fence,
            filings.c.lease_until.is_not(None),
            *where,
        )
        .values(values)
        .returning(filings)
    )
    row = connection.execute(statement).first()
    if row is None:
        raise LeaseLostError(
            f"Filing {filing.id} is no longer held by claim {filing.fence}. Nothing was written. Leave it: "
            "whoever holds it now goes on."
        )
    return of_row(row)


def renew(connection: sa.Connection, filing: Filing, lease_s: float) -> Filing:
    """Hold the filing for ``lease_s`` seconds from now. Raises `LeaseLostError`."""
    return update(connection, filing, {"lease_until": moment(connection, lease_s)})


def begin_attempt(connection: sa.Connection, filing: Filing) -> int:
    """Write down that a report is about to be asked for; the attempt's id."""
    statement = sa.insert(a).values(
        filing_id=filing.id,
        destination=filing.destination,
        fence=filing.fence,
        begun_at=moment(connection),
    )
    return int(connection.execute(statement.returning(a.c.id)).scalar_one())


def set_report_id(connection: sa.Connection, attempt_id: int, report_id: int) -> None:
    """Write down the id that the destination gave. Raises `ConflictError` for one that it gave before."""
    connection.execute(sa.update(a).where(a.c.id == attempt_id).values(report_id=report_id))


def is_known(connection: sa.Connection, destination: str, report_id: int) -> bool:
    """Whether the destination gave this id before."""
    known = sa.exists().where(a.c.destination == destination, a.c.report_id == report_id)
    return bool(connection.scalar(sa.select(known)))


def end_attempt(
    connection: sa.Connection, attempt_id: int, outcome: Outcome, *, report_id: int | None = None
) -> None:
    """Write down how an attempt ended, where it is open or unknown. Needs no lease: it is a fact."""
    values: dict[str, Any] = {"outcome": outcome, "ended_at": moment(connection)}
    if report_id is not None:
        values["report_id"] = report_id
    is_unsettled = sa.or_(a.c.outcome.is_(None), a.c.outcome == "unknown")
    connection.execute(sa.update(a).where(a.c.id == attempt_id, is_unsettled).values(values))


def end_unanswered(connection: sa.Connection, filing_id: int) -> int:
    """Close attempts whose request was sent and whose id never came; the number of them."""
    statement = (
        sa.update(a)
        .where(a.c.filing_id == filing_id, a.c.report_id.is_(None), a.c.outcome.is_(None))
        .values(outcome="unknown", ended_at=moment(connection))
    )
    return connection.execute(statement).rowcount


def mark_finish_sent(connection: sa.Connection, attempt_id: int) -> None:
    """Write down that /finish is about to be sent."""
    connection.execute(
        sa.update(a)
        .where(a.c.id == attempt_id, a.c.finish_sent_at.is_(None))
        .values(finish_sent_at=moment(connection))
    )


def finish_was_sent(connection: sa.Connection, attempt_id: int) -> bool:
    """Whether /finish may have been sent for this attempt's report."""
    query = sa.select(a.c.finish_sent_at.is_not(None)).where(a.c.id == attempt_id)
    return bool(connection.execute(query).scalar())


def add_upload(
    connection: sa.Connection,
    attempt_id: int,
    number: int,
    file_id: str,
    *,
    was_viewed: bool,
    exif_was_viewed: bool,
) -> None:
    """Write down that a file arrived whole."""
    connection.execute(
        sa.insert(u).values(
            attempt_id=attempt_id,
            number=number,
            file_id=file_id,
            was_viewed=was_viewed,
            exif_was_viewed=exif_was_viewed,
            uploaded_at=moment(connection),
        )
    )


def described(connection: sa.Connection, attempt_id: int, number: int) -> None:
    """Write down that a file's details were taken."""
    connection.execute(
        sa.update(u)
        .where(u.c.attempt_id == attempt_id, u.c.number == number)
        .values(described_at=moment(connection))
    )


def uploads(connection: sa.Connection, attempt_id: int) -> list[sa.Row[Any]]:
    """The files that arrived for an attempt, by number."""
    return list(connection.execute(sa.select(u).where(u.c.attempt_id == attempt_id).order_by(u.c.number)))


def _due(connection: sa.Connection, destination: str) -> sa.Select[tuple[int]]:
    at: datetime | sa.ColumnElement[datetime] = moment(connection)
    before = filings.alias("before")
    waits_for_earlier = sa.exists().where(
        before.c.destination == filings.c.destination,
        before.c.case_reference == filings.c.case_reference,
        before.c.revision < filings.c.revision,
        before.c.finished_at.is_(None),
    )
    return sa.select(filings.c.id).where(
        filings.c.destination == destination,
        filings.c.finished_at.is_(None),
        filings.c.due_at <= at,
        sa.or_(filings.c.lease_until.is_(None), filings.c.lease_until <= at),
        sa.not_(waits_for_earlier),
    )
