"""A case as one sealed file for one recipient, asked for on its page and sent as it is written."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.case_evidence import export_case
from holdfast.api.v1.fields import Id
from holdfast.console.render import HEADERS

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.post("/console/cases/{case}/evidence")
def evidence(
    caller: Annotated[Caller, Guard(Permission.CASE_EXPORT)],
    case: Id,
    recipient: Annotated[str, Form(max_length=100)],
) -> Response:
    """As `POST /v1/cases/{case}/evidence`, with all that is held."""
    answer = export_case(caller, case, recipient.strip())
    answer.headers.update(HEADERS)
    return answer
