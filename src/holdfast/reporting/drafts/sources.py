"""Cases and their drafts: for each decision to report, one draft for every destination that it must go to.

draft_case(database, desk, contents, case_id, by="person:ana")
for case_id in undrafted(connection): ...      what the worker looks for
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from holdfast.decisions.facts import Context
from holdfast.errors import UsageError
from holdfast.records.database import Database
from holdfast.records.dialect import moment
from holdfast.records.tables.base import now
from holdfast.records.tables.drafts import report_drafts, report_packets
from holdfast.records.tables.filings import filings
from holdfast.records.tables.review import case_decisions
from holdfast.reporting.destination import Destination
from holdfast.reporting.destinations.table import Rule
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.approval import approve_imminent
from holdfast.reporting.drafts.compose import compose, is_imminent, reported_media
from holdfast.reporting.drafts.desk import Desk, tell
from holdfast.reporting.drafts.media import Digests, digest
from holdfast.reporting.drafts.meter import measure
from holdfast.reporting.drafts.models import Content, Draft, Enrichment, State
from holdfast.reporting.drafts.views import with_proofs
from holdfast.reporting.filing.contents import Contents
from holdfast.reporting.standing_decision import WITH_DECISION, taken_back
from holdfast.review.case_facts import CaseFacts, DecisionFacts, case_facts
from holdfast.vault import preservation

__all__ = [
    "OVERTURNED",
    "case_reference",
    "draft_case",
    "insert",
    "latest_decision",
    "undrafted",
    "unwanted",
]

IMMINENT_PRIORITY = 100
PREFIX = "case:"
OVERTURNED = "the decision to report was taken back"


def case_reference(case_id: int) -> str:
    """How reports call a case."""
    return f"{PREFIX}{case_id}"


def latest_decision(connection: sa.Connection) -> int:
    """The id of the newest decision of a case; 0 where there is none."""
    return int(connection.scalar(sa.select(sa.func.max(case_decisions.c.id))) or 0)


def undrafted(
    connection: sa.Connection, *, after: int = 0, limit: int = 50, late_s: float = 0.0
) -> list[int]:
    """Cases that a decision in force says to report, and that have no draft of it yet; oldest first.

    Only decisions with an id above ``after``: a look at all of them takes the longer the more there are. With
    ``late_s`` only those that are in force for that many seconds.
    """
    d, t = case_decisions, report_drafts
    drafted = sa.exists().where(t.c.case_id == d.c.case_id, t.c.case_revision >= d.c.revision)
    query = (
        sa.select(d.c.case_id)
        .where(d.c.id > after, d.c.outcome == "report", d.c.state == "in_force", sa.not_(drafted))
        .order_by(d.c.id)
        .limit(limit)
    )
    if late_s:
        query = query.where(d.c.ended_at <= moment(connection, -late_s))
    return [int(case_id) for case_id in connection.scalars(query)]


def unwanted(connection: sa.Connection, *, limit: int = 50) -> list[int]:
    """Reports that are not finished and whose decision was overturned or undone, oldest first."""
    t = report_drafts
    live = sa.select(filings.c.id).where(filings.c.finished_at.is_(None))
    here = sa.select(report_packets.c.id).where(report_packets.c.finished_at.is_(None))
    unfinished = sa.or_(
        t.c.state.in_(("draft", "asked", "holding")), t.c.filing_id.in_(live), t.c.packet_id.in_(here)
    )
    query = (
        sa.select(t.c.id)
        .select_from(WITH_DECISION)
        .where(taken_back(), unfinished, sa.or_(t.c.reason.is_(None), t.c.reason != OVERTURNED))
        .order_by(t.c.id)
        .limit(limit)
    )
    return [int(number) for number in connection.scalars(query)]


def draft_case(
    database: Database,
    desk: Desk,
    contents: Contents,
    case_id: int,
    *,
    by: str,
    destination: str | None = None,
) -> list[Draft]:
    """The drafts of the decision in force, made where they are not there yet; nothing is filed.

    For the destinations that the rules name, or for the one that is named, whatever the rules say.

    The content is kept from now on. Where somebody marked imminent danger the draft is approved by the
    decision itself, without a hold: see `approval.approve_imminent`. Raises `NotFoundError`, `UsageError`
    where nobody decided to report, `KeyUnavailableError`.
    """
    with database.read() as connection:
        facts = case_facts(connection, case_id, sealer=desk.sealer)
        reports = _earlier_reports(connection, desk, facts)
    decision = _decision(facts)
    items = [one.item.item_id for one in reported_media(facts) if one.item.item_id is not None]
    digests = digest(contents, dict.fromkeys(items), purpose=f"draft of {case_reference(case_id)}")
    duties = _duties(desk, facts) if destination is None else [(None, desk.destinations.get(destination))]
    with database.write() as connection:
        preservation.begin(connection, case_reference(case_id), items, actor=by)
        made = [
            _draft(connection, desk, facts, decision, rule, there, reports, digests, by)
            for rule, there in duties
        ]
        return [approve_imminent(connection, desk, draft, decision.by) for draft in made]


def _decision(facts: CaseFacts) -> DecisionFacts:
    decision = facts.decision
    if decision is None or decision.outcome != "report":
        raise UsageError(
            f"Nobody decided to report case {facts.case.id}, or the decision is not in force yet; no draft "
            "was made. Decide the case first."
        )
    return decision


def _duties(desk: Desk, facts: CaseFacts) -> list[tuple[Rule | None, Destination]]:
    """Where it goes. A case that no rule of the file fits goes to its first destination: never to nobody."""
    countries = Counter(
        country for one in facts.media if (country := Context.from_json(one.item.context).country) is not None
    )
    country = countries.most_common(1)[0][0] if countries else None
    rules = desk.destinations.rules.duties(country, facts.case.surface, imminent=is_imminent(facts))
    if rules:
        return [(rule, desk.destinations.of_rule(rule)) for rule in rules]
    return [(None, next(iter(desk.destinations)))]


def _draft(
    connection: sa.Connection,
    desk: Desk,
    facts: CaseFacts,
    decision: DecisionFacts,
    rule: Rule | None,
    destination: Destination,
    reports: Mapping[str, list[int]],
    digests: Mapping[str, Digests],
    by: str,
) -> Draft:
    reference = case_reference(facts.case.id)
    last = rows.find_last(connection, reference, destination.name)
    if last is not None and (last.case_revision or 0) >= decision.revision:
        return last
    content = compose(facts, desk.settings, reports.get(destination.name, []), digests)
    content = content.model_copy(update={"files": with_proofs(connection, content.files)})
    revision = 1 if last is None else last.revision + 1
    values = {
        "case_reference": reference,
        "case_id": facts.case.id,
        "case_revision": decision.revision,
        "destination": destination.name,
        "revision": revision,
        "priority": IMMINENT_PRIORITY if is_imminent(facts) else 5 - facts.case.priority,
        "is_imminent": is_imminent(facts),
        "needs_second": (desk.settings.two_people or (rule is not None and rule.second_person)),
        "rule": None if rule is None else rule.id,
        "deadline_at": _deadline(rule, decision.at, is_imminent(facts)),
        "retention_days": destination.retention_days,
        "enrichment": _enrichment(desk, facts),
        "enrichment_due_at": now() if _enrichment(desk, facts) is Enrichment.WANTED else None,
    }
    return insert(connection, desk, destination, content, values, by=by)


def insert(
    connection: sa.Connection,
    desk: Desk,
    destination: Destination,
    content: Content,
    values: Mapping[str, Any],
    *,
    by: str,
) -> Draft:
    """A new row in state "draft". Raises `ConflictError` where that revision has one."""
    reference, revision = values["case_reference"], values["revision"]
    complete = measure(content, destination)
    at = moment(connection)
    given = {
        "state": State.DRAFT,
        "version": 1,
        "sealed_content": rows.seal(desk.sealer, reference, destination.name, revision, content),
        "file_count": len(content.files),
        "incident_count": content.incident_count,
        "lacks": len(complete.must),
        "score": complete.score,
        "is_automatic": False,
        "enrichment_tries": 0,
        "created_by": by,
        "created_at": at,
        "changed_by": by,
        "changed_at": at,
        **values,
    }
    draft = rows.get(connection, rows.insert(connection, given))
    progress = {"score": draft.score, "lacks": draft.lacks}
    tell(connection, "report.drafted", draft, by=by, action="report.draft", facts=progress)
    return draft


def _deadline(rule: Rule | None, known_since: datetime, imminent: bool) -> datetime | None:
    return None if rule is None else rule.due_at(known_since, imminent=imminent)


def _enrichment(desk: Desk, facts: CaseFacts) -> Enrichment:
    asks = desk.settings.enrichment_url is not None and facts.case.account is not None
    return Enrichment.WANTED if asks else Enrichment.NONE


def _earlier_reports(connection: sa.Connection, desk: Desk, facts: CaseFacts) -> dict[str, list[int]]:
    """Destination -> its numbers of reports that were filed about earlier cases of the same account."""
    references = [case_reference(case_id) for case_id in facts.earlier_cases]
    names = [one.name for one in desk.destinations]
    query = (
        sa.select(filings.c.destination, filings.c.report_id)
        .where(
            filings.c.destination.in_(names),
            filings.c.case_reference.in_(references),
            filings.c.state == "filed",
        )
        .order_by(filings.c.id)
    )
    found: dict[str, list[int]] = {}
    for destination, report_id in connection.execute(query):
        found.setdefault(destination, []).append(int(report_id))
    return found
