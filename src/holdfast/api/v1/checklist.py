"""What has to be done before going live, and how far it is."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import Answer, Line, Request
from holdfast.api.writes import Write, Writing
from holdfast.service import checklist

__all__ = ["router"]

router = APIRouter(tags=["checklist"])

ItemName = Annotated[str, Path(pattern=r"^[a-z_]{1,60}$", examples=["registration"])]


class ItemAnswer(Answer):
    """One thing to do. ``how`` says how; empty when it is done."""

    name: str = Field(examples=["registration"])
    state: str = Field(examples=["todo"], description="ok, todo, warning or problem.")
    detail: str = Field(examples=["not yet: registered as a reporting provider"])
    how: str = Field(examples=["Register with the body that takes your reports: docs/hash-lists.md."])


class ChecklistAnswer(Answer):
    """The list, in the order in which to work through it."""

    items: list[ItemAnswer]


class MarkRequest(Request):
    """A remark: which registration, which receipt, who heard the alarm."""

    note: Line = Field(default="", examples=["NCMEC, ESP 1234, 2026-11-02"])


class MarkAnswer(Answer):
    """Who marked the item, and when."""

    by: str = Field(examples=["key:4k8wz0qd2m1x"])
    at: str = Field(examples=["2026-11-24T09:30:00+00:00"])
    note: str = Field(examples=["NCMEC, ESP 1234, 2026-11-02"])


@router.get("/v1/checklist", summary="Show the go-live checklist", responses=responses())
def get_checklist(caller: Annotated[Caller, Guard(Permission.SETTINGS_READ)]) -> ChecklistAnswer:
    """What the records show is looked at now; what no program can see is as a person marked it."""
    runtime = caller.runtime
    found = checklist.items(runtime.database, runtime.settings, runtime.home.path)
    return ChecklistAnswer(items=[ItemAnswer.model_validate(item) for item in found])


@router.put(
    "/v1/checklist/{item}",
    summary="Mark an item as done",
    response_model=MarkAnswer,
    responses=responses(422),
)
def mark_item(
    item: ItemName, body: MarkRequest, write: Annotated[Write, Writing(Permission.SETTINGS_WRITE)]
) -> Response:
    """For items that no program can see. It is written down who said so."""

    def work(connection: sa.Connection) -> MarkAnswer:
        checklist.mark(connection, item, by=write.subject, note=body.note)
        answer = MarkAnswer.model_validate(checklist.marks(connection)[item])
        write.note(connection, "checklist.mark", f"checklist:{item}")
        return answer

    return write.run(work)


@router.delete("/v1/checklist/{item}", status_code=204, summary="Take a mark back", responses=responses(422))
def unmark_item(item: ItemName, write: Annotated[Write, Writing(Permission.SETTINGS_WRITE)]) -> Response:
    """It is to be done again. A mark that is not there is no error."""

    def work(connection: sa.Connection) -> None:
        checklist.unmark(connection, item)
        write.note(connection, "checklist.unmark", f"checklist:{item}")

    return write.run(work, status=204)
