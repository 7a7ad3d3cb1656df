"""Decisions: what waits for a person, and what that person says."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import MAX_ID, Answer, Id, Limit, Page, Reason, Request, page
from holdfast.api.writes import Write, Writing
from holdfast.decisions import records
from holdfast.decisions.records import DecisionRow
from holdfast.errors import UsageError
from holdfast.review.elsewhere import lock_case_of, note_reviewed
from holdfast.review.held import Review, review_decision

__all__ = ["require_bank_of", "router"]

router = APIRouter(tags=["decisions"])

_CURSOR = re.compile(r"(?:([1-5])\.)?([1-9][0-9]{0,18})")


class DecisionAnswer(Answer):
    """One decision, and the first review of it."""

    event: int = Field(validation_alias="event_id", examples=[4711])
    outcome: str = Field(examples=["match"])
    rule: str = Field(examples=["trusted-exact"])
    class_: str = Field(validation_alias="rule_class", serialization_alias="class", examples=["known"])
    rules_version: str = Field(examples=["2026-11-24+0f3c9d2ab17e"])
    actions: dict[str, Any] = Field(examples=[{"quarantine": True, "queue": 1}])
    queue: int | None = Field(examples=[1], description="1 (first) to 5: a person is to look.")
    entry: int | None = Field(
        validation_alias="entry_id",
        examples=[7],
        description="The entry that the rule held on; needs `match.detail`.",
    )
    trusted: bool = Field(examples=[True], description="The entry's list is trusted: two people clear it.")
    hold: str | None = Field(
        validation_alias="item_id",
        examples=["0f3c9d2ab17e44c6b1b5a1f0c2d4e6f8"],
        description="The held content.",
    )
    content_reference: str | None = Field(examples=["post/8f31"])
    decided_at: datetime
    reviewed_at: datetime | None
    reviewed_by: str | None
    verdict: str | None = Field(description="confirm or dispute: the first review's.")
    review_reason: str | None


class ReviewRequest(Request):
    """What a person says of a match."""

    verdict: Literal["confirm", "dispute"]
    reason: Reason = Field(examples=["Looked at: it is what the list says."])


class ReviewedAnswer(Answer):
    """What came of it."""

    decision: DecisionAnswer
    standing: str = Field(
        examples=["confirmed"], description="Of the entry: none, confirmed, disputed, held."
    )
    destroy_at: datetime | None = Field(
        description="The content was released and is destroyed then. Null: it stays held."
    )


@router.get("/v1/decisions", summary="List decisions", responses=responses(422))
def list_decisions(
    caller: Annotated[Caller, Guard(Permission.DECISION_READ)],
    state: Annotated[Literal["open", "reviewed", "unreviewed", "all"], Query()] = "open",
    after: Annotated[str, Query(max_length=30, description="The `next` of the page before.")] = "",
    limit: Limit = 100,
) -> Page[DecisionAnswer]:
    """`open`: what waits for a person, the first priority first, then the oldest. Others: newest first.

    `unreviewed` are also those that no rule queued.
    """
    queue, event = _cursor(after, is_open=state == "open")
    seen = caller.principal.banks.seen
    with caller.runtime.database.read() as connection:
        if state == "open":
            found = records.read_open(connection, after=(queue, event), banks_seen=seen, limit=limit)
        else:
            found = records.read_decided(
                connection,
                is_reviewed=None if state == "all" else state == "reviewed",
                before=event or None,
                banks_seen=seen,
                limit=limit,
            )
    cursors = [f"{row.queue}.{row.event_id}" if state == "open" else str(row.event_id) for row in found]
    return page([_answer(caller, row) for row in found], limit, cursors)


@router.get("/v1/decisions/{event}", summary="Show a decision", responses=responses(404, 422))
def get_decision(caller: Annotated[Caller, Guard(Permission.DECISION_READ)], event: Id) -> DecisionAnswer:
    """The decision about one event."""
    with caller.runtime.database.read() as connection:
        found = records.get_decision(connection, event)
        require_bank_of(caller, connection, found)
    return _answer(caller, found)


@router.post(
    "/v1/decisions/{event}/review",
    summary="Confirm or dispute a match",
    response_model=ReviewedAnswer,
    responses=responses(404, 409, 410, 422),
)
def review(
    event: Id, body: ReviewRequest, write: Annotated[Write, Writing(Permission.DECISION_WRITE)]
) -> Response:
    """The first review closes the decision. `confirm`: the content stays held, and the entry is confirmed.

    `dispute`: the entry no longer acts with full force, and the content is released, to be destroyed after
    `vault.cleared_days`; on a trusted list it stays held until somebody else releases it. Another person may
    disagree later: that is heard about the entry, and the decision keeps showing the first. The same again
    changes nothing.
    """
    window = timedelta(days=write.caller.runtime.settings.vault.cleared_days)

    def work(connection: sa.Connection) -> Review:
        require_bank_of(write.caller, connection, records.get_decision(connection, event))
        said: dict[str, Any] = {"verdict": body.verdict, "reason": body.reason}
        case = lock_case_of(connection, event)
        done = review_decision(connection, event, person=write.subject, cleared_window=window, **said)
        if case is not None and done.decision.verdict is not None:
            first: dict[str, Any] = {"person": write.subject, "verdict": done.decision.verdict}
            note_reviewed(connection, case, event, rules=write.caller.runtime.review, **first)
        write.note(connection, "decision.review", f"decision:{event}", verdict=body.verdict)
        return done

    def answer(done: Review) -> ReviewedAnswer:
        decision = _answer(write.caller, done.decision)
        return ReviewedAnswer(decision=decision, standing=done.standing, destroy_at=done.destroy_at)

    return write.run(work, answer)


def require_bank_of(caller: Caller, connection: sa.Connection, decision: DecisionRow) -> None:
    """Nothing, or `NotAllowedError` when the decision is about a bank outside the key's scope."""
    if decision.entry_id is not None:
        caller.principal.require_bank(records.bank_of(connection, decision))


def _answer(caller: Caller, row: DecisionRow) -> DecisionAnswer:
    answer = DecisionAnswer.model_validate(row)
    if not caller.allows(Permission.MATCH_DETAIL):
        answer.entry = None
    return answer


def _cursor(text: str, *, is_open: bool) -> tuple[int, int]:
    """Priority and event of the last one seen; (0, 0) at the beginning."""
    if not text:
        return 0, 0
    found = _CURSOR.fullmatch(text)
    if found is None or (found[1] is None) == is_open or int(found[2]) > MAX_ID:
        raise UsageError("after is not the next of a page of this list. Nothing was read.")
    return int(found[1] or 0), int(found[2])
