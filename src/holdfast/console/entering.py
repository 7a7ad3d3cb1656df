"""The last step of every way in: a new session, or a page that says that nobody was signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from holdfast.access.sessions import drop_session, start_session
from holdfast.console import cookies
from holdfast.console.render import public_page
from holdfast.console.texts import LANGUAGES
from holdfast.errors import NotAuthenticatedError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from holdfast.access.people import Person
    from holdfast.service.runtime import Runtime

__all__ = ["enter", "refused"]

log = structlog.get_logger(__name__)


def enter(
    request: Request, connection: sa.Connection, response: Response, person: Person, method: str
) -> None:
    """Signs a person in, within the caller's transaction: a new session, and the end of the one before it."""
    runtime: Runtime = request.app.state.runtime
    lifetime = timedelta(hours=runtime.settings.console.session_hours)
    before = cookies.sent(request, cookies.SESSION)
    if before is not None:
        drop_session(connection, before)
    token = start_session(
        connection,
        person,
        method=method,
        lifetime=lifetime,
        address=request.scope["holdfast.address"],
        client=request.headers.get("user-agent", ""),
    )
    cookies.keep(response, request, cookies.SESSION, token, max_age_s=lifetime.total_seconds())
    cookies.clear(response, request, cookies.SIGN_IN)


def refused(request: Request, error: NotAuthenticatedError, template: str = "signin.html") -> Response:
    """The page again, with one sentence; what was wrong exactly is for the log."""
    log.warning("sign-in refused", reason=error.reason, address=request.scope["holdfast.address"])
    runtime: Runtime = request.app.state.runtime
    oidc = runtime.settings.oidc
    return public_page(
        request,
        template,
        status=401,
        languages=LANGUAGES.items(),
        wanted="/console",
        is_new=False,
        provider=(oidc.label or oidc.issuer) if oidc.issuer else None,
        problem=_KINDS.get(error.reason, "refused"),
    )


# Reasons that people can do something about, and the texts of the catalogues that say what.
_KINDS = {
    "link": "link",
    "sign_in_not_begun": "not_begun",
    "no_role": "no_role",
    "unknown_person": "no_role",
    "person_disabled": "no_role",
}
