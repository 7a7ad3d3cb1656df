"""Media of cases for people's eyes. No address carries a right: each request is checked against who asks."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Header, Path
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import http_problem, responses
from holdfast.api.v1.cases import Fenced, require_case_scope
from holdfast.api.v1.fields import Answer, Id, Request
from holdfast.api.v1.holds import ItemId, require_scope
from holdfast.api.writes import Write, Writing
from holdfast.errors import NotAllowedError
from holdfast.review import grants, viewing
from holdfast.review.fidelity import Rendition
from holdfast.review.proof import EventKind, Seen
from holdfast.service import showing

__all__ = ["answer_with_original", "router", "session_of"]

router = APIRouter(tags=["case media"])

_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{1,15})?")
RenditionName = Annotated[str, Path(max_length=40, examples=["blur6-grey-small"])]
HEADERS = {
    "content-disposition": "inline",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
}
PNG = {"content": {"image/png": {}}, "description": "A PNG of the rendition."}


class GrantAnswer(Answer):
    """A reveal: the caller may see one file until then."""

    id: int
    case: int | None = Field(validation_alias="case_id")
    hold: str = Field(validation_alias="item_id")
    granted_at: datetime
    expires_at: datetime


class ViewEvent(Request):
    """One event of the page that shows the file; numbers go from 1 without a gap."""

    number: int = Field(ge=1)
    kind: EventKind
    clock_ms: int = Field(ge=0, description="Of the page, from the reveal on.")
    from_s: float | None = Field(
        default=None, ge=0, description="What of the timeline was played (muted), or heard."
    )
    to_s: float | None = Field(default=None, ge=0)


class EventsRequest(Request):
    """Some events; the same again change nothing."""

    events: list[ViewEvent] = Field(min_length=1, max_length=500)


class NotedAnswer(Answer):
    """What is on record."""

    last_number: int
    pause: bool = Field(description="A pause is due now: nothing more is shown for some minutes.")


class AttestRequest(Request):
    """The person saw all of this file. `last_number` is that of the page's last event."""

    last_number: int = Field(ge=0)


class JudgementAnswer(Answer):
    """Whether the view ledger proves it."""

    complete: bool
    why_not: str | None = Field(examples=["bytes_missing"])
    shown_ms: int


@router.get(
    "/v1/cases/{case}/media/{media}/{rendition}",
    summary="See a file blurred",
    response_class=Response,
    responses={200: PNG, **responses(404, 410, 422)},
)
def before_reveal(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)], case: Id, media: Id, rendition: RenditionName
) -> Response:
    """A PNG made on the server, at the organisation's floor or below. It is on record as seen blurred.

    Renditions: `blur0` to `blur6`, then `-grey`, `-small`, and `-sheet` for a video's key frames.
    """
    runtime = caller.runtime
    with runtime.database.read() as connection:
        require_case_scope(caller, connection, case)
    wanted = Rendition.parse(rendition)
    body = showing.show_before_reveal(runtime, case, media, wanted, person=caller.subject)
    return Response(body, headers=HEADERS, media_type="image/png")


@router.post(
    "/v1/cases/{case}/media/{media}/reveal",
    status_code=201,
    summary="Reveal a file",
    response_model=GrantAnswer,
    responses=responses(404, 409, 410, 422),
)
def reveal(
    case: Id, media: Id, body: Fenced, write: Annotated[Write, Writing(Permission.VAULT_OPEN)]
) -> Response:
    """Whoever holds the case may see this file, in this session, for minutes. It counts towards their day."""
    caller = write.caller

    def work(connection: sa.Connection) -> GrantAnswer:
        require_case_scope(caller, connection, case)
        grant = grants.reveal(
            connection,
            case,
            media,
            person=write.subject,
            session=session_of(caller),
            fence=body.fence,
            rules=caller.runtime.review,
        )
        return GrantAnswer.model_validate(grant)

    return write.run(work, status=201)


@router.post(
    "/v1/holds/{hold}/reveal",
    status_code=201,
    summary="Reveal held content outside a case",
    response_model=GrantAnswer,
    responses=responses(404, 410, 422),
)
def reveal_outside(
    hold: ItemId, write: Annotated[Write, Writing(Permission.VAULT_OPEN_OUTSIDE_CASE)]
) -> Response:
    """Once, where another person approved it: `POST /v1/approvals` asks."""
    caller = write.caller

    def work(connection: sa.Connection) -> GrantAnswer:
        require_scope(caller, connection, hold)
        rules, session = caller.runtime.review, session_of(caller)
        grant = grants.reveal_outside(connection, hold, person=write.subject, session=session, rules=rules)
        return GrantAnswer.model_validate(grant)

    return write.run(work, status=201)


@router.get(
    "/v1/reveals/{reveal}/original",
    summary="See the file itself",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, 206: {}, **responses(404, 410, 422)},
)
def original(
    caller: Annotated[Caller, Guard(Permission.VAULT_OPEN)],
    reveal: Id,
    wanted: Annotated[str | None, Header(alias="Range", max_length=100)] = None,
) -> Response:
    """The held bytes, or a range of them; what went out is on record."""
    found = showing.open_original(caller.runtime, reveal, person=caller.subject, session=session_of(caller))
    return answer_with_original(found, wanted)


@router.get(
    "/v1/reveals/{reveal}/{rendition}",
    summary="See a revealed file at less than full fidelity",
    response_class=Response,
    responses={200: PNG, **responses(404, 410, 422)},
)
def revealed(
    caller: Annotated[Caller, Guard(Permission.VAULT_OPEN)], reveal: Id, rendition: RenditionName
) -> Response:
    """Any rendition, for minutes after the reveal: less blur, in colour, larger."""
    wanted, person, session = Rendition.parse(rendition), caller.subject, session_of(caller)
    body = showing.show_revealed(caller.runtime, reveal, wanted, person=person, session=session)
    return Response(body, headers=HEADERS, media_type="image/png")


@router.post(
    "/v1/reveals/{reveal}/events",
    summary="Report what was on screen",
    response_model=NotedAnswer,
    responses=responses(404, 422),
)
def events(
    reveal: Id, body: EventsRequest, write: Annotated[Write, Writing(Permission.VAULT_OPEN)]
) -> Response:
    """The page reports what it showed, and when it was left. One that is missing is never forgiven."""
    caller = write.caller
    given = [Seen(**one.model_dump()) for one in body.events]

    def work(connection: sa.Connection) -> NotedAnswer:
        rules, session = caller.runtime.review, session_of(caller)
        noted = viewing.note_events(
            connection, reveal, given, person=write.subject, session=session, rules=rules
        )
        return NotedAnswer.model_validate(noted)

    return write.run(work)


@router.post(
    "/v1/reveals/{reveal}/attest",
    summary="Attest a full view",
    response_model=JudgementAnswer,
    responses=responses(404, 409, 422),
)
def attest(
    reveal: Id, body: AttestRequest, write: Annotated[Write, Writing(Permission.VAULT_OPEN)]
) -> Response:
    """The person says that they saw all of this file; the answer says whether the ledger proves it."""

    def work(connection: sa.Connection) -> JudgementAnswer:
        session = session_of(write.caller)
        done = viewing.attest(
            connection, reveal, person=write.subject, session=session, last_number=body.last_number
        )
        return JudgementAnswer.model_validate(done)

    return write.run(work)


def answer_with_original(found: showing.Original, wanted: str | None) -> Response:
    """The bytes as a stream, or one range of them (RFC 9110, section 14). Never stored, never run."""
    first, end, status = 0, found.size_bytes, 200
    headers = {**HEADERS, "accept-ranges": "bytes"}
    if wanted is not None and (asked := _RANGE.fullmatch(wanted)) is not None:
        first, status = int(asked[1]), 206
        end = min(int(asked[2]) + 1, found.size_bytes) if asked[2] else found.size_bytes
        if first >= end:
            raise http_problem(416, "The file has no such range. Nothing was sent.")
        headers["content-range"] = f"bytes {first}-{end - 1}/{found.size_bytes}"
    headers["content-length"] = str(end - first)
    return StreamingResponse(found.pieces(first, end), status, headers, media_type="application/octet-stream")


def session_of(caller: Caller) -> str:
    """What a reveal is bound to beside the person. Raises `NotAllowedError` for a key: it has no eyes.

    A person's limits, training and view ledger would else stop at the key that they hold beside.
    """
    if caller.session is None:
        raise NotAllowedError("A file is shown to people who are signed in, not to keys. Nothing was shown.")
    return caller.session.id
