"""From draft to approved: one person or two, a hold that is wholly before anything is opened, and a way back.

    approve(connection, desk, number, version=3, by="person:ana")    "asked" or "holding"
    cancel(connection, desk, number, by=..., reason=...)             at any time until it is finished

What is approved is one version of one draft: a change afterwards takes the approval with it. Imminent danger
needs one person and no hold.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from holdfast.errors import ConflictError, InvalidDocumentError, NotAllowedError, UsageError
from holdfast.records.dialect import moment
from holdfast.records.tables.base import now
from holdfast.records.two_people import are_two_people
from holdfast.reporting.cybertip.problems import Problem
from holdfast.reporting.drafts import rows
from holdfast.reporting.drafts.desk import Desk, tell
from holdfast.reporting.drafts.meter import measure
from holdfast.reporting.drafts.models import Content, Draft, State
from holdfast.reporting.drafts.texts import carried
from holdfast.reporting.drafts.views import with_proofs
from holdfast.reporting.standing_decision import is_taken_back

__all__ = [
    "BACK_TO_DRAFT",
    "approve",
    "approve_imminent",
    "cancel",
    "edit",
    "mark_imminent",
    "replace_content",
]

MAX_REASON = 500
OPEN = (State.DRAFT, State.ASKED, State.HOLDING)
BACK_TO_DRAFT: dict[str, Any] = {
    "state": State.DRAFT,
    "asked_by": None,
    "asked_at": None,
    "approved_by": None,
    "approved_at": None,
    "hold_until": None,
    "is_automatic": False,
}


def edit(
    connection: sa.Connection, desk: Desk, number: int, content: Content, *, version: int, by: str
) -> Draft:
    """Another content. An approval of what was there before is gone.

    Which files go, and what the ledger says of them, is no word of the editor's. Raises `NotFoundError`,
    `ConflictError` where it changed or was handed over, `UsageError` for other files than before.
    """
    draft = rows.lock(connection, number, version)
    before = rows.unseal(desk.sealer, draft)
    given = [file.item_id for file in content.files]
    if len(set(given)) < len(given) or not set(given) <= {file.item_id for file in before.files}:
        raise UsageError("A draft takes no files from outside its case, and each once; nothing was changed.")
    return replace_content(connection, desk, draft, content, by=by, action="report.edit")


def replace_content(
    connection: sa.Connection, desk: Desk, draft: Draft, content: Content, *, by: str, action: str
) -> Draft:
    """As `edit`, for a draft that is locked already. Raises `ConflictError` where it was handed over."""
    _open(draft)
    content = content.model_copy(update={"files": with_proofs(connection, content.files)})
    return _change(connection, desk, draft, content, by, BACK_TO_DRAFT, action=action)


def approve(connection: sa.Connection, desk: Desk, number: int, *, version: int, by: str) -> Draft:
    """``by`` wants it filed as it is. The state is then "holding", or "asked" where a second person must too.

    The ledger is asked once more: a file that was viewed since counts as viewed. Raises `NotFoundError`,
    `ConflictError`, `InvalidDocumentError` naming what is missing, `NotAllowedError` for the second person
    being the first.
    """
    draft = _open(rows.lock(connection, number, version))
    if draft.state is State.HOLDING:
        raise ConflictError(f"Report {number} is approved already, by {draft.approved_by}; nothing was done.")
    if is_taken_back(connection, draft_id=number):
        raise ConflictError(f"The decision behind report {number} was taken back; it was not approved.")
    content = rows.unseal(desk.sealer, draft)
    content = content.model_copy(update={"files": with_proofs(connection, content.files)})
    _require_whole(desk, draft, content)
    if draft.needs_second and not draft.is_imminent:
        if draft.state is State.DRAFT:
            asked = {"state": State.ASKED, "asked_by": by, "asked_at": moment(connection)}
            return _change(connection, desk, draft, content, by, asked, action="report.ask")
        if draft.asked_by is None or not are_two_people(draft.asked_by, by):
            raise NotAllowedError(
                f"Report {number} was not approved: it takes a second person beside {draft.asked_by}. A "
                "session, a key and an account of the machine may be one person's. A change of the report "
                "takes back what was asked."
            )
    return _change(connection, desk, draft, content, by, _held(connection, desk, draft, by), "report.approve")


def approve_imminent(connection: sa.Connection, desk: Desk, draft: Draft, decided_by: str) -> Draft:
    """Imminent danger: the decision itself approves, at once, as far as the draft is whole.

    Where something that must be there is missing it stays a draft of the highest priority; the event about
    it says so. Any other draft is given back as it is.
    """
    if not draft.is_imminent or draft.state is not State.DRAFT or draft.lacks or draft.version != 1:
        return draft
    content = rows.unseal(desk.sealer, draft)
    values = _held(connection, desk, draft, decided_by)
    return _change(connection, desk, draft, content, decided_by, values, action="report.approve")


def mark_imminent(connection: sa.Connection, desk: Desk, number: int, reason: str, *, by: str) -> Draft:
    """There is imminent danger after all: it escalates, and its hold and second person fall away.

    ``reason`` goes to the destination as the reason of the escalation. Raises `NotFoundError`,
    `ConflictError` once it was handed over, `UsageError` for an empty reason.
    """
    if not reason.strip() or len(reason) > 3000:
        raise UsageError("The reason has 1 to 3000 characters; nothing was changed.")
    draft = _open(rows.lock(connection, number))
    content = rows.unseal(desk.sealer, draft)
    summary = content.report.incident_summary.model_copy(
        update={"escalate_to_high_priority": carried(reason)}
    )
    report = content.report.model_copy(update={"incident_summary": summary})
    content = content.model_copy(update={"report": report})
    values: dict[str, Any] = {"is_imminent": True, "is_automatic": False, "priority": 100}
    approved = draft.state in (State.ASKED, State.HOLDING)
    lacking = measure(content, desk.destinations.get(draft.destination)).must
    if approved and not lacking:
        values |= {**_approved(connection, by), "hold_until": now()}
    return _change(connection, desk, draft, content, by, values, action="report.imminent")


def cancel(connection: sa.Connection, desk: Desk, number: int, *, by: str, reason: str) -> Draft:
    """Nobody wants it any more. What is open at the destination is withdrawn there first.

    Until it is handed over that leaves no trace at the destination. The content stays preserved. Raises
    `NotFoundError`, `ConflictError` where it is too late, `UsageError` for an empty reason.
    """
    if not reason.strip() or len(reason) > MAX_REASON:
        raise UsageError(f"The reason has 1 to {MAX_REASON} characters; nothing was cancelled.")
    draft = rows.lock(connection, number)
    if draft.state is State.CANCELLED:
        return draft
    values: dict[str, Any] = {"reason": reason}
    if draft.state is State.SENT:
        assert draft.number_there is not None  # noqa: S101  (the state has one)
        desk.destinations.get(draft.destination).cancel(connection, draft.number_there)
        action = "report.retract"
    else:
        values |= {"state": State.CANCELLED, "cancelled_by": by, "cancelled_at": moment(connection)}
        action = "report.cancel"
    changed = rows.change(connection, draft, by, values)
    if draft.state is not State.SENT:  # else the destination says so, once it is true
        tell(connection, "report.cancelled", changed, by=by, action=action)
    else:
        tell(connection, "report.changed", changed, by=by, action=action)
    return changed


def _held(connection: sa.Connection, desk: Desk, draft: Draft, by: str) -> dict[str, Any]:
    hold_s = 0.0 if draft.is_imminent else desk.settings.hold_s
    return {**_approved(connection, by), "hold_until": now() + timedelta(seconds=hold_s)}


def _approved(connection: sa.Connection, by: str) -> dict[str, Any]:
    return {"state": State.HOLDING, "approved_by": by, "approved_at": moment(connection)}


def _change(
    connection: sa.Connection,
    desk: Desk,
    draft: Draft,
    content: Content,
    by: str,
    values: dict[str, Any],
    action: str,
) -> Draft:
    complete = measure(content, desk.destinations.get(draft.destination))
    written = {
        "sealed_content": rows.seal(
            desk.sealer, draft.case_reference, draft.destination, draft.revision, content
        ),
        "file_count": len(content.files),
        "incident_count": content.incident_count,
        "lacks": len(complete.must),
        "score": complete.score,
    }
    changed = rows.change(connection, draft, by, {**written, **values})
    kind = "report.approved" if changed.state is State.HOLDING else "report.changed"
    facts = {"state": str(changed.state), "score": changed.score, "lacks": changed.lacks}
    tell(connection, kind, changed, by=by, action=action, facts=facts)
    return changed


def _open(draft: Draft) -> Draft:
    if draft.state not in OPEN:
        raise ConflictError(
            f"Report {draft.id} is {draft.state}; nothing was done. What is to be said now is a report "
            "of its own: a follow-up."
        )
    return draft


def _require_whole(desk: Desk, draft: Draft, content: Content) -> None:
    lacking = measure(content, desk.destinations.get(draft.destination)).must
    if lacking:
        problems = [Problem(one.field, "required", one.reason) for one in lacking]
        words = "; ".join(f"{one.field}: {one.reason}" for one in lacking[:5])
        raise InvalidDocumentError(f"Report {draft.id} was not approved. It lacks {words}.", problems)
