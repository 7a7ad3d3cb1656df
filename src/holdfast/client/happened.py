"""The calls about what happened and what follows from it: events, decisions, actions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from holdfast.client.call import Call, json_body, part, read_call, write_call
from holdfast.client.decoding import decode
from holdfast.client.exchange import Item, Pause, Stream
from holdfast.client.pages import PAGE, Page, each, page_call
from holdfast.client.records import Action, DecisionRecord, Event, RemovalTimes, Reviewed

__all__ = [
    "action",
    "actions",
    "confirm_action",
    "decision",
    "decisions",
    "event",
    "events",
    "follow_events",
    "removal_times",
    "review",
]

_EVENTS = "/v1/events"
_ACTION = partial(decode, Action)


def events(*, after: int = 0, kinds: Iterable[str] = ()) -> Stream[Event]:
    """The events after the id ``after``, oldest first, to the newest that there is."""
    return each(_EVENTS, Event, after=after, kind=list(kinds))


def event(event: int) -> Call[Event]:
    """One event."""
    return read_call(f"{_EVENTS}/{part(event)}", partial(decode, Event))


def follow_events(*, after: int = 0, kinds: Iterable[str] = (), every_s: float = 1.0) -> Stream[Event]:
    """The events after the id ``after``, oldest first, without end: new ones as they come.

    Ids are in the order in which things were recorded: keep the last one you dealt with, and go on from it.
    Where there is nothing new, the service is asked every ``every_s`` seconds.
    """
    wanted = list(kinds)
    while True:
        page: Page[Event] = yield page_call(_EVENTS, Event, after=after, kind=wanted, limit=PAGE)
        for one in page.items:
            after = one.id
            yield Item(one)
        if not page.items:
            yield Pause(every_s)


def decisions(*, state: str = "open") -> Stream[DecisionRecord]:
    """Decisions: "open" (a person must look, the first priority first), "reviewed", "unreviewed", "all"."""
    return each("/v1/decisions", DecisionRecord, state=state)


def decision(event: int) -> Call[DecisionRecord]:
    """The decision about one event."""
    return read_call(f"/v1/decisions/{part(event)}", partial(decode, DecisionRecord))


def review(event: int, verdict: str, reason: str) -> Call[Reviewed]:
    """Says "confirm" or "dispute" of a match, after a person has looked, and why."""
    body = json_body(verdict=verdict, reason=reason)
    return write_call("POST", f"/v1/decisions/{part(event)}/review", partial(decode, Reviewed), body)


def actions(*, event: int | None = None, unconfirmed_for_s: float | None = None) -> Stream[Action]:
    """Actions that nobody has confirmed for so long, oldest first; or all that one event asked for."""
    return each("/v1/actions", Action, event=event, unconfirmed_for_s=unconfirmed_for_s)


def action(action: int) -> Call[Action]:
    """One action and its receipt."""
    return read_call(f"/v1/actions/{part(action)}", _ACTION)


def confirm_action(
    action: int,
    *,
    outcome: str = "removed",
    removed: Iterable[str] = (),
    removed_at: datetime | None = None,
) -> Call[Action]:
    """Says that an action was done: "removed", or "already_gone" where nothing was left to remove.

    ``removed`` names the copies in your own words, ``removed_at`` (with zone; now by default) is when. The
    same confirmation again is answered as the first time; another one is refused (ConflictError).
    """
    at = None if removed_at is None else removed_at.isoformat()
    body = json_body(outcome=outcome, removed=list(removed), removed_at=at)
    return write_call("POST", f"/v1/actions/{part(action)}/confirm", _ACTION, body)


def removal_times(*, since: datetime | None = None, until: datetime | None = None) -> Call[RemovalTimes]:
    """How long known material stayed up; the last week by default."""
    given = {
        name: None if at is None else at.isoformat() for name, at in (("since", since), ("until", until))
    }
    return read_call("/v1/actions/times", partial(decode, RemovalTimes), **given)
