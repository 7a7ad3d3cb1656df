"""The pages of the work, in the order of the navigation."""

from __future__ import annotations

from fastapi import APIRouter

from holdfast.console.pages import (
    appeals,
    case,
    decide,
    destructions,
    evidence,
    health,
    imminent,
    keeping,
    lists,
    media,
    numbers,
    originals,
    public,
    queue,
    reports,
    search,
    second,
    settings,
    sorting,
    today,
    wellbeing,
    wellness,
)

__all__ = ["PAGES"]

PAGES: tuple[APIRouter, ...] = (
    today.router,
    queue.router,
    case.router,
    media.router,
    decide.router,
    destructions.router,
    imminent.router,
    sorting.router,
    keeping.router,
    evidence.router,
    originals.router,
    second.router,
    appeals.router,
    reports.router,
    lists.router,
    health.router,
    numbers.router,
    search.router,
    settings.router,
    wellness.router,
    wellbeing.router,
    public.router,
)
