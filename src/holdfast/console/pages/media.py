"""Files of a case: blurred for whoever reads cases; anything more only under a reveal, each step on record.

There is no address that shows a file by itself. Every request is held against the session and the role, and
what is unblurred against a grant for this person, session, file and lease (`service.showing`). Scripts of the
case page (`static/js/view.js`) ask for it; what they are told is JSON.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.responses import Response, StreamingResponse

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.case_media import session_of
from holdfast.api.v1.fields import Id
from holdfast.api.writes import json_response
from holdfast.console.pages.case import Fence
from holdfast.console.render import HEADERS, texts_for
from holdfast.errors import UsageError
from holdfast.review import grants, viewing
from holdfast.review.fidelity import Rendition
from holdfast.review.proof import Seen
from holdfast.review.wellness import get_reviewer
from holdfast.service.showing import open_original, show_before_reveal, show_revealed

__all__ = ["blurred_as_wanted", "router"]

router = APIRouter(include_in_schema=False)

LOOK: Final = Rendition(blur=0, greyscale=True, small=True)
LOOK_AT_FRAMES: Final = Rendition(blur=0, greyscale=True, small=False, sheet=True)


class _Event(BaseModel):
    """One event of the page, as `review.proof.Seen`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: int
    kind: str
    clock_ms: int
    from_s: float | None = None
    to_s: float | None = None


_EVENTS = TypeAdapter(list[_Event])


@router.get("/console/cases/{case}/files/{item}/blurred")
def blurred(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)],
    case: Id,
    item: Id,
    sheet: Annotated[bool, Query()] = False,
) -> Response:
    """The file as the person wants it before a reveal, and at least as the organisation demands."""
    return blurred_as_wanted(caller, case, item, sheet)


@router.post("/console/cases/{case}/files/{item}/reveal")
def reveal(
    caller: Annotated[Caller, Guard(Permission.VAULT_OPEN)], case: Id, item: Id, fence: Fence
) -> Response:
    """A grant to see this file, for whoever holds the case. It counts, and it is in the audit log."""
    runtime = caller.runtime
    with runtime.database.write() as connection:
        grant = grants.reveal(
            connection,
            case,
            item,
            person=caller.subject,
            session=session_of(caller),
            fence=fence,
            rules=runtime.review,
        )
    return json_response({"grant": grant.id})


@router.get("/console/views/{grant}/look")
def look(
    caller: Annotated[Caller, Guard(Permission.VAULT_OPEN)],
    grant: Id,
    sheet: Annotated[bool, Query()] = False,
) -> Response:
    """Small, grey and still: enough to tell what it is. It is not the file, and proves no view of it."""
    wanted = LOOK_AT_FRAMES if sheet else LOOK
    shown = show_revealed(caller.runtime, grant, wanted, person=caller.subject, session=session_of(caller))
    return _png(shown)


@router.get("/console/views/{grant}/original")
def original(caller: Annotated[Caller, Guard(Permission.VAULT_OPEN)], grant: Id) -> Response:
    """The held bytes, as they are, without a type: only the script that asked makes a picture of them."""
    held = open_original(caller.runtime, grant, person=caller.subject, session=session_of(caller))
    headers = {
        **HEADERS,
        "content-disposition": "attachment",
        "content-length": str(held.size_bytes),
    }
    return StreamingResponse(
        held.pieces(0, held.size_bytes), headers=headers, media_type="application/octet-stream"
    )


@router.post("/console/views/{grant}/events")
def events(
    caller: Annotated[Caller, Guard(Permission.VAULT_OPEN)],
    grant: Id,
    events: Annotated[str, Form(max_length=200_000)],
) -> Response:
    """What was on the screen, in numbered events."""
    try:
        given = [Seen(**one.model_dump()) for one in _EVENTS.validate_json(events)]
    except ValidationError:
        raise UsageError("These are no events of a reveal. Nothing was noted.") from None
    with caller.runtime.database.write() as connection:
        noted = viewing.note_events(
            connection,
            grant,
            given,
            person=caller.subject,
            session=session_of(caller),
            rules=caller.runtime.review,
        )
    return json_response({"last_number": noted.last_number, "pause": noted.pause})


@router.post("/console/views/{grant}/attest")
def attest(
    caller: Annotated[Caller, Guard(Permission.VAULT_OPEN)],
    grant: Id,
    last_number: Annotated[int, Form(ge=0, lt=2**31)],
) -> Response:
    """The person's word that they saw all of it, and whether that is proved."""
    t = texts_for(caller)
    with caller.runtime.database.write() as connection:
        judged = viewing.attest(
            connection, grant, person=caller.subject, session=session_of(caller), last_number=last_number
        )
    if judged.why_not is None:
        words = t("view.attested")
    else:
        words = t("view.attested_not", why=t.or_plain("view_why", judged.why_not))
    return json_response({"complete": judged.complete, "words": words})


def blurred_as_wanted(caller: Caller, case: int, item: int, sheet: bool) -> Response:
    """A file before its reveal, as the caller's comfort and the floor have it."""
    runtime = caller.runtime
    with runtime.database.read() as connection:
        comfort = get_reviewer(connection, caller.subject).comfort
    wanted = Rendition.of(comfort, runtime.review, sheet=sheet)
    return _png(show_before_reveal(runtime, case, item, wanted, person=caller.subject))


def _png(body: bytes) -> Response:
    return Response(body, headers=HEADERS, media_type="image/png")
