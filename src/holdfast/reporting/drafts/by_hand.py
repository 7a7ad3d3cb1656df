"""Reports that no decision of a case asks for: about a user alone, about a text; follow-ups."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from holdfast.errors import ConflictError, UsageError
from holdfast.records.tables.base import now
from holdfast.reporting.destination import Phase
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.approval import OPEN
from holdfast.reporting.drafts.desk import Desk
from holdfast.reporting.drafts.listing import standing_of
from holdfast.reporting.drafts.models import Content, Draft, DraftReport, Enrichment, Origin
from holdfast.reporting.drafts.sources import PREFIX, insert
from holdfast.reporting.drafts.views import with_proofs

__all__ = ["follow_up", "new_draft"]


def new_draft(
    connection: sa.Connection,
    desk: Desk,
    reference: str,
    report: DraftReport,
    *,
    destination: str,
    by: str,
) -> Draft:
    """A draft without files under a reference of your own: text alone, or a user alone.

    Raises `UsageError` for a reference that names a case, `ConflictError` where the reference has a draft,
    `NotFoundError` for an unknown destination.
    """
    if not reference.strip() or len(reference) > 200 or reference.startswith(PREFIX):
        raise UsageError(
            f"A reference has 1 to 200 characters and does not begin with {PREFIX!r}: reports of cases "
            "are made from the case. Nothing was made."
        )
    there = desk.destinations.get(destination)
    asks = desk.settings.enrichment_url is not None and bool(report.persons_reported)
    values: dict[str, Any] = {
        "case_reference": reference,
        "destination": there.name,
        "revision": 1,
        "priority": 0,
        "is_imminent": False,
        "needs_second": desk.settings.two_people,
        "retention_days": there.retention_days,
        "enrichment": Enrichment.WANTED if asks else Enrichment.NONE,
        "enrichment_due_at": now() if asks else None,
    }
    content = Content(report=report, origins=(Origin(field="report", source=by),))
    return insert(connection, desk, there, content, values, by=by)


def follow_up(connection: sa.Connection, desk: Desk, number: int, *, by: str) -> Draft:
    """The next report about the same: what the last one says, and its files where that was not filed.

    A refused or cancelled report is so corrected and filed after all; after a filed one the files are there
    already. It names the earlier reports by itself (`priorCTReports`) when it is filed. Raises
    `NotFoundError`, and `ConflictError` while an earlier one has not ended.
    """
    before = rows.lock(connection, number)
    last = rows.find_last(connection, before.case_reference, before.destination)
    if last is not None and (last.state in OPEN or _is_under_way(connection, last)):
        raise ConflictError(
            f"Report {last.id} about {before.case_reference} has not ended ({last.state}); no follow-up "
            "was made. Add to that one, or wait for it."
        )
    revision = 1 + max(before.revision, 0 if last is None else last.revision)
    content = rows.unseal(desk.sealer, before)
    standing = standing_of(connection, before)
    was_filed = standing is not None and standing.phase is Phase.FILED
    values: dict[str, Any] = {
        "case_reference": before.case_reference,
        "case_id": before.case_id,
        "case_revision": before.case_revision,
        "destination": before.destination,
        "revision": revision,
        "priority": before.priority,
        "is_imminent": False,
        "needs_second": before.needs_second,
        "rule": before.rule,
        "deadline_at": None if was_filed else before.deadline_at,  # a correction is owed since the first one
        "retention_days": before.retention_days,
        "enrichment": Enrichment.NONE,
    }
    origins = (Origin(field="report", source=f"report {number}"),)
    files = () if was_filed else with_proofs(connection, content.files)
    content = content.model_copy(update={"files": files, "origins": origins})
    return insert(connection, desk, desk.destinations.get(before.destination), content, values, by=by)


def _is_under_way(connection: sa.Connection, draft: Draft) -> bool:
    standing = standing_of(connection, draft)
    return standing is not None and standing.phase in (Phase.WAITING, Phase.UNDER_WAY)
