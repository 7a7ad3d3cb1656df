"""The audit log: what people and administrators did, to be read, followed and taken elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import StreamingResponse

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import AfterId, Answer, Limit, Line, Page
from holdfast.records import audit

__all__ = ["router"]

router = APIRouter(tags=["audit"])

_LINES = {
    "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    "description": "One row a line",
}


class AuditRow(Answer):
    """One thing that somebody did. Its digest covers the row before it."""

    position: int = Field(examples=[4711])
    at: datetime
    actor: str = Field(examples=["person:4k8wz0qd2m1x"])
    action: str = Field(examples=["case.decide"])
    target: str = Field(examples=["case:17"])
    facts: dict[str, Any] = Field(examples=[{"decision": "report"}])
    digest: str = Field(examples=["9f2b" * 16])


class AuditHead(Answer):
    """Where the log ends. Kept elsewhere, it proves later that nobody rewrote what lies before it."""

    position: int = Field(examples=[4711])
    digest: str = Field(examples=["9f2b" * 16])


@router.get("/v1/audit", summary="Read the audit log", responses=responses(422))
def list_rows(
    caller: Annotated[Caller, Guard(Permission.AUDIT_READ)],
    actor: Annotated[Line | None, Query(description="Only what they did.")] = None,
    target: Annotated[Line | None, Query(description="Only what was done to this.")] = None,
    after: AfterId = 0,
    limit: Limit = 100,
) -> Page[AuditRow]:
    """Oldest first. `next` is never null while you follow the log: ask again with it for what is new."""
    with caller.runtime.database.read() as connection:
        found = audit.read(connection, after=after, limit=limit, actor=actor, target=target)
    items = [AuditRow.model_validate(entry.to_json()) for entry in found]
    return Page(items=items, next=found[-1].position if found else after)


@router.get("/v1/audit/head", summary="Show the audit log's head", responses=responses())
def get_head(caller: Annotated[Caller, Guard(Permission.AUDIT_READ)]) -> AuditHead:
    """Keep it outside: `holdfast audit verify --anchor` checks the log against it."""
    with caller.runtime.database.read() as connection:
        found = audit.head(connection)
    return AuditHead(position=found.position, digest=found.digest.hex())


@router.get(
    "/v1/audit/export",
    summary="Export the audit log",
    response_class=StreamingResponse,
    responses={**responses(422), 200: _LINES},
)
def export(caller: Annotated[Caller, Guard(Permission.AUDIT_READ)], after: AfterId = 0) -> StreamingResponse:
    """Every row behind a position, one JSON object a line, however many there are."""
    return StreamingResponse(
        audit.export(caller.runtime.database, after=after), media_type="application/x-ndjson"
    )
