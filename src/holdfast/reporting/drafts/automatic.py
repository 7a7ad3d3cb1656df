"""Reports that a rule files without a person: exact matches on trusted banks, and nothing else.

Off by default. Switched on, it only counts what it would have filed for as long as the shadow time lasts;
then it files, at most so many in 24 hours, until somebody stops it. Nobody saw anything: `fileViewedByEsp`
is false. What it leaves alone, and what it counted in its shadow time, waits for people as any other draft.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from holdfast.errors import ConflictError, VaultError
from holdfast.records import audit
from holdfast.records.database import Database
from holdfast.records.dialect import moment, upsert
from holdfast.records.tables.audit import audit_log
from holdfast.records.tables.base import now
from holdfast.records.tables.drafts import WAITING, report_automatic, report_drafts
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.desk import Desk, tell
from holdfast.reporting.drafts.models import Draft, Enrichment, State
from holdfast.reporting.drafts.views import proofs
from holdfast.review.case_facts import CaseFacts, case_facts

__all__ = ["BY", "Automatic", "automatic", "file_by_rule", "resume", "stop"]

BY = "rule:automatic"
MACHINES = ("worker", BY, "platform")  # who works at drafts and is no person
LOOK_BACK = timedelta(hours=24)
BATCH = 200
SHADOWED = "the automatic rule, in its shadow time, would have filed this"
t, a = report_drafts, report_automatic

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Automatic:
    """Where the rule stands: "off", "stopped", "shadow", "capped" or "on"."""

    state: str
    shadow_until: datetime | None
    filed_in_24h: int
    daily_cap: int
    stopped_by: str | None


def automatic(connection: sa.Connection, desk: Desk) -> Automatic:
    """Where the rule stands now. The shadow time begins when this is first asked with the setting on."""
    settings = desk.settings
    row = connection.execute(sa.select(a)).first()
    filed = _filed_lately(connection)
    since = None if row is None else row.shadow_since
    until = None if since is None else since + timedelta(days=settings.automatic_shadow_days)
    if not settings.automatic:
        state = "off"
    elif row is not None and row.stopped_at is not None:
        state = "stopped"
    elif until is None or now() < until:
        state = "shadow"
    else:
        state = "capped" if filed >= settings.automatic_daily_cap else "on"
    return Automatic(
        state, until, filed, settings.automatic_daily_cap, None if row is None else row.stopped_by
    )


def stop(connection: sa.Connection, *, by: str) -> None:
    """The stop switch: from this commit on nothing is approved by rule, in any process."""
    _begin_shadow(connection)
    done = connection.execute(
        sa.update(a).where(a.c.stopped_at.is_(None)).values(stopped_at=moment(connection), stopped_by=by)
    ).rowcount
    if done:
        back = sa.update(t).where(t.c.is_automatic, t.c.state == str(State.HOLDING))
        connection.execute(
            back.values(
                state=State.DRAFT,
                is_automatic=False,
                approved_by=None,
                approved_at=None,
                hold_until=None,
                version=t.c.version + 1,
                reason="the automatic rule was stopped",
            )
        )
        audit.append(connection, actor=by, action="report.automatic_stop", target="rule:automatic")


def resume(connection: sa.Connection, *, by: str) -> None:
    """Go on after a stop, with a new shadow time. Raises `ConflictError` where it was not stopped."""
    done = connection.execute(
        sa.update(a)
        .where(a.c.stopped_at.is_not(None))
        .values(stopped_at=None, stopped_by=None, shadow_since=moment(connection))
    ).rowcount
    if not done:
        raise ConflictError("The automatic rule was not stopped; nothing was changed.")
    audit.append(connection, actor=by, action="report.automatic_resume", target="rule:automatic")


def file_by_rule(database: Database, desk: Desk) -> int:
    """Approve what the rule may, each in a transaction of its own; the number of them.

    In its shadow time it writes an event for each that it would have approved, once.
    """
    if not desk.settings.automatic:
        return 0
    with database.write() as connection:
        _begin_shadow(connection)
    done, after = 0, 0
    while numbers := _candidates(database, after):
        for number in numbers:
            try:
                with database.write() as connection:
                    done += _approve(connection, desk, number)
            except (VaultError, ConflictError) as error:  # one's trouble is no other's
                log.warning("a report waits for people", report=number, error=type(error).__name__)
        after = numbers[-1]
    return done


def _candidates(database: Database, after: int) -> list[int]:
    """Whole drafts that wait for people, that no person touched and that were not counted in shadow yet."""
    query = sa.select(t.c.id).where(
        WAITING,
        t.c.id > after,
        t.c.state == str(State.DRAFT),
        t.c.lacks == 0,
        t.c.file_count > 0,
        t.c.case_id.is_not(None),
        t.c.changed_by.in_(MACHINES),
        t.c.enrichment != str(Enrichment.WANTED),
        sa.not_(sa.or_(t.c.needs_second, t.c.is_imminent)),
        sa.or_(t.c.reason.is_(None), t.c.reason != SHADOWED),
    )
    with database.read() as connection:
        return list(connection.scalars(query.order_by(t.c.id).limit(BATCH)))


def _approve(connection: sa.Connection, desk: Desk, number: int) -> int:
    # Whoever writes here waits for the others: the cap counts what is committed.
    connection.execute(sa.select(a).with_for_update()).one()
    standing = automatic(connection, desk)
    draft = rows.lock(connection, number)
    if standing.state not in ("shadow", "on") or not _is_fit(connection, desk, draft):
        return 0
    if standing.state == "shadow":
        connection.execute(sa.update(t).where(t.c.id == draft.id).values(reason=SHADOWED))
        tell(connection, "report.shadowed", draft, by=BY)
        return 0
    values: dict[str, Any] = {
        "state": State.HOLDING,
        "is_automatic": True,
        "approved_by": BY,
        "approved_at": moment(connection),
        "hold_until": now() + timedelta(seconds=desk.settings.hold_s),
        "reason": None,
    }
    changed = rows.change(connection, draft, BY, values)
    tell(connection, "report.approved", changed, by=BY, action="report.approve", facts={"automatic": True})
    return 1


def _is_fit(connection: sa.Connection, desk: Desk, draft: Draft) -> bool:
    """No person touched or saw it, the platform was asked, every file is an exact trusted match."""
    untouched = draft.state is State.DRAFT and draft.reason != SHADOWED and draft.changed_by in MACHINES
    if not untouched or draft.lacks or draft.needs_second or draft.is_imminent:
        return False
    if draft.case_id is None or draft.enrichment is Enrichment.WANTED or draft.file_count == 0:
        return False
    if _has_person(connection, desk, draft):
        return False
    return _all_exact(case_facts(connection, draft.case_id))


def _has_person(connection: sa.Connection, desk: Desk, draft: Draft) -> bool:
    """Whether anybody drafted, changed or approved it, or saw all of one of its files: then it is theirs."""
    people = sa.and_(audit_log.c.target == f"report:{draft.id}", audit_log.c.actor.not_in(MACHINES))
    if connection.execute(sa.select(audit_log.c.position).where(people).limit(1)).first() is not None:
        return True
    items = [file.item_id for file in rows.unseal(desk.sealer, draft).files]
    return bool(proofs(connection, items))


def _all_exact(facts: CaseFacts) -> bool:
    verdicts = {} if facts.decision is None else facts.decision.verdicts
    reported = [one.item for one in facts.media if verdicts.get(one.item.id) == "confirm"]
    return bool(reported) and all(
        item.trusted
        and any(
            match.get("exact") and match.get("trusted") and match.get("bank_kind") == "known"
            for match in item.matches
        )
        for item in reported
    )


def _filed_lately(connection: sa.Connection) -> int:
    since = now() - LOOK_BACK
    query = sa.select(sa.func.count()).where(t.c.is_automatic, t.c.approved_at > since)
    return int(connection.execute(query).scalar_one())


def _begin_shadow(connection: sa.Connection) -> None:
    connection.execute(
        upsert(connection, a).values(id=1, shadow_since=moment(connection)).on_conflict_do_nothing()
    )
