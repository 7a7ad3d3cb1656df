"""The routers that are there from the start: what uploads and load balancers ask."""

from __future__ import annotations

from fastapi import APIRouter

from holdfast.api.v1 import health, lookup, screening

__all__ = ["FIRST"]

FIRST: tuple[APIRouter, ...] = (screening.direct, lookup.router, health.router, screening.router)
