"""Drafts that wait for what the platform knows of their account: asked, merged, kept as it came.

The platform adds; it never changes what is there. An answer that would make the report break a rule is
refused as a whole and said so. Once somebody approved a draft its content stays as approved: an answer that
comes later is kept with it.
"""

from __future__ import annotations

import os
from typing import Any

import sqlalchemy as sa
import structlog

from holdfast.decisions.facts import Context
from holdfast.errors import ConflictError, HoldfastError, ReportingError
from holdfast.records.database import Database
from holdfast.records.dialect import moment
from holdfast.records.jobs import backoff_s
from holdfast.records.tables.drafts import WAITING
from holdfast.records.tables.drafts import report_drafts as t
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.desk import Desk, tell
from holdfast.reporting.drafts.meter import measure
from holdfast.reporting.drafts.models import Content, Draft, Enrichment, Origin, State
from holdfast.reporting.drafts.people import merge_people
from holdfast.reporting.drafts.platform import (
    AnswerRefusedError,
    Platform,
    PlatformAnswer,
    read_platform_answer,
)
from holdfast.review.cases import items_of

__all__ = ["enrich_due", "merged"]

BY = "platform"
MAX_TRIES = 10  # together about two hours
RETRY_BASE_S, RETRY_FACTOR, RETRY_CAP_S = 5.0, 3.0, 1200.0
LEASE_S = 120.0

log = structlog.get_logger(__name__)


def enrich_due(database: Database, desk: Desk, platform: Platform, *, at_most: int = 20) -> int:
    """Ask for drafts that wait for it; the number of answers that were taken in."""
    answered = 0
    for _ in range(at_most):
        draft = _claim(database)
        if draft is None:
            break
        try:
            answered += _enrich(database, desk, platform, draft)
        except AnswerRefusedError as error:
            _failed(database, draft, str(error), again=False)
        except ReportingError as error:
            _failed(database, draft, str(error), again=draft.enrichment_tries + 1 < MAX_TRIES)
        except ConflictError:
            log.info("a report changed while the platform was asked; it is asked again", report=draft.id)
    return answered


def merged(content: Content, answer: PlatformAnswer) -> Content:
    """The content with what only the platform says."""
    report = content.report
    changed: dict[str, Any] = {}
    if answer.person is not None:
        person = answer.person.model_copy(update={"esp_identifier": answer.account})
        changed["persons_reported"] = merge_people(report.persons_reported, person)
    for name in ("victims", "intended_recipients", "internet_details"):
        mine: tuple[object, ...] = getattr(report, name)
        new = tuple(one for one in getattr(answer, name) if one not in mine)
        if new:
            changed[name] = mine + new
    origins = tuple(Origin(field=name, source="platform") for name in changed)
    return content.model_copy(
        update={"report": report.model_copy(update=changed), "origins": content.origins + origins}
    )


def _claim(database: Database) -> Draft | None:
    with database.write() as connection:
        due = (
            sa.select(t.c.id)
            .where(
                WAITING,
                t.c.enrichment == str(Enrichment.WANTED),
                t.c.enrichment_due_at <= moment(connection),
            )
            .order_by(t.c.priority.desc(), t.c.enrichment_due_at, t.c.id)
            .limit(1)
        )
        row = connection.execute(
            sa.update(t)
            .where(t.c.id == due.scalar_subquery(), t.c.enrichment_due_at <= moment(connection))
            .values(enrichment_due_at=moment(connection, LEASE_S))  # else another worker asks too
            .returning(*t.c)
        ).first()
    return None if row is None else rows.of_row(row)


def _enrich(database: Database, desk: Desk, platform: Platform, draft: Draft) -> int:
    content = rows.unseal(desk.sealer, draft)
    accounts = [one.esp_identifier for one in content.report.persons_reported if one.esp_identifier]
    if len(accounts) != 1:
        raise AnswerRefusedError("The report names no account, or several: nothing was asked.")
    with database.read() as connection:
        items = [] if draft.case_id is None else items_of(connection, draft.case_id)
    references = [Context.from_json(item.context).content_reference for item in items]
    known = [one for one in references if one is not None]
    body = platform.ask(f"msg_{os.urandom(12).hex()}", accounts[0], draft.id, known)
    answer = read_platform_answer(body, accounts[0])
    with database.write() as connection:
        _take_in(connection, desk, draft.id, answer, body)
    return 1


def _take_in(connection: sa.Connection, desk: Desk, number: int, answer: PlatformAnswer, body: bytes) -> None:
    draft = rows.lock(connection, number)
    values: dict[str, Any] = {
        "sealed_answer": rows.seal_answer(desk.sealer, draft, body),
        "enrichment": Enrichment.ANSWERED,
        "enrichment_due_at": None,
    }
    if draft.state is State.DRAFT:
        before = rows.unseal(desk.sealer, draft)
        content = merged(before, answer)
        destination = desk.destinations.get(draft.destination)
        complete = measure(content, destination)
        known = {lack.field for lack in measure(before, destination).must}
        if broken := [lack for lack in complete.must if lack.field not in known]:
            words = "; ".join(f"{lack.field}: {lack.reason}" for lack in broken[:5])
            raise AnswerRefusedError(f"The platform's answer breaks rules of the report: {words}")
        values |= {
            "sealed_content": rows.seal(
                desk.sealer, draft.case_reference, draft.destination, draft.revision, content
            ),
            "lacks": len(complete.must),
            "score": complete.score,
        }
    changed = rows.change(connection, draft, BY, values)
    facts = {"score": changed.score, "lacks": changed.lacks, "merged": draft.state is State.DRAFT}
    tell(connection, "report.enriched", changed, by=BY, facts=facts)


def _failed(database: Database, draft: Draft, why: str, *, again: bool) -> None:
    tries = draft.enrichment_tries + 1
    pause_s = backoff_s(tries, base_s=RETRY_BASE_S, factor=RETRY_FACTOR, cap_s=RETRY_CAP_S)
    try:
        with database.write() as connection:
            connection.execute(
                sa.update(t)
                .where(t.c.id == draft.id, t.c.enrichment == str(Enrichment.WANTED))
                .values(
                    enrichment=Enrichment.WANTED if again else Enrichment.FAILED,
                    enrichment_tries=tries,
                    enrichment_due_at=moment(connection, pause_s) if again else None,
                    reason=why[:500],
                )
            )
            if not again:
                tell(connection, "report.changed", draft, by=BY, facts={"enrichment": "failed"})
    except HoldfastError as error:
        log.warning("a failed question was not written down", report=draft.id, error=type(error).__name__)
    log.warning("the platform was asked in vain", report=draft.id, again=again, tries=tries)
