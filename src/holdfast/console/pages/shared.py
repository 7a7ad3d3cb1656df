"""What the pages share: names of people, redirects, one page of many rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import sqlalchemy as sa
from starlette.responses import RedirectResponse, Response

from holdfast.api.guard import Caller
from holdfast.console.texts import Texts
from holdfast.records.tables.people import people

__all__ = ["FRAGMENT", "Names", "PageOf", "link", "names_of", "see", "wants_fragment"]

FRAGMENT = "holdfast-fragment"  # a header that the console's own scripts send


@dataclass(frozen=True, slots=True)
class PageOf:
    """Where one is among many rows; ``back`` and ``on`` are addresses, "" where there is none.

    ``is_over``: there are more than ``total``, and nobody counted them.
    """

    first: int
    last: int
    total: int
    back: str
    on: str
    is_over: bool = False


class Names:
    """How people and programs are called in what others read. ``you`` is the one who reads."""

    def __init__(self, known: Mapping[str, str], you: str, t: Texts) -> None:
        self._known = known
        self._you = you
        self._t = t

    def __call__(self, subject: str | None) -> str:
        if subject is None:
            return self._t("common.nobody")
        if subject == self._you:
            return self._t("common.you")
        if subject.startswith("rule:") or subject == "rules":
            return self._t("queue.by_rule")
        return self._known.get(subject, subject)


def names_of(connection: sa.Connection, subjects: Collection[str | None], caller: Caller, t: Texts) -> Names:
    """The names of everybody among ``subjects`` (``person:ID`` and others) who has an account."""
    ids = {one.removeprefix("person:") for one in subjects if one is not None and one.startswith("person:")}
    query = sa.select(people.c.id, people.c.name).where(people.c.id.in_(ids))
    known = {f"person:{row.id}": row.name for row in connection.execute(query)} if ids else {}
    return Names(known, caller.subject, t)


def link(path: str, **parameters: object) -> str:
    """An address with those parameters that are neither None nor ""."""
    given = {name: value for name, value in parameters.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def see(path: str) -> Response:
    """Sends the browser to another page after something was done."""
    return RedirectResponse(path, status_code=303)


def wants_fragment(caller: Caller) -> bool:
    """Whether a script of the console asked, which shows no page."""
    headers = caller.request.headers
    return FRAGMENT in headers or "hx-request" in headers
