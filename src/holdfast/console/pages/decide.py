"""Deciding a case: a page that says what will follow, the decision, undoing it, and the second person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.fields import Id
from holdfast.console.pages.case import Fence, case_names
from holdfast.console.pages.case_groups import groups_of
from holdfast.console.pages.case_view import choices_of
from holdfast.console.pages.confirming import Confirmation
from holdfast.console.pages.shared import names_of, see
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts
from holdfast.errors import UsageError
from holdfast.review import approvals, deciding
from holdfast.review.case_facts import CaseFacts, case_facts
from holdfast.review.words import NOT_A_MATCH
from holdfast.service.case_clock import settle_one

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_Version = Annotated[int, Form(ge=0, lt=2**31)]
_Outcome = Annotated[str, Form(max_length=20)]
_Action = Annotated[str, Form(max_length=20)]
_Reason = Annotated[str, Form(max_length=deciding.MAX_REASON + 100)]
_Code = Annotated[str, Form(max_length=40)]
_Go = Annotated[str, Form(max_length=10)]


@router.post("/console/cases/{case}/confirm")
def confirm(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    case: Id,
    fence: Fence,
    version: _Version,
    outcome: _Outcome,
    reason: _Reason,
    account_action: _Action = "",
) -> Response:
    """What was chosen and what follows from it. Nothing is done here."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        facts = case_facts(connection, case)
        names = case_names(connection, facts, caller, t)
    choice = next((one for one in choices_of(facts, t) if one.value == outcome), None)
    if choice is None:
        raise UsageError("Choose what is to be done with the case first. Nothing was decided.")
    bare = sum(not group.label for group in groups_of(case, facts.media, names, t))
    warnings = [t("confirm.unlabelled", count=bare)] if bare and outcome != "release" else []
    if outcome in ("report", "release"):
        warnings.append(t(f"confirm.{outcome}_warning"))
    told = Confirmation(
        title=t("confirm.title", outcome=choice.word, case=str(case)),
        follows=choice.follows,
        facts=_facts(facts, reason, account_action, t),
        warnings=tuple(warnings),
        action=f"/console/cases/{case}/decide",
        fields=(
            ("fence", str(fence)),
            ("version", str(version)),
            ("outcome", outcome),
            ("reason", reason),
            ("account_action", account_action),
        ),
        button=t("confirm.button"),
        back=f"/console/cases/{case}",
        choices_name="not_a_match",
        choices_title=t("not_a_match.title"),
        choices=tuple((one, t(f"not_a_match.{one}")) for one in NOT_A_MATCH)
        if outcome == "release" and bare
        else (),
    )
    return page(caller, "confirm.html", here="queue", confirm=told)


@router.post("/console/cases/{case}/decide")
def decide(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    case: Id,
    fence: Fence,
    version: _Version,
    outcome: _Outcome,
    reason: _Reason,
    go: _Go,
    account_action: _Action = "",
    not_a_match: _Code = "",
) -> Response:
    """The decision. It names the lease and the version that were looked at, or it is refused as a whole."""
    if go != "yes":
        return see(f"/console/cases/{case}")
    with caller.runtime.database.write() as connection:
        made = deciding.decide(
            connection,
            case,
            person=caller.subject,
            fence=fence,
            version=version,
            outcome=outcome,
            reason=reason.replace("\r\n", "\n"),
            rules=caller.runtime.review,
            account_action=account_action or None,
            not_a_match=not_a_match or None,
        )
    settle_one(caller.runtime, made.id)  # imminent danger waits for no undo
    return see(f"/console/cases/{case}")


@router.post("/console/decisions/{decision}/undo")
def undo(caller: Annotated[Caller, Guard(Permission.CASE_WRITE)], decision: Id) -> Response:
    """Takes a decision back that has not taken effect; the case is open again."""
    with caller.runtime.database.write() as connection:
        may_any = caller.allows(Permission.CASE_ASSIGN)
        undone = deciding.undo(connection, decision, person=caller.subject, may_any=may_any)
    return see(f"/console/cases/{undone.case_id}")


@router.get("/console/approvals")
def list_open(caller: Annotated[Caller, Guard(Permission.CASE_APPROVE)]) -> Response:
    """What waits for a second person."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        found = approvals.list_approvals(connection)
        names = names_of(connection, [one.asked_by for one in found], caller, t)
    rows = [
        {
            "id": one.id,
            "kind": t(f"approval.{one.kind}"),
            "target": _target(one, t),
            "why": one.why,
            "by": names(one.asked_by),
            "asked_at": one.asked_at,
            "case_id": one.case_id,
        }
        for one in found
    ]
    return page(caller, "approvals.html", here="queue", rows=rows)


@router.get("/console/approvals/{approval}")
def show_approval(caller: Annotated[Caller, Guard(Permission.CASE_APPROVE)], approval: Id) -> Response:
    """The confirmation for the second person: what the first one wants, and why."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        asked = approvals.get_approval(connection, approval)
        names = names_of(connection, [asked.asked_by], caller, t)
        decision = None
        if asked.decision_id is not None:
            decision = deciding.get_decision(connection, asked.decision_id)
    facts = [
        (t("confirm.what"), t(f"approval.{asked.kind}")),
        (t("confirm.target"), _target(asked, t)),
        (t("confirm.proposed_by"), names(asked.asked_by)),
        (t("case.reason"), asked.why),
    ]
    follows = t(f"approval.{asked.kind}_does")
    if decision is not None:
        facts.insert(2, (t("confirm.decision"), t(f"outcome.{decision.outcome}")))
    told = Confirmation(
        title=t("confirm.approve_title"),
        follows=follows,
        facts=tuple(facts),
        warnings=(t("approval.own"),) if asked.asked_by == caller.subject else (),
        action=f"/console/approvals/{approval}",
        fields=(),
        button=t("confirm.approve"),
        refuse=t("confirm.refuse"),
        back=f"/console/cases/{asked.case_id}" if asked.case_id else "/console/approvals",
    )
    return page(caller, "confirm.html", here="queue", confirm=told)


@router.post("/console/approvals/{approval}")
def answer(caller: Annotated[Caller, Guard(Permission.CASE_APPROVE)], approval: Id, go: _Go) -> Response:
    """The second person's word."""
    session = caller.session
    with caller.runtime.database.write() as connection:
        decision = deciding.approve(
            connection,
            approval,
            person=caller.subject,
            verdict="approved" if go == "yes" else "refused",
            signed_in_at=None if session is None else session.created_at,
        )
    return see("/console/approvals" if decision is None else f"/console/cases/{decision.case_id}")


def _facts(facts: CaseFacts, reason: str, account_action: str, t: Texts) -> tuple[tuple[str, str], ...]:
    rows = [(t("confirm.files"), t.number(len(facts.media)))]
    if facts.case.account:
        rows.append((t("case.account"), facts.case.account))
    action = t.or_plain("account_action", account_action or "none")
    return (*rows, (t("confirm.account"), action), (t("case.reason"), reason))


def _target(asked: approvals.Approval, t: Texts) -> str:
    return t("case.title", case=str(asked.case_id)) if asked.case_id is not None else asked.target
