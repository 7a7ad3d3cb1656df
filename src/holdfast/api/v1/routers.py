"""Every router of our own API, in the order of the documentation."""

from __future__ import annotations

from fastapi import APIRouter

from holdfast.api.v1 import (
    actions,
    banks,
    checklist,
    counters,
    decisions,
    entries,
    events,
    hashing,
    health,
    holds,
    imports,
    jobs,
    keys,
    lookup,
    rules,
    screening,
    sources,
    webhooks,
)

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    screening.direct,
    screening.router,
    lookup.router,
    hashing.router,
    banks.router,
    sources.router,
    imports.router,
    entries.router,
    events.router,
    decisions.router,
    holds.router,
    actions.router,
    rules.router,
    webhooks.router,
    jobs.router,
    counters.router,
    keys.router,
    checklist.router,
)
