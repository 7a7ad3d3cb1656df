"""Actions that the platform is asked for, and their receipts: it says when it removed what."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import MAX_ID, Answer, Id, Limit, Line, Moment, Page, Request, page
from holdfast.api.writes import Write, Writing
from holdfast.decisions.webhooks import receipts
from holdfast.errors import UsageError
from holdfast.records.tables.base import now

__all__ = ["router"]

router = APIRouter(tags=["actions"])

DAY = timedelta(days=1)
YEAR_S = 366 * 86400.0


class ActionAnswer(Answer):
    """One action asked for, and what came of it. Unconfirmed: `confirmed_at` is null."""

    id: int = Field(examples=[33])
    event: int = Field(validation_alias="event_id")
    action: str = Field(examples=["remove"])
    content_reference: str = Field(examples=["post/8f31"])
    uploaded_at: datetime | None
    matched_at: datetime
    asked_at: datetime
    confirmed_at: datetime | None
    outcome: str | None = Field(examples=["removed"], description="removed or already_gone.")
    removed: list[str] | None = Field(examples=[["post/8f31", "cdn/8f31.jpg"]])
    removed_at: datetime | None
    confirmed_by: str | None = Field(examples=["key:4k8wz0qd2m1x"])


class Confirmation(Request):
    """What you did. ``removed`` names the copies in your own words."""

    outcome: Literal["removed", "already_gone"] = "removed"
    removed: list[Annotated[Line, Field(min_length=1)]] = Field(
        default_factory=list, max_length=receipts.MAX_REMOVED, examples=[["post/8f31", "cdn/8f31.jpg"]]
    )
    removed_at: Moment | None = Field(default=None, description="With its zone; now, where it is absent.")


class SpreadAnswer(Answer):
    """How durations are spread, in seconds."""

    count: int
    p50_s: float | None
    p95_s: float | None
    max_s: float | None


class TimesAnswer(Answer):
    """From upload and from match to removal. What is unconfirmed has no time yet."""

    since: datetime
    until: datetime
    asked: int
    unconfirmed: int
    already_gone: int
    from_upload: SpreadAnswer
    from_match: SpreadAnswer


@router.get("/v1/actions", summary="List actions", responses=responses(404, 422))
def list_actions(
    caller: Annotated[Caller, Guard(Permission.EVENT_READ)],
    event: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Those asked for because of it.")] = None,
    unconfirmed_for_s: Annotated[
        float, Query(ge=0, le=YEAR_S, description="Only those that wait for so long.")
    ] = 0.0,
    after: Annotated[int | None, Query(ge=1, le=MAX_ID, description="The `next` of the page before.")] = None,
    limit: Limit = 100,
) -> Page[ActionAnswer]:
    """What nobody has confirmed yet, oldest first: an alarm. Or all actions of one event."""
    with caller.runtime.database.read() as connection:
        if event is not None:
            found = [one for one in receipts.of_event(connection, event) if one.id > (after or 0)][:limit]
        else:
            found = receipts.unconfirmed(
                connection, older_than_s=unconfirmed_for_s, after_id=after, limit=limit
            )
    return page([ActionAnswer.model_validate(one) for one in found], limit, [one.id for one in found])


@router.get("/v1/actions/times", summary="Show times to removal", responses=responses(422))
def get_times(
    caller: Annotated[Caller, Guard(Permission.EVENT_READ)],
    since: Annotated[Moment | None, Query(description="A week before `until`, where it is absent.")] = None,
    until: Annotated[Moment | None, Query(description="Now, where it is absent.")] = None,
) -> TimesAnswer:
    """How long known material stayed up: percentiles over the actions asked for in a period."""
    end = until or now()
    begin = since or end - 7 * DAY
    if not timedelta(0) < end - begin <= 366 * DAY:
        raise UsageError("The period must have a length, of up to 366 days. Nothing was counted.")
    with caller.runtime.database.read() as connection:
        times = receipts.removal_times(connection, since=begin, until=end)
    return TimesAnswer(
        since=begin,
        until=end,
        asked=times.asked,
        unconfirmed=times.unconfirmed,
        already_gone=times.already_gone,
        from_upload=SpreadAnswer.model_validate(times.from_upload),
        from_match=SpreadAnswer.model_validate(times.from_match),
    )


@router.get("/v1/actions/{action}", summary="Show an action", responses=responses(404, 422))
def get_action(caller: Annotated[Caller, Guard(Permission.EVENT_READ)], action: Id) -> ActionAnswer:
    """One action and its receipt."""
    with caller.runtime.database.read() as connection:
        return ActionAnswer.model_validate(receipts.get(connection, action))


@router.post(
    "/v1/actions/{action}/confirm",
    summary="Confirm an action",
    response_model=ActionAnswer,
    responses=responses(404, 409, 422),
)
def confirm(
    action: Id, body: Confirmation, write: Annotated[Write, Writing(Permission.RECEIPT_WRITE)]
) -> Response:
    """You removed it, and when. The same confirmation again gets the first answer; another one is refused."""
    return write.run(
        lambda connection: ActionAnswer.model_validate(
            receipts.confirm(
                connection,
                action,
                by=write.subject,
                outcome=body.outcome,
                removed=body.removed,
                removed_at=body.removed_at,
            )
        )
    )
