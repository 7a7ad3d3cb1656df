"""Problems as pages, for people: what happened, what was not done, what to do. Scripts get them as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from holdfast.api.guard import Caller
from holdfast.api.origins import is_console
from holdfast.console.pages.shared import FRAGMENT
from holdfast.console.render import page, public_page, texts_for
from holdfast.console.texts import Texts, language_of, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

__all__ = ["problem_page"]

# Statuses with a title of their own in the catalogues; any other has that of its class.
_TITLED = frozenset({403, 404, 409, 410, 422, 429, 503})


def problem_page(request: Request, problem: Response) -> Response | None:
    """A problem (RFC 9457) as a page, or None where JSON is wanted."""
    wanted = request.headers.get("accept", "")
    if not is_console(request.url.path) or FRAGMENT in request.headers or "text/html" not in wanted:
        return None
    body: Mapping[str, Any] = json.loads(bytes(problem.body))
    status = int(body["status"])
    shown: dict[str, Any] = {"request_id": request.scope["holdfast.request_id"], "here": ""}
    session = request.scope.get("holdfast.session")
    if session is None:
        t = texts(language_of(None, request.headers.get("accept-language", "")))
        answer = public_page(request, "problem.html", status=status, **shown, **_told(body, t))
    else:
        caller = Caller(session.principal, request)
        told = _told(body, texts_for(caller))
        answer = page(caller, "problem.html", status=status, **shown, **told)
    if (wait := problem.headers.get("retry-after")) is not None:
        answer.headers["retry-after"] = wait
    return answer


def _told(body: Mapping[str, Any], t: Texts) -> dict[str, Any]:
    status = int(body["status"])
    if status not in _TITLED:
        status = 500 if status >= 500 else 422
    return {"problem": {"title": t(f"problem.s{status}"), "detail": body["detail"]}}
