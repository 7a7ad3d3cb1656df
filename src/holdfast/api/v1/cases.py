"""Cases: what waits for people, whose it is, and one case with everything in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import http_problem, responses
from holdfast.api.v1.case_models import CaseAnswer, CasePage, LeaseAnswer, cursor_of
from holdfast.api.v1.fields import Answer, Id, Limit, Page, Request, page
from holdfast.api.writes import Write, Writing
from holdfast.banks.service import get_bank
from holdfast.errors import UsageError
from holdfast.records.tables.banks import banks
from holdfast.records.tables.review import case_items
from holdfast.review import leases
from holdfast.review.case_facts import case_facts
from holdfast.review.cases import CaseFilter, counts, get_case, list_cases

__all__ = ["Fenced", "require_case_scope", "router"]

router = APIRouter(tags=["cases"])

_CURSOR = re.compile(r"([0-5])\.([0-9]{1,17})\.([1-9][0-9]{0,17})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
State = Literal["open", "waiting", "decided", "merged"]
Kind = Literal["match", "notice", "text"]
Surface = Literal["public", "private", "unknown"]


class Fenced(Request):
    """A step by whoever holds the case."""

    fence: int = Field(ge=0, examples=[3], description="The number that taking the case gave.")


class NextRequest(Request):
    """Which case, if it matters."""

    priority: int | None = Field(default=None, ge=0, le=5)
    kind: Kind | None = None
    surface: Surface | None = None


class TakeRequest(Request):
    """`from_other` takes the case although it is somebody's: needs `case.assign`."""

    from_other: bool = False


class CountAnswer(Answer):
    """How many cases there are, counted up to 100,000."""

    count: int


def _filter(
    caller: Caller,
    connection: sa.Connection,
    state: State | None,
    priority: int | None,
    kind: Kind | None,
    surface: Surface | None,
    bank: str | None,
    account: str | None,
    owner: str | None,
    overdue: bool,
) -> CaseFilter:
    return CaseFilter(
        state=state,
        priority=priority,
        kind=kind,
        surface=surface,
        account=account,
        bank=None if bank is None else get_bank(connection, bank).id,
        owner=caller.subject if owner == "me" else owner,
        overdue_only=overdue,
        banks_seen=caller.principal.banks.seen,
    )


@router.get("/v1/cases", summary="List cases", responses=responses(404, 422))
def list_all(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)],
    state: Annotated[State | Literal["all"], Query()] = "open",
    priority: Annotated[int | None, Query(ge=0, le=5)] = None,
    kind: Annotated[Kind | None, Query()] = None,
    surface: Annotated[Surface | None, Query()] = None,
    bank: Annotated[str | None, Query(max_length=200, description="With media of this list.")] = None,
    account: Annotated[str | None, Query(max_length=255)] = None,
    owner: Annotated[str | None, Query(max_length=200, description="`me`, or a subject.")] = None,
    overdue: Annotated[bool, Query(description="Only past their clock.")] = False,
    after: Annotated[str, Query(max_length=40, description="The `next` of the page before.")] = "",
    limit: Limit = 50,
) -> Page[CaseAnswer]:
    """Open cases by priority, then by their clock; others newest first."""
    chosen = None if state == "all" else state
    with caller.runtime.database.read() as connection:
        wanted = _filter(caller, connection, chosen, priority, kind, surface, bank, account, owner, overdue)
        found = list_cases(connection, wanted, after=_cursor(after), limit=limit)
    answers = [CaseAnswer.model_validate(one) for one in found]
    return page(answers, limit, [cursor_of(one) for one in found])


@router.get("/v1/cases/count", summary="Count cases", responses=responses(404, 422))
def count(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)],
    state: Annotated[State | Literal["all"], Query()] = "open",
    priority: Annotated[int | None, Query(ge=0, le=5)] = None,
    kind: Annotated[Kind | None, Query()] = None,
    surface: Annotated[Surface | None, Query()] = None,
    bank: Annotated[str | None, Query(max_length=200)] = None,
    account: Annotated[str | None, Query(max_length=255)] = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    overdue: Annotated[bool, Query()] = False,
) -> CountAnswer:
    """How many a list has."""
    chosen = None if state == "all" else state
    with caller.runtime.database.read() as connection:
        wanted = _filter(caller, connection, chosen, priority, kind, surface, bank, account, owner, overdue)
        return CountAnswer(count=counts(connection, wanted))


@router.post(
    "/v1/cases/next", summary="Take the next case", response_model=LeaseAnswer, responses=responses(404, 422)
)
def take_next(body: NextRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]) -> Response:
    """The first open case that nobody holds becomes the caller's. 404 where there is none."""
    wanted = CaseFilter(**body.model_dump(), banks_seen=write.principal.banks.seen)

    def work(connection: sa.Connection) -> LeaseAnswer:
        lease = leases.take_next(connection, write.subject, write.caller.runtime.review, wanted)
        if lease is None:
            raise http_problem(404, "No open case is free. Nothing was taken. New ones open with matches.")
        return LeaseAnswer.model_validate(lease)

    return write.run(work)


@router.get("/v1/cases/{case}", summary="Show a case", responses=responses(404, 410, 422))
def get_one(caller: Annotated[Caller, Guard(Permission.CASE_READ)], case: Id) -> CasePage:
    """A case with its media, messages, notices and decisions. Media are shown at their own addresses."""
    with caller.runtime.database.read() as connection:
        require_case_scope(caller, connection, case)
        return CasePage.of(case_facts(connection, case, sealer=caller.runtime.sealer))


@router.post(
    "/v1/cases/{case}/lease",
    summary="Take a case",
    response_model=LeaseAnswer,
    responses=responses(404, 409, 422),
)
def take(case: Id, body: TakeRequest, write: Annotated[Write, Writing(Permission.CASE_WRITE)]) -> Response:
    """It is the caller's for `review.lease_s` seconds; a heartbeat makes that longer."""
    if body.from_other:
        write.principal.require(Permission.CASE_ASSIGN)

    def work(connection: sa.Connection) -> LeaseAnswer:
        require_case_scope(write.caller, connection, case)
        rules = write.caller.runtime.review
        lease = leases.take(connection, case, write.subject, rules, from_other=body.from_other)
        return LeaseAnswer.model_validate(lease)

    return write.run(work)


@router.post(
    "/v1/cases/{case}/heartbeat",
    summary="Keep a case",
    response_model=LeaseAnswer,
    responses=responses(404, 409, 422),
)
def heartbeat(case: Id, body: Fenced, write: Annotated[Write, Writing(Permission.CASE_WRITE)]) -> Response:
    """The lease runs on. 409 when the case is another's by now."""

    def work(connection: sa.Connection) -> LeaseAnswer:
        require_case_scope(write.caller, connection, case)
        lease = leases.heartbeat(connection, case, write.subject, body.fence, write.caller.runtime.review)
        return LeaseAnswer.model_validate(lease)

    return write.run(work)


@router.post(
    "/v1/cases/{case}/hand-back",
    summary="Hand a case back",
    response_model=CaseAnswer,
    responses=responses(404, 409, 422),
)
def hand_back(case: Id, body: Fenced, write: Annotated[Write, Writing(Permission.CASE_WRITE)]) -> Response:
    """Anybody may take it."""

    def work(connection: sa.Connection) -> CaseAnswer:
        require_case_scope(write.caller, connection, case)
        leases.hand_back(connection, case, write.subject, body.fence)
        return CaseAnswer.model_validate(get_case(connection, case))

    return write.run(work)


def require_case_scope(caller: Caller, connection: sa.Connection, case_id: int) -> None:
    """Nothing, or `NotAllowedError` when the case has media of lists outside the key's scope."""
    if "*" in caller.principal.banks.seen:
        return
    i = case_items.c
    query = sa.select(banks.c.name).select_from(case_items.outerjoin(banks, i.bank_id == banks.c.id))
    query = query.where(i.case_id == case_id, i.bank_id.is_not(None))
    for name in connection.scalars(query.distinct()):
        caller.principal.require_bank(name)


def _cursor(text: str) -> tuple[int, datetime, int] | None:
    if not text:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise UsageError("after is not the next of a page of this list. Nothing was read.")
    return int(found[1]), _EPOCH + timedelta(microseconds=int(found[2])), int(found[3])
