"""Pages of drafts, where each stands at its destination, and the counts: reports, incidents, files apart."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from holdfast.errors import NotFoundError
from holdfast.records.tables.drafts import report_drafts as t
from holdfast.records.tables.drafts import report_packets as p
from holdfast.records.tables.filings import filings as f
from holdfast.reporting.destination import Phase, Receipt, Standing
from holdfast.reporting.destinations.cybertipline import filing_receipt, filing_standing, phase_of
from holdfast.reporting.destinations.packet import PHASES, packet_receipt, packet_standing
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.models import Draft, State

__all__ = ["Counted", "counts", "list_drafts", "receipt_of", "standing_of"]


@dataclass(frozen=True, slots=True)
class Counted:
    """Three things apart: a batched report tells of many incidents."""

    reports: int
    incidents: int
    files: int


def list_drafts(
    connection: sa.Connection,
    *,
    states: Collection[State] | None = None,
    case_reference: str | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Draft]:
    """Drafts, newest first. For the next page give the smallest id of this one as ``before_id``."""
    query = sa.select(t).order_by(t.c.id.desc()).limit(limit)
    if states is not None:
        query = query.where(t.c.state.in_([str(state) for state in states]))
    if case_reference is not None:
        query = query.where(t.c.case_reference == case_reference)
    if before_id is not None:
        query = query.where(t.c.id < before_id)
    return [rows.of_row(row) for row in connection.execute(query)]


def standing_of(connection: sa.Connection, draft: Draft) -> Standing | None:
    """Where it stands at its destination, also one that is set up no longer; None before the hand-over."""
    if draft.filing_id is not None:
        return filing_standing(connection, draft.filing_id)
    return None if draft.packet_id is None else packet_standing(connection, draft.packet_id)


def receipt_of(connection: sa.Connection, draft: Draft) -> Receipt:
    """The receipt. Raises `NotFoundError` while there is none."""
    found = None
    if draft.filing_id is not None:
        found = filing_receipt(connection, draft.filing_id)
    elif draft.packet_id is not None:
        found = packet_receipt(connection, draft.packet_id)
    if found is None:
        raise NotFoundError(f"Report {draft.id} has no receipt: it is not filed.")
    return found


def counts(
    connection: sa.Connection, *, since: datetime | None = None, until: datetime | None = None
) -> dict[Phase, Counted]:
    """Phase -> what was handed over to destinations in that time, or is on its way."""
    found: dict[Phase, Counted] = {}
    for table, to_phase in ((f, phase_of), (p, PHASES.__getitem__)):
        c = table.c
        query = sa.select(
            c.state, sa.func.count(), sa.func.sum(c.incident_count), sa.func.sum(c.file_count)
        ).group_by(c.state)
        if since is not None:
            query = query.where(c.requested_at >= since)
        if until is not None:
            query = query.where(c.requested_at < until)
        for state, reports, incidents, files in connection.execute(query):
            phase = to_phase(state)
            before = found.get(phase, Counted(0, 0, 0))
            found[phase] = Counted(
                before.reports + int(reports),
                before.incidents + int(incidents or 0),
                before.files + int(files or 0),
            )
    return found
