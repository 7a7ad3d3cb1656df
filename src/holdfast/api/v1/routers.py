"""Every router of our own API, in the order of the documentation."""

from __future__ import annotations

from fastapi import APIRouter

from holdfast.api.v1 import hashing, health, lookup, screening

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    screening.router,
    lookup.router,
    hashing.router,
)
