"""Appeals: what somebody says against a decision, and the answer of somebody else than who took it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.fields import Id
from holdfast.console.pages.shared import names_of, see
from holdfast.console.render import page, texts_for
from holdfast.errors import UsageError
from holdfast.review import appeals
from holdfast.review.case_facts import case_facts
from holdfast.review.words import NOT_A_MATCH

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/console/appeals")
def show_open(caller: Annotated[Caller, Guard(Permission.CASE_READ)]) -> Response:
    """Appeals without an answer, the newest first."""
    with caller.runtime.database.read() as connection:
        found = appeals.list_appeals(connection)
    return page(caller, "appeals.html", here="queue", rows=found)


@router.get("/console/appeals/{appeal}")
def show(caller: Annotated[Caller, Guard(Permission.CASE_READ)], appeal: Id) -> Response:
    """One appeal with the decision that it is against."""
    t, runtime = texts_for(caller), caller.runtime
    with runtime.database.read() as connection:
        one = appeals.get_appeal(connection, appeal)
        facts = case_facts(connection, one.case_id, sealer=runtime.sealer)
        decision = next(found for found in facts.decisions if found.id == one.decision_id)
        said = next(found for found in facts.appeals if found.id == appeal)
        names = names_of(connection, [decision.by, one.decided_by], caller, t)
    can_answer = (
        one.outcome is None and caller.allows(Permission.CASE_WRITE) and decision.by != caller.subject
    )
    return page(
        caller,
        "appeal_case.html",
        here="queue",
        appeal=one,
        text=str((said.words or {}).get("text", "")),
        decision={
            "outcome": t(f"outcome.{decision.outcome}"),
            "by": names(decision.by),
            "at": decision.at,
            "reason": decision.reason,
        },
        answer=t(f"event.appeal_{one.outcome}", who=names(one.decided_by)) if one.outcome else "",
        can_answer=can_answer,
        is_own=decision.by == caller.subject,
        not_a_match=[(code, t(f"not_a_match.{code}")) for code in NOT_A_MATCH],
    )


@router.post("/console/appeals/{appeal}")
def answer(
    caller: Annotated[Caller, Guard(Permission.CASE_WRITE)],
    appeal: Id,
    outcome: Annotated[str, Form(max_length=12)],
    statement: Annotated[str, Form(max_length=2200)],
    not_a_match: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """The decision stands, or it was wrong: then a new one clears what it confirmed, and can be undone."""
    statement = statement.replace("\r\n", "\n")
    with caller.runtime.database.write() as connection:
        if outcome == "upheld":
            appeals.uphold(connection, appeal, person=caller.subject, statement=statement)
        elif outcome == "overturned":
            appeals.overturn(
                connection,
                appeal,
                person=caller.subject,
                statement=statement,
                not_a_match=not_a_match,
                rules=caller.runtime.review,
            )
        else:
            raise UsageError("Choose whether the decision stands. Nothing was answered.")
    return see(f"/console/appeals/{appeal}")
