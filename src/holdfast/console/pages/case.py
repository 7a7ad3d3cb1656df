"""One case: look at it, take it, keep it, hand it back; labels, annotations and notes."""

from __future__ import annotations

from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.fields import Id
from holdfast.console.pages.case_view import case_view
from holdfast.console.pages.keeping import holds_on_case
from holdfast.console.pages.shared import Names, names_of, see, wants_fragment
from holdfast.console.pages.stop import stop_of
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts
from holdfast.errors import ConflictError
from holdfast.review import cases, labels, leases
from holdfast.review.approvals import Approval, list_approvals
from holdfast.review.case_facts import CaseFacts, case_facts
from holdfast.review.words import (
    ACCOUNT_ACTIONS,
    FILE_ANNOTATIONS,
    INCIDENT_TYPES,
    LABELS,
    NOT_A_MATCH,
    REPORT_ANNOTATIONS,
)

__all__ = ["Fence", "case_names", "router"]

router = APIRouter(include_in_schema=False)

# Code of a label -> the action of its key.
LABEL_KEYS: Final = tuple((code, f"{code.lower()}") for code in LABELS)
Fence = Annotated[int, Form(ge=0, lt=2**31)]
_Words = Annotated[list[str], Form(max_length=40)]


@router.get("/console/cases/{case}")
def show(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)],
    case: Id,
    first: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The page. Looking at it shows no file: those are asked for one by one (`media`)."""
    t = texts_for(caller)
    runtime = caller.runtime
    with runtime.database.read() as connection:
        facts = case_facts(connection, case, sealer=runtime.sealer)
        names = case_names(connection, facts, caller, t)
        view = case_view(facts, _asked(connection, facts), caller, names, t, first)
        stop = stop_of(connection, caller, t)
        items = [one.item.item_id for one in facts.media if one.item.item_id]
        legal = holds_on_case(connection, items, caller, t) if caller.allows(Permission.VAULT_HOLD) else []
    return page(caller, "case.html", here="queue", case=view, stop=stop, legal_holds=legal, **_words(t))


@router.post("/console/cases/{case}/take")
def take(caller: Annotated[Caller, Guard(Permission.CASE_WRITE)], case: Id) -> Response:
    """The case is the caller's. Who may assign cases takes it also from another."""
    t, runtime = texts_for(caller), caller.runtime
    with runtime.database.write() as connection:
        stop = stop_of(connection, caller, t)
        if stop is not None:
            raise ConflictError(stop)
        from_other = caller.allows(Permission.CASE_ASSIGN)
        leases.take(connection, case, caller.subject, runtime.review, from_other=from_other)
    return see(f"/console/cases/{case}")


@router.post("/console/cases/{case}/heartbeat", status_code=204)
def heartbeat(caller: Annotated[Caller, Guard(Permission.CASE_WRITE)], case: Id, fence: Fence) -> None:
    """The page says that somebody is still there. 409 when the case is another's by now."""
    with caller.runtime.database.write() as connection:
        leases.heartbeat(connection, case, caller.subject, fence, caller.runtime.review)


@router.post("/console/cases/{case}/hand-back")
def hand_back(caller: Annotated[Caller, Guard(Permission.CASE_WRITE)], case: Id, fence: Fence) -> Response:
    """The case is anybody's again."""
    with caller.runtime.database.write() as connection:
        leases.hand_back(connection, case, caller.subject, fence)
    return see("/console/queue")


@router.post("/console/cases/{case}/label")
def label(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    case: Id,
    fence: Fence,
    item: Annotated[int, Form(ge=1, lt=2**63)],
    label: Annotated[str, Form(max_length=10)],
    not_a_match: Annotated[str, Form(max_length=40)] = "",
    annotation: _Words = [],  # noqa: B006  (FastAPI copies it)
) -> Response:
    """Labels a file and its copies in the case."""
    is_none = label == "none"
    with caller.runtime.database.write() as connection:
        labels.label_item(
            connection,
            case,
            item,
            person=caller.subject,
            fence=fence,
            label=label,
            not_a_match=(not_a_match or None) if is_none else None,
            annotations=[] if is_none else annotation,
        )
    return _done(caller, case)


@router.post("/console/cases/{case}/annotate")
def annotate(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    case: Id,
    fence: Fence,
    incident_type: Annotated[str, Form(max_length=80)] = "",
    annotation: _Words = [],  # noqa: B006
) -> Response:
    """What the case is about, for the report."""
    with caller.runtime.database.write() as connection:
        labels.annotate_case(
            connection,
            case,
            person=caller.subject,
            fence=fence,
            incident_type=incident_type or None,
            annotations=annotation,
        )
    return _done(caller, case)


@router.post("/console/cases/{case}/note")
def note(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    case: Id,
    text: Annotated[str, Form(max_length=4000)],
    transcript_of: Annotated[int | None, Form(ge=1, lt=2**63)] = None,
) -> Response:
    """A note for whoever comes to the case. It needs no lease: it changes nothing that is decided on.

    With ``transcript_of`` it says in its first line which file of the case it has the words of.
    """
    words = text.replace("\r\n", "\n")
    if transcript_of is not None and words.strip():
        t = texts_for(caller)
        words = f"{t('view.transcript_of', file=str(transcript_of))}:\n{words}"
    with caller.runtime.database.write() as connection:
        cases.add_note(connection, case, by=caller.subject, text=words)
    return see(f"/console/cases/{case}")


def case_names(connection: sa.Connection, facts: CaseFacts, caller: Caller, t: Texts) -> Names:
    """The names of everybody who had to do with the case."""
    found: set[str | None] = {facts.case.lease_owner, facts.case.imminent_by}
    found |= {note.by for note in facts.notes}
    found |= {one for decision in facts.decisions for one in (decision.by, decision.ended_by)}
    found |= {appeal.decided_by for appeal in facts.appeals}
    for one in facts.media:
        found.add(one.item.labelled_by)
        if one.cluster is not None:
            found.add(one.cluster.decided_by)
        if one.views is not None:
            found |= {served.person for served in one.views.served}
    return names_of(connection, found, caller, t)


def _asked(connection: sa.Connection, facts: CaseFacts) -> Approval | None:
    """The question to a second person that the case's last decision waits for."""
    last = facts.decisions[-1] if facts.decisions else None
    if last is None or last.state != "approval":
        return None
    return next((one for one in list_approvals(connection) if one.decision_id == last.id), None)


def _done(caller: Caller, case: int) -> Response:
    return Response(status_code=204) if wants_fragment(caller) else see(f"/console/cases/{case}")


def _words(t: Texts) -> dict[str, Any]:
    """What can be chosen, in words."""
    return {
        "label_codes": LABEL_KEYS,
        "not_a_match": [(one, t(f"not_a_match.{one}")) for one in NOT_A_MATCH],
        "file_annotations": tuple(FILE_ANNOTATIONS),
        "report_annotations": tuple(REPORT_ANNOTATIONS),
        "incident_types": [(one, t(f"incident.{number}")) for number, one in enumerate(INCIDENT_TYPES)],
        "priorities": [(str(one), t(f"priority.p{one}")) for one in range(1, 6)],
        "account_actions": [(one, t(f"account_action.{one}")) for one in ACCOUNT_ACTIONS],
    }
