"""The permission that a route needs. A route without one is not served: `rest.Rest` refuses it.

@router.get("/v1/banks", responses=responses(404))
def list_banks(caller: Annotated[Caller, Guard(Permission.BANK_READ)]) -> ...:
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute

from holdfast.access.principal import Principal
from holdfast.access.roles import Permission
from holdfast.access.tokens import is_csrf_token
from holdfast.api.problems import Problem, http_problem

if TYPE_CHECKING:
    from holdfast.access.sessions import Session
    from holdfast.service.runtime import Runtime

__all__ = ["Caller", "Guard", "check_of", "checkable", "permission_of", "routes_of"]

CSRF_HEADER = "x-csrf-token"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

# What these allow to ask is answered from the lists. The HMA-compatible API looks for itself.
_FROM_LISTS = frozenset({Permission.SCREEN_MEDIA, Permission.SCREEN_URL, Permission.SCREEN_HASH})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what of: handed to every route."""

    principal: Principal
    request: Request

    @property
    def runtime(self) -> Runtime:
        """The rooms of this process."""
        runtime: Runtime = self.request.app.state.runtime
        return runtime

    @property
    def subject(self) -> str:
        """The principal's name in events, counters of use and audit lines."""
        return self.principal.subject

    @property
    def session(self) -> Session | None:
        """The session of a person; None for a key."""
        session: Session | None = self.request.scope.get("holdfast.session")
        return session

    def allows(self, permission: Permission) -> bool:
        return self.principal.allows(permission)


class _Check:
    """Runs before the route: 403 unless the key carries the permission, 503 without lists to answer from."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission
        self._needs_lists = permission in _FROM_LISTS

    async def __call__(self, request: Request) -> Caller:
        principal: Principal = request.scope["holdfast.principal"]  # set by `gate.Gate`, or it answered 401
        principal.require(self.permission)
        await _require_token(request)
        caller = Caller(principal, request)
        if self._needs_lists and not caller.runtime.follower.has_looked:
            raise http_problem(503, "The lists are not loaded yet. Nothing was checked. Send it again.")
        return caller


async def _require_token(request: Request) -> None:
    """What changes something for a signed-in person carries the session's token: a header, or a form's field.

    A route that takes content in as it comes needs the header: the body is not looked at before it. Raises
    `Problem` (403). Keys need none: no browser sends them by itself.
    """
    session: Session | None = request.scope.get("holdfast.session")
    if session is None or request.method in ("GET", "HEAD", "OPTIONS"):
        return
    given: object = request.headers.get(CSRF_HEADER)
    streams = getattr(getattr(request.scope.get("route"), "endpoint", None), "streams", False)
    if given is None and not streams and request.headers.get("content-type", "").startswith(_FORMS):
        given = (await request.form()).get("csrf")
    if not is_csrf_token(given, session.csrf):
        words = "The page's token is missing or of another session. Nothing was done. Load the page again."
        raise Problem(403, "token", "The session's token is missing", words)


def Guard(permission: Permission) -> Any:  # noqa: N802  (reads like FastAPI's own Depends)
    """The dependency that demands ``permission`` of the caller."""
    return params.Depends(_Check(permission))


def check_of(route: APIRoute) -> Callable[[Request], Awaitable[Caller]]:
    """What looks at the caller before a route. Raises TypeError for a route that demands nothing."""
    for check in _checks(route.dependant):
        return check
    raise TypeError(f"the route {route.path} demands no permission")


def permission_of(route: APIRoute) -> Permission | None:
    """The permission that a route demands; None when it demands none."""
    found = [check.permission for check in _checks(route.dependant)]
    return found[0] if found else None


def routes_of(app: Any) -> Iterator[APIRoute]:
    """Every route of an application or router. See `checkable`."""
    return checkable(app.routes)


def checkable(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """The routes one by one. Raises TypeError for one of another kind: it could not be checked."""
    for route in routes:
        if not isinstance(route, APIRoute):
            raise TypeError(f"the route {route!r} is of a kind whose permission nobody can look at")
        yield route


def _checks(dependant: Dependant) -> Iterator[_Check]:
    if isinstance(dependant.call, _Check):
        yield dependant.call
    for below in dependant.dependencies:
        yield from _checks(below)
