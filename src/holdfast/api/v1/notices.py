"""Notices: somebody told the platform of content. They never carry media."""

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
from holdfast.api.v1.fields import Answer, BeforeId, Id, Limit, Line, Page, Request, page
from holdfast.api.writes import Write, Writing
from holdfast.errors import UsageError
from holdfast.review import notices
from holdfast.review.notices import NewNotice

__all__ = ["router"]

router = APIRouter(tags=["notices"])

NoticeKind = Literal["user", "survivor", "guardian", "trusted_flagger", "hotline", "ncmec", "police"]
Text = Annotated[str, StringConstraints(max_length=10_000)]


class HashGiven(Request):
    """One hash of the content, in hexadecimal."""

    algorithm: Literal["md5", "sha1", "sha256", "pdq"]
    value: Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{32,64}$")] = Field(examples=["1a" * 20])


class NoticeRequest(Request):
    """What somebody says. Something must be there to find or to read; nobody is asked for media."""

    kind: NoticeKind = Field(examples=["survivor"])
    text: Text = ""
    content_references: list[Line] = Field(default_factory=list, max_length=100, examples=[["post/8f31"]])
    urls: list[Line] = Field(default_factory=list, max_length=50)
    hashes: list[HashGiven] = Field(default_factory=list, max_length=100)
    account: Line | None = Field(default=None, max_length=255, description="The account it is about.")
    contact: Line | None = Field(
        default=None, max_length=320, description="For the answer; without it nobody is known."
    )
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "en"
    imminent: bool = Field(default=False, description="A child is in danger now.")

    def to_notice(self) -> NewNotice:
        """Raises `UsageError`."""
        return NewNotice(
            kind=self.kind,
            text=self.text,
            content_references=tuple(self.content_references),
            urls=tuple(self.urls),
            hashes=tuple((one.algorithm, _bytes(one.value)) for one in self.hashes),
            account=self.account,
            contact=self.contact,
            language=self.language,
            imminent=self.imminent,
        )


class ReceivedAnswer(Answer):
    """It was taken in. Whether the content was known is not said."""

    reference: str = Field(examples=["NT-5f1d2c3b4a596877"], description="For the sender.")
    received_at: datetime
    due_at: datetime = Field(description="An answer is due then.")


class NoticeAnswer(ReceivedAnswer):
    """A notice, for staff. Its words are in its case."""

    id: int
    kind: str
    case: int = Field(validation_alias="case_id")
    content_references: list[str]
    known_copies: int = Field(description="Acted on at once.")
    received_by: str
    outcome: str | None
    closed_at: datetime | None


class CloseRequest(Request):
    """How it was answered."""

    outcome: Literal["acted", "no_action", "duplicate"]


@router.post(
    "/v1/notices",
    status_code=201,
    summary="Take a notice in",
    response_model=ReceivedAnswer,
    responses=responses(422),
)
def add(body: NoticeRequest, write: Annotated[Write, Writing(Permission.NOTICE_WRITE)]) -> Response:
    """A case opens with its clock, and known copies are acted on at once: held again, removal asked for.

    Its words are sealed. The platform is told by the webhook `notice.received`.
    """
    new = body.to_notice()

    def work(connection: sa.Connection) -> ReceivedAnswer:
        runtime = write.caller.runtime
        made = notices.add_notice(
            connection, new, by=write.subject, sealer=runtime.sealer, rules=runtime.review
        )
        return ReceivedAnswer.model_validate(made)

    return write.run(work, status=201)


@router.get("/v1/notices", summary="List notices", responses=responses(422))
def list_all(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)],
    state: Annotated[Literal["open", "all"], Query()] = "open",
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[NoticeAnswer]:
    """Newest first; `open` are those without an answer."""
    with caller.runtime.database.read() as connection:
        found = notices.list_notices(
            connection,
            is_open=state == "open",
            before=before,
            banks_seen=caller.principal.banks.seen,
            limit=limit,
        )
    return page([NoticeAnswer.model_validate(one) for one in found], limit, [one.id for one in found])


@router.get("/v1/notices/{notice}", summary="Show a notice", responses=responses(404, 422))
def get_one(caller: Annotated[Caller, Guard(Permission.CASE_READ)], notice: Id) -> NoticeAnswer:
    """One notice. What was written stands in its case."""
    with caller.runtime.database.read() as connection:
        found = notices.get_notice(connection, notice)
        require_case_scope(caller, connection, found.case_id)
        return NoticeAnswer.model_validate(found)


@router.post(
    "/v1/notices/{notice}/close",
    summary="Answer a notice",
    response_model=NoticeAnswer,
    responses=responses(404, 409, 422),
)
def close(
    notice: Id, body: CloseRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """By itself; a decision about its case answers it too."""

    def work(connection: sa.Connection) -> NoticeAnswer:
        require_case_scope(write.caller, connection, notices.get_notice(connection, notice).case_id)
        done = notices.close_notice(connection, notice, by=write.subject, outcome=body.outcome)
        return NoticeAnswer.model_validate(done)

    return write.run(work)


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise UsageError("A hash has an even number of hexadecimal digits. Nothing was taken in.") from None
