"""Files of a case, unblurred: only under a grant, and each step on record.

There is no address that shows a file by itself. Every request is held against the session, the role and the
lease of the case, and the bytes against a grant for this person, session and file. Scripts of the case page
(`static/js/view.js`) ask; what they are told is JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.responses import Response, StreamingResponse

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.v1.fields import Id
from holdfast.api.writes import json_response
from holdfast.console.pages.case import Fence
from holdfast.console.render import HEADERS, texts_for
from holdfast.errors import NotAllowedError, UsageError
from holdfast.media.formats import sniff
from holdfast.media.videoformats import video_format
from holdfast.review import grants, viewing
from holdfast.review.grants import Grant
from holdfast.review.proof import Seen

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

BLOCK_BYTES: Final = 4 * 1024 * 1024
HEAD_BYTES: Final = 4096
# What browsers can show, by what our own eyes say of the first bytes. Nothing else gets a type.
TYPES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "BMP": "image/bmp",
}
FILMS: Final = {"MP4": "video/mp4", "MATROSKA": "video/webm", "OGG": "video/ogg"}


class _Event(BaseModel):
    """One event of the page, as `review.proof.Seen`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: int
    kind: str
    clock_ms: int
    from_s: float | None = None
    to_s: float | None = None


_EVENTS = TypeAdapter(list[_Event])


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
            session=_session(caller),
            fence=fence,
            rules=runtime.review,
        )
    head = next(_blocks(caller, grant), b"")[:HEAD_BYTES]
    film = FILMS.get(video_format(head) or "")
    kind = film or TYPES.get(sniff(head) or "", "application/octet-stream")
    return json_response({"grant": grant.id, "type": kind, "medium": "video" if film else "image"})


@router.get("/console/cases/{case}/files/{item}/original")
def original(
    caller: Annotated[Caller, Guard(Permission.VAULT_OPEN)],
    case: Id,
    item: Id,
    grant: Annotated[int, Query(ge=1, lt=2**63)],
) -> Response:
    """The held bytes, as they are. They have no type: only the script that asked makes a picture of them."""
    runtime = caller.runtime
    with runtime.database.read() as connection:
        granted = grants.require_grant(connection, grant, person=caller.subject, session=_session(caller))
    if (granted.case_id, granted.case_item_id) != (case, item):
        raise NotAllowedError("This reveal is of another file. Nothing was shown.")
    facts = runtime.vault.read_facts(granted.item_id, actor=caller.subject, purpose=_purpose(granted))
    headers = {
        **HEADERS,
        "content-disposition": "attachment",
        "content-length": str(facts.size_bytes),
    }
    pieces = _noted(caller, granted, bytes.fromhex(facts.sha256), facts.size_bytes)
    return StreamingResponse(pieces, headers=headers, media_type="application/octet-stream")


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
            session=_session(caller),
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
            connection, grant, person=caller.subject, session=_session(caller), last_number=last_number
        )
    if judged.why_not is None:
        words = t("view.attested")
    else:
        words = t("view.attested_not", why=t.or_plain("view_why", judged.why_not))
    return json_response({"complete": judged.complete, "words": words})


def _session(caller: Caller) -> str:
    if caller.session is None:
        raise NotAllowedError("A file is shown to people who are signed in, not to keys. Nothing was shown.")
    return caller.session.id


def _purpose(grant: Grant) -> str:
    return f"case {grant.case_id}, reveal {grant.id}"


def _blocks(caller: Caller, grant: Grant) -> Iterator[bytes]:
    return caller.runtime.vault.open(grant.item_id, actor=caller.subject, purpose=_purpose(grant))


def _noted(caller: Caller, grant: Grant, digest: bytes, total_bytes: int) -> Iterator[bytes]:
    """The pieces. Each block is written down once the next is asked for: it has gone out by then."""
    sent = noted = 0

    def note() -> None:
        said: dict[str, Any] = {"item_id": grant.item_id, "person": caller.subject, "digest": digest}
        said |= {"fidelity": viewing.ORIGINAL, "grant_id": grant.id, "case_id": grant.case_id}
        with caller.runtime.database.write() as connection:
            grants.note_served(connection, first_byte=noted, end_byte=sent, total_bytes=total_bytes, **said)

    for piece in _blocks(caller, grant):
        yield piece
        sent += len(piece)
        if sent - noted >= BLOCK_BYTES:
            note()
            noted = sent
    if sent > noted:
        note()
