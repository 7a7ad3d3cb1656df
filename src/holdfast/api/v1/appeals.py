"""Appeals: somebody says that a decision was wrong."""

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
from holdfast.api.v1.case_models import DecisionAnswer
from holdfast.api.v1.cases import require_case_scope
from holdfast.api.v1.fields import Answer, BeforeId, Id, Limit, Line, Page, Request, page
from holdfast.api.writes import Write, Writing
from holdfast.review import appeals
from holdfast.review.case_facts import DecisionFacts
from holdfast.service.case_clock import settle_one

__all__ = ["router"]

router = APIRouter(tags=["appeals"])

Statement = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class AppealRequest(Request):
    """What was decided wrongly, and why: an account, or a content."""

    account: Line | None = Field(default=None, max_length=255, examples=["user-4711"])
    content_reference: Line | None = Field(default=None, max_length=255)
    text: Text = Field(examples=["This is a photo of my garden."])


class AppealedAnswer(Answer):
    """It was taken in, or is open already."""

    reference: str = Field(examples=["AP-5f1d2c3b4a596877"])
    received_at: datetime
    due_at: datetime = Field(description="An answer is due then.")


class AppealAnswer(AppealedAnswer):
    """An appeal, for staff."""

    id: int
    case: int = Field(validation_alias="case_id")
    decision: int = Field(validation_alias="decision_id", description="It is against this one.")
    answer: int | None = Field(validation_alias="answer_id", description="The decision that overturns it.")
    outcome: str | None
    statement: str | None = Field(description="The reasons, for the person. They name no list.")
    decided_by: str | None
    decided_at: datetime | None


class UpholdRequest(Request):
    """The decision stands."""

    statement: Statement


class OverturnRequest(Request):
    """The decision was wrong."""

    statement: Statement
    not_a_match: Annotated[str, StringConstraints(max_length=30)] = Field(examples=["not_abuse"])


@router.post(
    "/v1/appeals",
    status_code=201,
    summary="Take an appeal in",
    response_model=AppealedAnswer,
    responses=responses(404, 422),
)
def add(body: AppealRequest, write: Annotated[Write, Writing(Permission.APPEAL_WRITE)]) -> Response:
    """Against the latest decision about the account or content. Its words are sealed."""

    def work(connection: sa.Connection) -> AppealedAnswer:
        runtime = write.caller.runtime
        made = appeals.add_appeal(
            connection, **body.model_dump(), by=write.subject, sealer=runtime.sealer, rules=runtime.review
        )
        return AppealedAnswer.model_validate(made)

    return write.run(work, status=201)


@router.get("/v1/appeals", summary="List appeals", responses=responses(422))
def list_all(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)],
    state: Annotated[Literal["open", "all"], Query()] = "open",
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[AppealAnswer]:
    """Newest first; `open` are those without an answer."""
    with caller.runtime.database.read() as connection:
        found = appeals.list_appeals(
            connection,
            is_open=state == "open",
            before=before,
            banks_seen=caller.principal.banks.seen,
            limit=limit,
        )
    return page([AppealAnswer.model_validate(one) for one in found], limit, [one.id for one in found])


@router.post(
    "/v1/appeals/{appeal}/uphold",
    summary="Uphold a decision",
    response_model=AppealAnswer,
    responses=responses(404, 409, 422),
)
def uphold(
    appeal: Id, body: UpholdRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """By somebody who did not take the decision."""

    def work(connection: sa.Connection) -> AppealAnswer:
        require_case_scope(write.caller, connection, appeals.get_appeal(connection, appeal).case_id)
        done = appeals.uphold(connection, appeal, person=write.subject, statement=body.statement)
        return AppealAnswer.model_validate(done)

    return write.run(work)


@router.post(
    "/v1/appeals/{appeal}/overturn",
    summary="Overturn a decision",
    response_model=DecisionAnswer,
    responses=responses(404, 409, 422),
)
def overturn(
    appeal: Id, body: OverturnRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """A new decision clears what the first confirmed: content restored, entries disputed, errors counted.

    Where a trusted list matched, a second person is asked.
    """
    rules = write.caller.runtime.review
    made: list[int] = []

    def work(connection: sa.Connection) -> DecisionFacts:
        require_case_scope(write.caller, connection, appeals.get_appeal(connection, appeal).case_id)
        said = body.model_dump()
        done = appeals.overturn(connection, appeal, person=write.subject, rules=rules, **said)
        made.append(done.id)
        return done

    answer = write.run(work, DecisionAnswer.model_validate)
    for one in made:
        settle_one(write.caller.runtime, one)
    return answer
