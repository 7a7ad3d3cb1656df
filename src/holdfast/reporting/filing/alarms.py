"""What a person must know: one open alarm a filing and kind, repeated until it is cleared.

Some clear themselves when their cause is gone (a possible orphan after it must have expired); the others
stay until somebody clears them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
import structlog

from holdfast.decisions.webhooks import outbox
from holdfast.errors import NotFoundError
from holdfast.records import events
from holdfast.records.bank_scope import ALL_BANKS, case_is_seen
from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.base import now
from holdfast.records.tables.drafts import report_drafts
from holdfast.records.tables.filings import filing_alarms, filing_attempts, filings
from holdfast.reporting.filing.decide import AlarmKind

__all__ = [
    "ORPHAN_TEXT",
    "Alarm",
    "Limits",
    "clear",
    "list_alarms",
    "raise_alarm",
    "report_of",
    "resolve",
    "sweep",
]

ORPHAN_TEXT = "A report was asked for and no id came: one may be open. It deletes itself within a day."
FILER = "filer"  # who cleared it, where no person did
ORPHAN_EXPIRES_S = 26 * 3600.0  # 24 h after it was opened, and the clocks may differ
ENDED_WITH_FILING = (AlarmKind.NOT_FILED, AlarmKind.OPEN_TOO_LONG, AlarmKind.BLOCKED, AlarmKind.MD5_DIFFERS)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. ``times``: how often its cause came up."""

    id: int
    filing_id: int
    kind: AlarmKind
    detail: str
    times: int
    raised_at: datetime
    repeated_at: datetime
    cleared_at: datetime | None
    cleared_by: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """When the clock raises an alarm, in seconds: a report is open, a filing is not filed; repetition."""

    open_s: float = 3600.0
    unfiled_s: float = 4 * 3600.0
    repeat_s: float = 24 * 3600.0


def raise_alarm(
    connection: sa.Connection, filing_id: int, kind: AlarmKind, detail: str, *, repeat_s: float = 0.0
) -> None:
    """Raise an alarm, or count it once more; an event is written the first time and on every repetition.

    With ``repeat_s`` an alarm that is younger than that is left alone.
    """
    at = moment(connection)
    statement = upsert(connection, filing_alarms).values(
        filing_id=filing_id, kind=kind, detail=detail[:500], times=1, raised_at=at, repeated_at=at
    )
    changed = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[filing_alarms.c.filing_id, filing_alarms.c.kind],
            index_where=sa.text("cleared_at IS NULL"),
            set_={"detail": detail[:500], "times": filing_alarms.c.times + 1, "repeated_at": at},
            where=filing_alarms.c.repeated_at <= moment(connection, -repeat_s),
        ).returning(filing_alarms.c.times)
    ).scalar()
    if changed is not None:
        facts = {"filing": filing_id, "kind": kind, "times": changed}
        event = events.append(connection, "report.alarm", facts)
        outbox.publish(connection, "report.alarm", facts, event_id=event)
        log.warning("a filing needs a person", **facts)


def resolve(connection: sa.Connection, filing_id: int, kinds: Collection[AlarmKind]) -> None:
    """Clear what has no cause any more."""
    connection.execute(
        sa.update(filing_alarms)
        .where(
            filing_alarms.c.filing_id == filing_id,
            filing_alarms.c.kind.in_(kinds),
            filing_alarms.c.cleared_at.is_(None),
        )
        .values(cleared_at=moment(connection), cleared_by=FILER)
    )


def clear(connection: sa.Connection, alarm_id: int, *, by: str) -> None:
    """A person has seen to it. Raises `NotFoundError`; clearing twice changes nothing."""
    if not connection.scalar(sa.select(sa.exists().where(filing_alarms.c.id == alarm_id))):
        raise NotFoundError(f"There is no alarm {alarm_id}.")
    connection.execute(
        sa.update(filing_alarms)
        .where(filing_alarms.c.id == alarm_id, filing_alarms.c.cleared_at.is_(None))
        .values(cleared_at=moment(connection), cleared_by=by)
    )


def list_alarms(
    connection: sa.Connection,
    *,
    filing_id: int | None = None,
    also_cleared: bool = False,
    banks_seen: tuple[str, ...] = ALL_BANKS,
    limit: int = 1000,
) -> list[Alarm]:
    """Alarms, oldest first; those that are not cleared, unless ``also_cleared``.

    ``banks_seen`` as in `review.cases.CaseFilter`: alarms about reports of other cases are left out.
    """
    query = sa.select(filing_alarms).order_by(filing_alarms.c.id).limit(limit)
    if "*" not in banks_seen:
        r = report_drafts.c
        of_other = sa.and_(r.filing_id == filing_alarms.c.filing_id, ~case_is_seen(r.case_id, banks_seen))
        query = query.where(~sa.exists().where(of_other))
    if filing_id is not None:
        query = query.where(filing_alarms.c.filing_id == filing_id)
    if not also_cleared:
        query = query.where(filing_alarms.c.cleared_at.is_(None))
    return [_alarm(row) for row in connection.execute(query)]


def report_of(connection: sa.Connection, alarm_id: int) -> int | None:
    """The number of the report that an alarm is about; None where there is no such alarm or report."""
    r, a = report_drafts.c, filing_alarms.c
    query = sa.select(r.id).join(filing_alarms, a.filing_id == r.filing_id)
    return connection.scalar(query.where(a.id == alarm_id))


def sweep(connection: sa.Connection, destination: str, limits: Limits) -> None:
    """What only the clock tells: reports open too long, filings not filed in time, orphans that expired."""
    at = now()
    live = sa.and_(filings.c.destination == destination, filings.c.finished_at.is_(None))
    open_since = at - timedelta(seconds=limits.open_s)
    late = sa.select(filings.c.id, filings.c.state).where(live, filings.c.opened_at <= open_since)
    for filing_id, state in connection.execute(late).all():
        text = f"A report has been open for more than {limits.open_s / 3600:g} h (state {state})."
        raise_alarm(connection, filing_id, AlarmKind.OPEN_TOO_LONG, text, repeat_s=limits.repeat_s)
    wanted_since = at - timedelta(seconds=limits.unfiled_s)
    tried = sa.or_(filings.c.tries > 0, filings.c.due_at <= wanted_since)
    unfiled = sa.select(filings.c.id, filings.c.state).where(
        live, tried, filings.c.requested_at <= wanted_since
    )
    for filing_id, state in connection.execute(unfiled).all():
        text = f"Not filed {limits.unfiled_s / 3600:g} h after it was wanted (state {state})."
        raise_alarm(connection, filing_id, AlarmKind.NOT_FILED, text, repeat_s=limits.repeat_s)
    _forget_expired_orphans(connection)


def _forget_expired_orphans(connection: sa.Connection) -> None:
    """An unfinished report deletes itself a day after it was opened: nothing is left to look for then."""
    since = moment(connection, -ORPHAN_EXPIRES_S)
    fresh = sa.exists().where(
        filing_attempts.c.filing_id == filing_alarms.c.filing_id, filing_attempts.c.begun_at > since
    )
    connection.execute(
        sa.update(filing_alarms)
        .where(
            filing_alarms.c.kind == AlarmKind.ORPHAN_POSSIBLE,
            filing_alarms.c.cleared_at.is_(None),
            filing_alarms.c.repeated_at <= since,
            sa.not_(fresh),
        )
        .values(cleared_at=moment(connection), cleared_by=FILER)
    )


def _alarm(row: sa.Row[Any]) -> Alarm:
    values = cast("dict[str, Any]", dict(row._mapping))
    return Alarm(**{**values, "kind": AlarmKind(values["kind"])})
