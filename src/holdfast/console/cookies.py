"""The console's two cookies: the session, and a sign-in that is under way. No script can read them.

They are ``SameSite=Lax``: a link in a message may open a case, and nothing that changes something is a GET.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from holdfast.access.passkeys import Party
from holdfast.api.origins import cookie_name, cookie_of, own_origin

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from holdfast.service.runtime import Runtime
    from holdfast.settings import ConsoleSettings

__all__ = ["SESSION", "SIGN_IN", "by_name", "clear", "keep", "local_path", "party_of", "sent"]

SESSION = "session"
SIGN_IN = "sign-in"


def keep(
    response: Response, request: Request, kind: str, value: str, *, max_age_s: float | None = None
) -> None:
    """Sets a cookie; without ``max_age_s`` the browser forgets it when it is closed."""
    console = _console(request)
    response.set_cookie(
        cookie_name(console, kind),
        value,
        max_age=None if max_age_s is None else int(max_age_s),
        path="/",
        secure=(console.origin or "").startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def clear(response: Response, request: Request, kind: str) -> None:
    """Takes a cookie away."""
    keep(response, request, kind, "", max_age_s=0)


def sent(request: Request, kind: str) -> str | None:
    """The value of a cookie that came with the request."""
    return cookie_of(dict(request.scope["headers"]), cookie_name(_console(request), kind))


def party_of(request: Request) -> Party:
    """The console's own origin and name, as passkeys are bound to them."""
    origin = own_origin(_console(request), dict(request.scope["headers"]))
    return Party(origin, urlsplit(origin).hostname or "")


def by_name(request: Request) -> str | None:
    """The same page under the name localhost, where it was asked for by a loopback address.

    Passkeys belong to names: no browser makes one for an address. None where there is nothing to change.
    """
    parts = urlsplit(party_of(request).origin)
    if parts.hostname not in ("127.0.0.1", "::1"):
        return None
    return f"http://localhost:{parts.port or 80}{request.url.path}"


def local_path(wanted: str | None) -> str:
    """Where to go after signing in: a page of the console, whatever was asked for."""
    text = wanted or ""
    parts = urlsplit(text)
    is_ours = text.startswith("/console") and not parts.netloc and "\\" not in text and text.isprintable()
    return text if is_ours and not text.startswith("/console/sign-in") else "/console"


def _console(request: Request) -> ConsoleSettings:
    runtime: Runtime = request.app.state.runtime
    return runtime.settings.console
