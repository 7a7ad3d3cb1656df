"""The HTTP application of one process.

Routes are added here and nowhere else, and each must demand a permission (`guard.Guard`) or be in
`gate.OPEN`: an application with another route is not made.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

import holdfast
from holdfast.api import openapi
from holdfast.api.bodies import MAX_JSON_BYTES, BodyBudget
from holdfast.api.gate import DOCS, OPEN, Gate
from holdfast.api.guard import permission_of, routes_of
from holdfast.api.hma.routers import add_hma
from holdfast.api.measures import Measures
from holdfast.api.problems import Problem, http_problem, problem_response
from holdfast.api.v1.routers import ROUTERS
from holdfast.errors import HoldfastError, RecordsError
from holdfast.service.runtime import Runtime

__all__ = ["create_app", "create_routes"]


def create_app(runtime: Runtime) -> ASGIApp:
    """The application with its gate, to be served. The runtime stays the caller's to close."""
    app = create_routes(runtime)
    return Gate(app, runtime, app.state.measures)


def create_routes(runtime: Runtime) -> FastAPI:
    """The routes behind the gate: for `create_app`, for tests that walk them, and for OpenAPI."""
    app = FastAPI(
        title="Holdfast",
        version=holdfast.__version__,
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.runtime = runtime
    app.state.measures = Measures()
    app.state.budget = BodyBudget(runtime.settings.server.max_bytes_in_memory)
    _add_problem_handlers(app)
    for router in ROUTERS:
        # Not `include_router`: it hides the routes behind an object, and each is to be looked at below.
        app.router.routes.extend(router.routes)
    if runtime.settings.hma.enabled:
        add_hma(app, runtime)
    openapi.add(app)
    _refuse_open_routes(app)
    _limit_bodies(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Uploads are worked on in threads of their own, so that a slow listing never holds one up.

    The lists are looked at and the kernels loaded before the first request; where the records are out of
    reach the process starts all the same, and says that it is not ready.
    """
    runtime: Runtime = app.state.runtime
    server = runtime.settings.server
    threads = server.threads or 2 * runtime.screener.pool.workers
    with ThreadPoolExecutor(threads, "upload") as uploads:
        app.state.uploads = uploads
        await asyncio.to_thread(_prepare, runtime)
        runtime.follower.start()
        runtime.counters.start()
        yield
        runtime.follower.stop()


def _prepare(runtime: Runtime) -> None:
    runtime.screener.warm_up()
    with suppress(RecordsError):
        runtime.follower.look()


def _refuse_open_routes(app: FastAPI) -> None:
    for route in routes_of(app):
        if permission_of(route) is None and route.path not in OPEN | DOCS | {"/"}:
            raise RuntimeError(f"the route {route.path} demands no permission: it is not served")


def _limit_bodies(app: FastAPI) -> None:
    """Bodies that are parsed are small; those that are content are taken in by their routes.

    The routes of a module are shared by the applications of a process: each is wrapped once.
    """
    for route in routes_of(app):
        takes_content = getattr(route.endpoint, "streams", False)
        if not takes_content and not isinstance(route.app, RequestBodyLimitMiddleware):
            route.app = RequestBodyLimitMiddleware(route.app, max_body_size=MAX_JSON_BYTES)


def _add_problem_handlers(app: FastAPI) -> None:
    for kind, handler in (
        (HoldfastError, _known),
        (Problem, _known),
        (RequestValidationError, _invalid),
        (HTTPException, _http),
        (Exception, _known),
    ):
        app.add_exception_handler(kind, handler)


async def _known(request: Request, error: Exception) -> Response:
    return problem_response(error, request.scope["holdfast.request_id"])


async def _http(request: Request, error: Any) -> Response:
    return problem_response(http_problem(error.status_code), request.scope["holdfast.request_id"])


async def _invalid(request: Request, error: Any) -> Response:
    """What is wrong, field by field, without the values: they may be hashes."""
    fields = [
        {"field": ".".join(str(part) for part in one["loc"]), "problem": one["msg"]} for one in error.errors()
    ]
    named = "; ".join(f"{one['field']}: {one['problem']}" for one in fields[:3])
    problem = Problem(422, "bad-request", "The request cannot be understood", f"{named}. Nothing was done.")
    return problem_response(problem, request.scope["holdfast.request_id"], {"errors": fields})
