"""The queue: what waits, who holds what, and the button that gives the next case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.banks.service import list_banks
from holdfast.console.pages.queue_view import rows_of
from holdfast.console.pages.shared import PageOf, link, names_of, see
from holdfast.console.pages.stop import stop_of
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts
from holdfast.console.times import span
from holdfast.records.tables.base import now
from holdfast.review import cases, leases
from holdfast.review.models import Case

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
MOST_COUNTED: Final = 10_000  # beyond it the page says "over"
STATES: Final = ("open", "waiting", "decided", "merged")
KINDS: Final = ("match", "notice", "text")
SURFACES: Final = ("public", "private", "unknown")
AGES_S: Final = (3600, 4 * 3600, 24 * 3600, 72 * 3600)


class Choice(BaseModel):
    """What the form above the queue asks for; every field as text, since an empty one means any."""

    model_config = ConfigDict(extra="ignore")

    state: str = "open"
    priority: str = ""
    kind: str = ""
    surface: str = ""
    bank: str = ""
    age: str = ""
    after: str = ""
    first: str = ""

    @property
    def is_narrow(self) -> bool:
        return any((self.priority, self.kind, self.surface, self.bank, self.age))

    def parameters(self) -> dict[str, str]:
        return self.model_dump(exclude={"after", "first"})


@router.get("/console/queue")
def queue(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)], chosen: Annotated[Choice, Query()]
) -> Response:
    """The page, with the form that narrows it."""
    t = texts_for(caller)
    with caller.runtime.database.read() as connection:
        known = [(str(bank.id), bank.name) for bank in list_banks(connection)]
        shown = _rows(connection, caller, chosen, t)
        stop = stop_of(connection, caller, t)
    return page(
        caller,
        "queue.html",
        here="queue",
        stop=stop,
        states=[(one, t(f"case_state.{one}")) for one in STATES],
        priorities=[(str(one), t(f"priority.p{one}")) for one in range(6)],
        kinds=[(one, t(f"kind.{one}")) for one in KINDS],
        surfaces=[(one, t(f"surface.{one}")) for one in SURFACES],
        banks=[one for one in known if caller.principal.banks.may_see(one[1])],
        ages=[(str(one), t("queue.older_than", span=span(t, one))) for one in AGES_S],
        **shown,
    )


@router.get("/console/queue/rows")
def queue_rows(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)], chosen: Annotated[Choice, Query()]
) -> Response:
    """The rows alone, for the form."""
    with caller.runtime.database.read() as connection:
        shown = _rows(connection, caller, chosen, texts_for(caller))
    return page(caller, "queue_rows.html", **shown)


@router.post("/console/queue/next")
def take_next(caller: Annotated[Caller, Guard(Permission.CASE_WRITE)]) -> Response:
    """The server picks: the first case by priority and clock that nobody holds."""
    t = texts_for(caller)
    runtime = caller.runtime
    with runtime.database.write() as connection:
        if stop_of(connection, caller, t) is not None:
            return see("/console")
        seen = cases.CaseFilter(banks_seen=caller.principal.banks.see)
        lease = leases.take_next(connection, caller.subject, runtime.review, seen)
    return see("/console/queue" if lease is None else f"/console/cases/{lease.case_id}")


def _rows(connection: sa.Connection, caller: Caller, chosen: Choice, t: Texts) -> dict[str, Any]:
    wanted = _filter(caller, chosen)
    found = cases.list_cases(connection, wanted, after=_after(chosen.after), limit=PAGE + 1)
    total = cases.counts(connection, wanted, most=MOST_COUNTED)
    more, found = len(found) > PAGE, found[:PAGE]
    names = names_of(connection, [case.lease_owner for case in found], caller, t)
    first = int(chosen.first) if chosen.first.isdigit() and len(chosen.first) < 9 else 1
    return {
        "chosen": chosen,
        "rows": rows_of(connection, found, names, caller.subject, t),
        "page": PageOf(
            first=first,
            last=first + len(found) - 1,
            total=max(total, first + len(found) - 1),
            is_over=total >= MOST_COUNTED,
            back=link("/console/queue", **chosen.parameters()) if first > 1 else "",
            on=_next(chosen, found[-1], first + PAGE) if more else "",
        ),
    }


def _filter(caller: Caller, chosen: Choice) -> cases.CaseFilter:
    """What is none of the form's choices asks for nothing."""
    return cases.CaseFilter(
        state=chosen.state if chosen.state in STATES else "open",
        priority=int(chosen.priority) if chosen.priority in "012345" and chosen.priority else None,
        kind=chosen.kind if chosen.kind in KINDS else None,
        surface=chosen.surface if chosen.surface in SURFACES else None,
        bank=int(chosen.bank) if chosen.bank.isdigit() and len(chosen.bank) < 19 else None,
        older_than=now() - timedelta(seconds=int(chosen.age)) if chosen.age in map(str, AGES_S) else None,
        banks_seen=caller.principal.banks.see,
    )


def _next(chosen: Choice, last: Case, first: int) -> str:
    after = f"{last.priority}~{last.due_at.isoformat()}~{last.id}"
    return link("/console/queue", **chosen.parameters(), after=after, first=first)


def _after(text: str) -> tuple[int, datetime, int] | None:
    """The last case of the page before; None for a text that this page never made."""
    try:
        priority, due_at, case_id = text.split("~")
        moment = datetime.fromisoformat(due_at)
        return None if moment.utcoffset() is None else (int(priority), moment, int(case_id))
    except ValueError:
        return None
