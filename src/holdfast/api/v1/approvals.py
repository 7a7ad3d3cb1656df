"""What takes two people: questions of one person, answers of another."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.cases import require_case_scope
from holdfast.api.v1.fields import Answer, BeforeId, Id, Limit, Page, Reason, Request, page
from holdfast.api.v1.holds import require_scope
from holdfast.api.writes import Write, Writing
from holdfast.review import approvals, deciding
from holdfast.service.case_clock import settle_one
from holdfast.vault import listing

__all__ = ["router"]

router = APIRouter(tags=["approvals"])


class NewApproval(Request):
    """What a person wants to do that takes two. Clearing a match is asked for by deciding a case."""

    kind: Literal["open_outside_case"] = "open_outside_case"
    hold: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] = Field(
        examples=["0f3c9d2ab17e44c6b1b5a1f0c2d4e6f8"]
    )
    why: Reason


class AnswerRequest(Request):
    """Another person's word."""

    verdict: Literal["approved", "refused"]


class ApprovalAnswer(Answer):
    """One question to a second person."""

    id: int
    kind: str = Field(examples=["clear_trusted"])
    target: str = Field(examples=["case:17"])
    case: int | None = Field(validation_alias="case_id")
    decision: int | None = Field(validation_alias="decision_id")
    why: str
    asked_by: str
    asked_at: datetime
    alone_after: datetime | None = Field(description="From then on who asked may answer alone; null: never.")
    expires_at: datetime | None
    verdict: str | None
    answered_by: str | None
    answered_at: datetime | None
    was_alone: bool
    used_at: datetime | None


@router.get("/v1/approvals", summary="List questions to a second person", responses=responses(422))
def list_all(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)],
    state: Annotated[Literal["open", "all"], Query()] = "open",
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[ApprovalAnswer]:
    """Newest first."""
    with caller.runtime.database.read() as connection:
        found = approvals.list_approvals(
            connection,
            is_open=state == "open",
            before=before,
            banks_seen=caller.principal.banks.seen,
            limit=limit,
        )
    return page([ApprovalAnswer.model_validate(one) for one in found], limit, [one.id for one in found])


@router.post(
    "/v1/approvals",
    status_code=201,
    summary="Ask a second person",
    response_model=ApprovalAnswer,
    responses=responses(404, 422),
)
def ask(body: NewApproval, write: Annotated[Write, Writing(Permission.VAULT_OPEN_OUTSIDE_CASE)]) -> Response:
    """To see held content outside a case, once."""

    def work(connection: sa.Connection) -> ApprovalAnswer:
        item = listing.get_item(connection, body.hold).id
        require_scope(write.caller, connection, item)
        rules, target = write.caller.runtime.review, f"item:{item}"
        made = approvals.ask(connection, body.kind, target, by=write.subject, why=body.why, rules=rules)
        return ApprovalAnswer.model_validate(approvals.get_approval(connection, made))

    return write.run(work, status=201)


@router.post(
    "/v1/approvals/{approval}/answer",
    summary="Answer as the second person",
    response_model=ApprovalAnswer,
    responses=responses(404, 409, 422),
)
def answer(
    approval: Id, body: AnswerRequest, write: Annotated[Write, Writing(Permission.CASE_APPROVE)]
) -> Response:
    """Never one's own question, unless `review.single_approver`. A decision then takes effect."""
    session = write.caller.session
    decided: list[int] = []

    def work(connection: sa.Connection) -> ApprovalAnswer:
        asked = approvals.get_approval(connection, approval)
        if asked.case_id is not None:
            require_case_scope(write.caller, connection, asked.case_id)
        if (item := approvals.item_of(asked)) is not None:
            require_scope(write.caller, connection, item)
        done = deciding.approve(
            connection,
            approval,
            person=write.subject,
            verdict=body.verdict,
            signed_in_at=None if session is None else session.created_at,
        )
        if done is not None:
            decided.append(done.id)
        return ApprovalAnswer.model_validate(approvals.get_approval(connection, approval))

    answered = write.run(work)
    for one in decided:
        settle_one(write.caller.runtime, one)
    return answered
