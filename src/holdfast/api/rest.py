"""The routes that no upload waits for: management, the HMA-compatible API, the console.

Importing and building them takes a fourth of a start. They are loaded in a thread while uploads are answered
already; a request for one of them that comes earlier waits for it.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import BaseRoute

from holdfast.api.bodies import MAX_JSON_BYTES
from holdfast.api.gate import DOCS, OPEN, PUBLIC, is_sign_in
from holdfast.api.guard import checkable, permission_of
from holdfast.api.v1.first import FIRST
from holdfast.records.worker import describe

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from holdfast.service.runtime import Runtime

__all__ = ["Rest"]

_TRIED_ALL = "holdfast.tried_all_routes"

log = structlog.get_logger(__name__)


class Rest:
    """Adds the first routes to the application, and by `load` all others.

    Raises RuntimeError for a route that demands no permission, here or in `load`: nothing of it is served.
    """

    def __init__(self, app: FastAPI, runtime: Runtime) -> None:
        self._app = app
        self._runtime = runtime
        self._lock = threading.Lock()
        self._loaded = False
        self._not_found = app.router.default
        app.router.default = self._wait
        # Not `include_router`: it hides the routes behind an object, and each is to be looked at.
        self._serve([route for router in FIRST for route in router.routes])

    def load(self) -> None:
        """Loads what is missing, once. In any thread; whoever comes meanwhile waits.

        Raises SettingsError where the settings ask for HMA's test mode on a home that holds real lists.
        """
        with self._lock:
            if self._loaded:
                return
            from holdfast.api import openapi
            from holdfast.api.v1.routers import ROUTERS

            routes = [*self._app.router.routes, *(route for router in ROUTERS for route in router.routes)]
            if self._runtime.settings.hma.enabled:
                from holdfast.api.hma.routers import add_hma

                routes = add_hma(self._app, self._runtime, routes)
            if self._runtime.settings.console.enabled:
                from holdfast.console.routers import ROUTERS as PAGES

                routes += [route for router in PAGES for route in router.routes]
            self._serve([*routes, openapi.route(self._app)])
            self._loaded = True

    def start(self) -> None:
        """Loads in a thread of its own. What fails is logged, and tried again by a request that needs it."""
        threading.Thread(target=self._load_and_log, name="rest", daemon=True).start()

    def _load_and_log(self) -> None:
        try:
            self.load()
        except Exception as error:  # noqa: BLE001  (uploads go on; whoever asks for these routes gets the error)
            log.warning("management and the HMA-compatible API cannot be loaded", error=describe(error))

    async def _wait(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Where none of the routes matched that were there a moment ago: once more, with all of them.

        Whether all are loaded by now does not tell whether this request has been held against all.
        """
        if _TRIED_ALL in scope:
            await self._not_found(scope, receive, send)
            return
        if not self._loaded:
            await asyncio.to_thread(self.load)
        scope[_TRIED_ALL] = True
        await self._app.router.app(scope, receive, send)

    def _serve(self, routes: list[BaseRoute]) -> None:
        """All at once: a request sees the routes before or after, and none that was not looked at."""
        for route in checkable(routes):
            is_open = route.path in OPEN | DOCS | PUBLIC | {"/"} or is_sign_in(route.path)
            if permission_of(route) is None and not is_open:
                raise RuntimeError(f"the route {route.path} demands no permission: it is not served")
            # Bodies that are parsed are small; those that are content are taken in by their routes. Routes
            # are shared by the applications of a process: each is wrapped once.
            takes_content = getattr(route.endpoint, "streams", False)
            if not takes_content and not isinstance(route.app, RequestBodyLimitMiddleware):
                route.app = RequestBodyLimitMiddleware(route.app, max_body_size=MAX_JSON_BYTES)
        self._app.router.routes = routes
