"""Events: matches, holds and what was done about them, to be read and followed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field

from holdfast.access.principal import BankScope
from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.api.problems import responses
from holdfast.api.v1.fields import AfterId, Answer, Id, Limit, Page, printable
from holdfast.api.v1.shown import in_scope
from holdfast.errors import UsageError
from holdfast.records import events

__all__ = ["router"]

router = APIRouter(tags=["events"])

# What only `match.detail` opens, wherever in an event's facts it stands.
DETAIL = frozenset({"entry", "farthest_bits", "matches", "nearest_bits"})
Kinds = Annotated[list[str], Query(alias="kind", max_length=20, description="Only these kinds.")]
Reference = Annotated[
    str | None,
    Query(max_length=500, description="Only events about this content, the newest first."),
    AfterValidator(lambda text: text and printable(text)),
]


class EventAnswer(Answer):
    """One thing that happened. Its id is its place in the log, without gaps."""

    id: int = Field(examples=[4711])
    kind: str = Field(examples=["action.confirmed"])
    content_reference: str | None = Field(examples=["post/8f31"])
    at: datetime
    facts: dict[str, Any] = Field(
        examples=[{"receipt": 33, "event": 4710, "action": "remove", "outcome": "removed"}],
        description="What is known of it. Matches, entries and distances need `match.detail`.",
    )


@router.get("/v1/events", summary="Read events", responses=responses(422))
def list_events(
    caller: Annotated[Caller, Guard(Permission.EVENT_READ)],
    kind: Kinds = [],  # noqa: B006  (FastAPI copies it)
    content_reference: Reference = None,
    after: AfterId = 0,
    limit: Limit = 100,
) -> Page[EventAnswer]:
    """Oldest first. `next` is never null while you follow the log: ask again with it for what is new.

    Ids are given in the order of the commits: whoever keeps the last one misses nothing.
    """
    unknown = sorted(set(kind) - events.KINDS)
    if unknown:
        raise UsageError(f"{unknown[0][:40]!r} is no kind of event: {', '.join(sorted(events.KINDS))}.")
    show = shown_to(caller)
    with caller.runtime.database.read() as connection:
        if content_reference is not None:
            about = events.of_content(connection, content_reference, limit)
            return Page(items=[show(event) for event in about if not kind or event.kind in kind])
        found = events.read(connection, after=after, kinds=kind or None, limit=limit)
    return Page(items=[show(event) for event in found], next=found[-1].id if found else after)


@router.get("/v1/events/{event}", summary="Show an event", responses=responses(404, 422))
def get_event(caller: Annotated[Caller, Guard(Permission.EVENT_READ)], event: Id) -> EventAnswer:
    """One event, with all that is known of it."""
    with caller.runtime.database.read() as connection:
        return shown_to(caller)(events.get(connection, event))


def shown_to(caller: Caller) -> Callable[[events.Event], EventAnswer]:
    """How an event is shown to this caller: without detail, or without matches in banks it may not see."""
    in_detail = caller.allows(Permission.MATCH_DETAIL)
    scope = caller.principal.banks

    def show(event: events.Event) -> EventAnswer:
        facts = _in_scope(event.facts, scope) if in_detail else _without_detail(event.facts)
        return EventAnswer(
            id=event.id, kind=event.kind, content_reference=event.content_reference, at=event.at, facts=facts
        )

    return show


def _without_detail(facts: Any) -> Any:
    if isinstance(facts, dict):
        return {name: _without_detail(value) for name, value in facts.items() if name not in DETAIL}
    return [_without_detail(one) for one in facts] if isinstance(facts, list) else facts


def _in_scope(facts: dict[str, Any], scope: BankScope) -> dict[str, Any]:
    known = facts.get("facts")
    return {**facts, "facts": in_scope(known, scope)} if isinstance(known, dict) else facts
