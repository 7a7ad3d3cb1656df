"""Requests to destroy held content: one person asks, another approves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import Answer, BeforeId, Id, Limit, Page, Request, page
from holdfast.api.v1.holds import Words, require_scope
from holdfast.api.writes import Write, Writing
from holdfast.review import destructions
from holdfast.vault import destruction
from holdfast.vault.destruction import Kind

__all__ = ["router"]

router = APIRouter(tags=["holds"])

_Item = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
_EXAMPLE = "0f3c9d2ab17e44c6b1b5a1f0c2d4e6f8"


class NewDestruction(Request):
    """What is to be destroyed, and who wants it."""

    kind: Kind = Field(examples=["law_enforcement"])
    reference: Words = Field(examples=["destruction order 12/345"])
    agency: Words | None = Field(
        None, description="Only and always for law_enforcement.", examples=["Example State Police"]
    )
    holds: list[_Item] = Field(min_length=1, max_length=1000, examples=[[_EXAMPLE]])


class DestructionAnswer(Answer):
    """One request to destroy."""

    id: int
    kind: str = Field(examples=["law_enforcement"])
    reference: str = Field(examples=["destruction order 12/345"])
    agency: str | None = Field(examples=["Example State Police"])
    asked_by: str = Field(examples=["key:4k8wz0qd2m1x"])
    asked_at: datetime
    decision: str | None = Field(
        examples=[None], description="approved or withdrawn; null: it waits for a second person."
    )
    decided_by: str | None
    decided_at: datetime | None
    items: list[str] = Field(examples=[[_EXAMPLE]])


@router.post(
    "/v1/destructions",
    status_code=201,
    summary="Ask for the destruction of held content",
    response_model=DestructionAnswer,
    responses=responses(404, 409, 410, 422),
)
def ask(body: NewDestruction, write: Annotated[Write, Writing(Permission.VAULT_DESTROY)]) -> Response:
    """Nothing is destroyed until somebody else approves it.

    `law_enforcement`: an agency asked for it; that ends a preservation duty. `period_over`: content of a
    report whose period is over. Under a legal hold neither can be asked for.
    """

    def work(connection: sa.Connection) -> DestructionAnswer:
        for hold in body.holds:
            require_scope(write.caller, connection, hold)
        made = destructions.ask(
            connection,
            body.holds,
            kind=body.kind,
            reference=body.reference,
            actor=write.subject,
            agency=body.agency,
        )
        return DestructionAnswer.model_validate(destruction.get(connection, made))

    return write.run(work, status=201)


@router.get("/v1/destructions", summary="List requests to destroy", responses=responses(422))
def list_destructions(
    caller: Annotated[Caller, Guard(Permission.VAULT_DESTROY)],
    waiting: Annotated[bool, Query(description="Only those that nobody decided.")] = False,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[DestructionAnswer]:
    """The newest first."""
    with caller.runtime.database.read() as connection:
        found = destruction.list_destructions(
            connection,
            waiting=waiting,
            before_id=before,
            banks_seen=caller.principal.banks.seen,
            limit=limit,
        )
    return page([DestructionAnswer.model_validate(one) for one in found], limit, [one.id for one in found])


@router.post(
    "/v1/destructions/{request}/approve",
    summary="Approve a destruction",
    response_model=DestructionAnswer,
    responses=responses(404, 409, 422),
)
def approve(request: Id, write: Annotated[Write, Writing(Permission.VAULT_DESTROY)]) -> Response:
    """As the second person: who asked is refused. The keys are destroyed at once; tombstones stay."""

    def work(connection: sa.Connection) -> DestructionAnswer:
        _require_scope(write, connection, request)
        destructions.approve(connection, request, actor=write.subject)
        return DestructionAnswer.model_validate(destruction.get(connection, request))

    return write.run(work)


@router.post(
    "/v1/destructions/{request}/withdraw",
    summary="Withdraw a request to destroy",
    response_model=DestructionAnswer,
    responses=responses(404, 409, 422),
)
def withdraw(request: Id, write: Annotated[Write, Writing(Permission.VAULT_DESTROY)]) -> Response:
    """Nothing is destroyed. Anybody who may destroy can withdraw it."""

    def work(connection: sa.Connection) -> DestructionAnswer:
        _require_scope(write, connection, request)
        destructions.withdraw(connection, request, actor=write.subject)
        return DestructionAnswer.model_validate(destruction.get(connection, request))

    return write.run(work)


def _require_scope(write: Write, connection: sa.Connection, request: int) -> None:
    for item in destruction.get(connection, request).items:
        require_scope(write.caller, connection, item)
