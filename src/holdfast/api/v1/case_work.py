"""What is done with a case: labels, notes, messages, urgency, merging, deciding, taking back, exporting."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.problems import responses
from holdfast.api.v1.case_models import CaseAnswer, DecisionAnswer
from holdfast.api.v1.cases import Fenced, require_case_scope
from holdfast.api.v1.fields import Answer, Id, Line, Moment, Reason, Request
from holdfast.api.writes import Write, Writing
from holdfast.errors import NotFoundError
from holdfast.review import cases, clocks, deciding, labels, merging, opening, texts
from holdfast.review.case_facts import DecisionFacts
from holdfast.review.export import export_case
from holdfast.review.texts import Message
from holdfast.service.case_clock import settle_one

__all__ = ["router"]

router = APIRouter(tags=["cases"])

Label = Literal["A1", "A2", "B1", "B2", "none"]
Word = Annotated[str, StringConstraints(max_length=80)]
Words = Annotated[list[Word], Field(max_length=20)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
MessageText = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


class LabelRequest(Fenced):
    """What a file is. The label none needs `not_a_match`."""

    label: Label = Field(examples=["A1"])
    not_a_match: Word | None = Field(default=None, examples=["different_content"])
    annotations: Words = Field(default_factory=list, examples=[["viral"]])


class LabelledAnswer(Answer):
    """The media of the case that carry the label now: the file and its copies."""

    labelled: list[int]


class AnnotateRequest(Fenced):
    """What the case is about, in the CyberTipline's words."""

    incident_type: Word | None = None
    annotations: Words = Field(default_factory=list)


class NoteRequest(Request):
    """A note for whoever comes to the case."""

    text: Text


class MadeAnswer(Answer):
    """What was made."""

    id: int


class OneMessage(Request):
    """One message, in the platform's names."""

    sender: Line = Field(min_length=1, max_length=255)
    text: MessageText
    sent_at: Moment | None = None
    recipient: Line | None = None
    room: Line | None = None
    is_suspect: bool = False


class MessagesRequest(Request):
    """A batch of messages."""

    messages: list[OneMessage] = Field(min_length=1, max_length=2000)


class TextCaseRequest(MessagesRequest):
    """Messages that open a case, or go into the open one of their account."""

    account: Line = Field(min_length=1, max_length=255)
    priority: int = Field(default=2, ge=1, le=5)
    surface: Literal["public", "private", "unknown"] = "unknown"


class PriorityRequest(Request):
    """1 is first, 5 is last."""

    priority: int = Field(ge=1, le=5)


class MergeRequest(Fenced):
    """The case whose media and texts go into this one."""

    source: int = Field(ge=1)


class SplitRequest(Fenced):
    """The media that become a case of their own."""

    media: list[int] = Field(min_length=1, max_length=1000)


class DecideRequest(Fenced):
    """A decision about everything in the case. `version` is that of the case as it was looked at."""

    version: int = Field(ge=0)
    outcome: Literal["report", "hold", "release", "nothing"]
    reason: Reason
    account_action: Literal["suspend", "disable", "restore"] | None = None
    not_a_match: Word | None = Field(default=None, description="For a release: why, for what has no label.")


class UndoneRequest(Request):
    """Nothing to say."""


def _done(status: int, *more: int) -> dict[str, Any]:
    return {"status_code": status, "responses": responses(404, 409, 422, *more)}


@router.post("/v1/cases", summary="Open a case of messages", response_model=CaseAnswer, **_done(201))
def open_text_case(
    body: TextCaseRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """Grooming leaves no file: messages alone are a case. They are sealed, and the account gathers there."""

    def work(connection: sa.Connection) -> CaseAnswer:
        runtime = write.caller.runtime
        case = opening.gather(
            connection,
            body.account,
            runtime.review,
            kind="text",
            priority=body.priority,
            by=write.subject,
            surface=body.surface,
        )
        require_case_scope(write.caller, connection, case.id)
        _add(connection, write, case.id, body.messages)
        return CaseAnswer.model_validate(cases.get_case(connection, case.id))

    return write.run(work, status=201)


@router.post("/v1/cases/{case}/messages", summary="Add messages", response_model=MadeAnswer, **_done(201))
def add_messages(
    case: Id, body: MessagesRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """They are sealed under the vault's key."""

    def work(connection: sa.Connection) -> MadeAnswer:
        require_case_scope(write.caller, connection, case)
        return MadeAnswer(id=_add(connection, write, case, body.messages))

    return write.run(work, status=201)


@router.post(
    "/v1/cases/{case}/media/{media}/label",
    summary="Label a file",
    response_model=LabelledAnswer,
    **_done(200),
)
def label(
    case: Id, media: Id, body: LabelRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """Its copies in the case get the label too. Everything that was said stays on record."""

    def work(connection: sa.Connection) -> LabelledAnswer:
        require_case_scope(write.caller, connection, case)
        said = body.model_dump()
        return LabelledAnswer(
            labelled=labels.label_item(connection, case, media, person=write.subject, **said)
        )

    return write.run(work)


@router.post(
    "/v1/cases/{case}/annotations", summary="Annotate a case", response_model=CaseAnswer, **_done(200)
)
def annotate(
    case: Id, body: AnnotateRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """Incident type and annotations of the whole report."""

    def work(connection: sa.Connection) -> CaseAnswer:
        require_case_scope(write.caller, connection, case)
        labels.annotate_case(connection, case, person=write.subject, **body.model_dump())
        return CaseAnswer.model_validate(cases.get_case(connection, case))

    return write.run(work)


@router.post("/v1/cases/{case}/notes", summary="Add a note", response_model=MadeAnswer, **_done(201))
def note(case: Id, body: NoteRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]) -> Response:
    """For whoever comes to the case."""

    def work(connection: sa.Connection) -> MadeAnswer:
        require_case_scope(write.caller, connection, case)
        return MadeAnswer(id=cases.add_note(connection, case, by=write.subject, text=body.text))

    return write.run(work, status=201)


@router.post("/v1/cases/{case}/priority", summary="Set the priority", response_model=CaseAnswer, **_done(200))
def priority(
    case: Id, body: PriorityRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """Its clock runs from now, and never gets longer."""

    def work(connection: sa.Connection) -> CaseAnswer:
        require_case_scope(write.caller, connection, case)
        rules = write.caller.runtime.review
        done = clocks.set_priority(connection, case, body.priority, by=write.subject, rules=rules)
        return CaseAnswer.model_validate(done)

    return write.run(work)


@router.post("/v1/cases/{case}/imminent", summary="Imminent danger", response_model=CaseAnswer, **_done(200))
def imminent(
    case: Id, body: UndoneRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """A child is in danger now: the case goes before all others, and whoever is on call is paged."""

    def work(connection: sa.Connection) -> CaseAnswer:
        require_case_scope(write.caller, connection, case)
        rules = write.caller.runtime.review
        return CaseAnswer.model_validate(clocks.set_imminent(connection, case, by=write.subject, rules=rules))

    return write.run(work)


@router.post("/v1/cases/{case}/merge", summary="Merge a case", response_model=CaseAnswer, **_done(200))
def merge(case: Id, body: MergeRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]) -> Response:
    """Everything of `source` goes into this case. Both are open and of one account."""

    def work(connection: sa.Connection) -> CaseAnswer:
        require_case_scope(write.caller, connection, case)
        require_case_scope(write.caller, connection, body.source)
        done = merging.merge(connection, case, body.source, person=write.subject, fence=body.fence)
        return CaseAnswer.model_validate(done)

    return write.run(work)


@router.post("/v1/cases/{case}/split", summary="Split a case", response_model=CaseAnswer, **_done(201))
def split(case: Id, body: SplitRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]) -> Response:
    """These media become a case of their own: the answer."""

    def work(connection: sa.Connection) -> CaseAnswer:
        require_case_scope(write.caller, connection, case)
        done = merging.split(connection, case, body.media, person=write.subject, fence=body.fence)
        return CaseAnswer.model_validate(done)

    return write.run(work, status=201)


@router.post(
    "/v1/cases/{case}/decisions", summary="Decide a case", response_model=DecisionAnswer, **_done(201)
)
def decide(
    case: Id, body: DecideRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """What is labelled none is cleared, everything else confirmed. It takes effect after `review.undo_s`.

    Clearing a match on a trusted list waits for a second person. 409 when the case is another's by now, or
    something came to it since `version`: nothing was decided then.
    """
    rules = write.caller.runtime.review
    made: list[int] = []

    def work(connection: sa.Connection) -> DecisionFacts:
        require_case_scope(write.caller, connection, case)
        done = deciding.decide(connection, case, person=write.subject, rules=rules, **body.model_dump())
        made.append(done.id)
        return done

    answer = write.run(work, DecisionAnswer.model_validate, status=201)
    for one in made:
        settle_one(write.caller.runtime, one)
    return answer


@router.post(
    "/v1/cases/{case}/decisions/{decision}/undo",
    summary="Take a decision back",
    response_model=DecisionAnswer,
    **_done(200),
)
def undo(
    case: Id, decision: Id, body: UndoneRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]
) -> Response:
    """Until it takes effect: one's own, and with `case.assign` anybody's. The case is open again."""
    may_any = write.caller.allows(Permission.CASE_ASSIGN)

    def work(connection: sa.Connection) -> DecisionAnswer:
        require_case_scope(write.caller, connection, case)
        if deciding.get_decision(connection, decision).case_id != case:
            raise NotFoundError(f"Case {case} has no decision {decision}. Nothing was taken back.")
        done = deciding.undo(connection, decision, person=write.subject, may_any=may_any)
        return DecisionAnswer.model_validate(done)

    return write.run(work)


@router.post("/v1/cases/{case}/export", summary="Export a case", **_done(200))
def export(
    case: Id, body: UndoneRequest, write: Annotated[Write, Writing(Permission.CASE_EXPORT)]
) -> Response:
    """Everything known of it as JSON, with who saw what; no content. That is put on record."""

    def work(connection: sa.Connection) -> dict[str, Any]:
        require_case_scope(write.caller, connection, case)
        return export_case(connection, case, by=write.subject, sealer=write.caller.runtime.sealer)

    return write.run(work)


def _add(connection: sa.Connection, write: Write, case_id: int, given: list[OneMessage]) -> int:
    found = [Message(**one.model_dump()) for one in given]
    sealer = write.caller.runtime.sealer
    return texts.add_messages(connection, case_id, found, by=write.subject, sealer=sealer)
