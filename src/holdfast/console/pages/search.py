"""Search by what people have in hand: a number, an account, a reference. Never by what is sealed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.responses import Response

from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard
from holdfast.console.render import page, texts_for
from holdfast.console.texts import Texts
from holdfast.records.tables.review import appeals, case_items, cases, notices

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

MOST = 20  # of each kind
_LAST = "\U0010ffff"  # sorts after every other character


@dataclass(frozen=True, slots=True)
class Found:
    href: str
    title: str
    detail: str


@router.get("/console/search")
def search(
    caller: Annotated[Caller, Guard(Permission.CASE_READ)],
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """What was found, in sections."""
    t = texts_for(caller)
    asked = "".join(character for character in q if character.isprintable()).strip()
    sections: list[dict[str, Any]] = []
    if asked:
        with caller.runtime.database.read() as connection:
            for name, look in (("cases", _cases), ("notices", _notices), ("appeals", _appeals)):
                if rows := list(look(connection, asked, t)):
                    sections.append({"title": t(f"search.{name}"), "rows": rows})
    return page(caller, "search.html", here="", asked=asked, sections=sections)


def _cases(connection: sa.Connection, asked: str, t: Texts) -> Iterator[Found]:
    """By number, by the beginning of an account, by a content reference as it is."""
    c = cases.c
    conditions = [_begins(connection, c.account, asked)]
    if asked.isdigit() and len(asked) < 19:
        conditions.append(c.id == int(asked))
    reference = sa.select(case_items.c.case_id).where(case_items.c.content_reference == asked).limit(MOST)
    conditions.append(c.id.in_(reference))
    for condition in conditions:
        query = sa.select(c.id, c.account, c.state).where(condition).order_by(c.id.desc()).limit(MOST)
        for row in connection.execute(query):
            title = t("case.title", case=str(row.id))
            yield Found(f"/console/cases/{row.id}", title, _detail(row.account, row.state, t))


def _notices(connection: sa.Connection, asked: str, t: Texts) -> Iterator[Found]:
    n = notices.c
    query = sa.select(n.reference, n.case_id, n.kind).where(_begins(connection, n.reference, asked))
    for row in connection.execute(query.order_by(n.id.desc()).limit(MOST)):
        yield Found(f"/console/cases/{row.case_id}", row.reference, t.or_plain("notice.kind", row.kind))


def _appeals(connection: sa.Connection, asked: str, t: Texts) -> Iterator[Found]:
    a = appeals.c
    query = sa.select(a.id, a.reference, a.case_id).where(_begins(connection, a.reference, asked))
    for row in connection.execute(query.order_by(a.id.desc()).limit(MOST)):
        yield Found(f"/console/appeals/{row.id}", row.reference, t("case.title", case=str(row.case_id)))


def _begins(connection: sa.Connection, column: sa.ColumnElement[Any], asked: str) -> sa.ColumnElement[bool]:
    """The column begins with the text, in a form that its index serves on SQLite; exact on PostgreSQL.

    PostgreSQL's index follows a language's order, in which no range stands for a beginning.
    """
    if connection.dialect.name == "sqlite":
        return sa.and_(column >= asked, column < asked + _LAST)
    return column == asked


def _detail(account: str | None, state: str, t: Texts) -> str:
    return " · ".join(part for part in (account or "", t.or_plain("case_state", state)) if part)
