"""The console's pages. Each route demands a permission (`api.guard`), or belongs to signing in."""

from __future__ import annotations

from fastapi import APIRouter

from holdfast.console import assets

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (assets.router,)
