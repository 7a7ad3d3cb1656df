"""The HTTP application of one process.

Its routes are added by `rest.Rest` and nowhere else: each must demand a permission (`guard.Guard`) or be in
`gate.OPEN`, or it is not served.
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
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

import holdfast
from holdfast.api.bodies import BodyBudget
from holdfast.api.gate import Gate
from holdfast.api.measures import Measures
from holdfast.api.openapi import DESCRIPTION
from holdfast.api.origins import is_console
from holdfast.api.problems import Problem, http_problem, problem_response
from holdfast.api.rest import Rest
from holdfast.errors import HoldfastError, RecordsError
from holdfast.service.runtime import Runtime

__all__ = ["create_app", "create_routes"]


def create_app(runtime: Runtime) -> ASGIApp:
    """The application with its gate, to be served. The runtime stays the caller's to close.

    The routes that no upload waits for are loaded when it starts, but for HMA's test mode: whether the home
    allows it is found out here. Raises SettingsError where it does not.
    """
    app, rest = _create(runtime)
    if runtime.settings.hma.enabled and runtime.settings.hma.test_mode:
        rest.load()
    return Gate(app, runtime, app.state.measures)


def create_routes(runtime: Runtime) -> FastAPI:
    """All routes behind the gate, for OpenAPI and for tests that walk them."""
    app, rest = _create(runtime)
    rest.load()
    return app


def _create(runtime: Runtime) -> tuple[FastAPI, Rest]:
    app = FastAPI(
        title="Holdfast",
        version=holdfast.__version__,
        description=DESCRIPTION,
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
    app.state.rest = Rest(app, runtime)
    return app, app.state.rest


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Uploads are worked on in threads of their own, so that a slow listing never holds one up.

    The lists are looked at and the kernels loaded before the first request; where the records are out of
    reach the process starts all the same, and says that it is not ready.
    """
    runtime: Runtime = app.state.runtime
    server = runtime.settings.server
    threads = server.threads or runtime.screener.pool.workers + 1
    with ThreadPoolExecutor(threads, "upload") as uploads:
        app.state.uploads = uploads
        await asyncio.to_thread(_prepare, runtime)
        runtime.follower.start()
        runtime.counters.start()
        app.state.rest.start()
        yield
        runtime.follower.stop()


def _prepare(runtime: Runtime) -> None:
    runtime.screener.warm_up()
    with suppress(RecordsError):
        runtime.follower.look()


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
    return _told(request, problem_response(error, request.scope["holdfast.request_id"]))


async def _http(request: Request, error: Any) -> Response:
    problem = http_problem(error.status_code)
    return _told(request, problem_response(problem, request.scope["holdfast.request_id"]))


def _told(request: Request, answer: Response) -> Response:
    """The problem as a page, where a person asked the console for one."""
    if not is_console(request.url.path):
        return answer
    from holdfast.console.problems import problem_page  # loaded after the first upload can be answered

    return problem_page(request, answer) or answer


async def _invalid(request: Request, error: Any) -> Response:
    """What is wrong, field by field, without the values: they may be hashes."""
    fields = [
        {"field": ".".join(str(part) for part in one["loc"]), "problem": one["msg"]} for one in error.errors()
    ]
    named = "; ".join(f"{one['field']}: {one['problem']}" for one in fields[:3])
    problem = Problem(422, "bad-request", "The request cannot be understood", f"{named}. Nothing was done.")
    answer = problem_response(problem, request.scope["holdfast.request_id"], {"errors": fields})
    return _told(request, answer)
