"""A page from its template, with the headers that every page of the console carries.

return page(caller, "queue.html", here="queue", cases=cases)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from holdfast.console import keys, times
from holdfast.console.texts import LANGUAGES, Texts, language_of, texts
from holdfast.records.tables.base import now

if TYPE_CHECKING:
    from starlette.requests import Request

    from holdfast.api.guard import Caller

__all__ = ["HEADERS", "environment", "page", "public_page", "texts_for"]

# No inline script or style, nothing from elsewhere, in nobody's frame; what was fetched may be shown.
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "referrer-policy": "same-origin",  # with "no-referrer" forms would be sent with the origin "null"
}


def page(caller: Caller, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page, or a part of one, for somebody who is signed in."""
    session = caller.session
    if session is None:
        raise RuntimeError("a page of the console was asked for without a session")
    told = {
        "person": session.person,
        "csrf": session.csrf,
        "theme": None if session.person.theme == "system" else session.person.theme,
        "may": caller.principal.allows,
        "key_map": session.person.key_map,
    }
    return _answer(caller.request, template, status, {**told, **context}, texts_for(caller))


def public_page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page for somebody who is not signed in."""
    told: dict[str, Any] = {"person": None, "csrf": "", "theme": None, "may": lambda _: False, "key_map": {}}
    t = texts(language_of(context.pop("language", None), request.headers.get("accept-language", "")))
    return _answer(request, template, status, {**told, **context}, t)


def texts_for(caller: Caller) -> Texts:
    """The words in the language of whoever is signed in."""
    chosen = caller.session.person.locale if caller.session is not None else None
    return texts(language_of(chosen or None, caller.request.headers.get("accept-language", "")))


@cache
def environment() -> Environment:
    """The templates. What is put in is escaped, and a name that is not there is an error."""
    made = Environment(
        loader=PackageLoader("holdfast.console"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        key_actions=tuple(keys.USUAL),
        key_usual=keys.USUAL,
        moment=times.moment,
        dir="ltr",
        languages=tuple(LANGUAGES.items()),
    )
    return made


def _answer(request: Request, template: str, status: int, context: dict[str, Any], t: Texts) -> HTMLResponse:
    at = now()
    defaults: dict[str, Any] = {
        "t": t,
        "here": "",
        "banner": request.app.state.runtime.settings.console.banner,
        "nav": _nav(context["may"]),
        "now": at,
        "clock_words": lambda due: times.clock(t, due, at),
        "ago_words": lambda when: times.ago(t, when, at),
        "units": times.units(t),
    }
    text = environment().get_template(template).render({**defaults, **context})
    return HTMLResponse(text, status, HEADERS)


def _nav(may: Callable[[str], bool]) -> list[tuple[str, str]]:
    """The pages that somebody may open."""
    return [(name, href) for name, href, permission in NAV if may(permission)]


# (name in the catalogues, address, the permission that the page demands)
NAV: Final = (
    ("today", "/console", "console.use"),
    ("queue", "/console/queue", "case.read"),
    ("reports", "/console/reports", "report.read"),
    ("lists", "/console/lists", "bank.read"),
    ("people", "/console/people", "person.read"),
    ("health", "/console/health", "metrics.read"),
    ("numbers", "/console/numbers", "metrics.read"),
    ("audit", "/console/audit", "audit.read"),
)
