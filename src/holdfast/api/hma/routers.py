"""Every router of the HMA-compatible API."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.routing import BaseRoute

from holdfast.api.hma import banks, contents, core, dev, exchanges, hashing, kinds, matching, ui
from holdfast.api.hma.media import loopback_fetcher
from holdfast.api.hma.ratios import Ratios
from holdfast.api.hma.reset import refuse_real_home
from holdfast.service.runtime import Runtime

__all__ = ["add_hma"]

_ROUTERS = (
    core.router,
    hashing.router,
    matching.router,
    banks.router,
    contents.router,
    exchanges.router,
    kinds.router,
    ui.router,
)


def add_hma(app: FastAPI, runtime: Runtime, routes: Sequence[BaseRoute]) -> list[BaseRoute]:
    """These routes and those that the settings switch on.

    Raises SettingsError for test mode on a real home.
    """
    test_mode = runtime.settings.hma.test_mode
    if test_mode:
        refuse_real_home(runtime.database)
    app.state.hma_ratios = Ratios(runtime.database)
    app.state.hma_fetcher = loopback_fetcher(runtime) if test_mode else None
    routers = (*_ROUTERS, dev.router) if test_mode else _ROUTERS
    # Routes are tried one by one: the hot one first, and it waits for none of the others.
    return [*matching.hot.routes, *routes, *(route for router in routers for route in router.routes)]
