"""Is it alive, and what is there to call?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

import holdfast
from holdfast.access.roles import Permission
from holdfast.api.guard import Caller, Guard, routes_of
from holdfast.api.hma.errors import HmaDirectRoute, HmaRoute, responses
from holdfast.api.writes import json_response

if TYPE_CHECKING:
    from holdfast.service.runtime import Runtime

__all__ = ["TITLE", "router"]

TITLE = "Open Media Match API"  # clients of HMA look for it
ALIVE = "I-AM-ALIVE"
_TEXT: Any = {"content": {"text/html": {"schema": {"type": "string"}}}}
_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")

router = APIRouter(tags=["HMA: core"], route_class=HmaRoute)


@router.get("/", include_in_schema=False)
async def root() -> Response:
    """There is no page here: to the status."""
    return RedirectResponse("/status", 302)


@router.get(
    "/status",
    response_class=Response,
    responses={200: {"description": ALIVE, **_TEXT}, 503: {"description": "Send nothing here now", **_TEXT}},
)
async def status(request: Request) -> Response:
    """`I-AM-ALIVE`, or with 503 `INDEX-NOT-LOADED` or `INDEX-STALE`."""
    runtime: Runtime = request.app.state.runtime
    if runtime.follower.is_ready:
        return _text(ALIVE, 200)
    never = runtime.follower.age_s() == float("inf")
    return _text("INDEX-NOT-LOADED" if never else "INDEX-STALE", 503)


@router.get("/status/live", response_class=Response, responses={200: {"description": ALIVE, **_TEXT}})
async def live() -> Response:
    """The process runs."""
    return _text(ALIVE, 200)


@router.get("/site-map", responses=responses(schemas=()))
async def site_map(caller: Annotated[Caller, Guard(Permission.HMA_BANK_READ)]) -> Response:
    """Every path, parameters in the style of Flask."""
    paths = {_flask_style(route.path) for route in routes_of(caller.request.app)}
    return json_response(sorted(paths))


@router.get("/openapi/openapi.json", include_in_schema=False)
async def openapi_json(caller: Annotated[Caller, Guard(Permission.HMA_BANK_READ)]) -> Response:
    """The HMA-compatible calls alone. `/openapi.json` describes all."""
    own = [route for route in routes_of(caller.request.app) if isinstance(route, (HmaRoute, HmaDirectRoute))]
    return json_response(get_openapi(title=TITLE, version=holdfast.__version__, routes=own))


def _text(body: str, status_code: int) -> Response:
    return Response(body, status_code, media_type="text/html; charset=utf-8")


def _flask_style(path: str) -> str:
    return _PARAMETER.sub(lambda found: f"<{found[2] + ':' if found[2] else ''}{found[1]}>", path)
