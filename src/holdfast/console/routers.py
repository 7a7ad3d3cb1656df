"""The console's pages. Each route demands a permission (`api.guard`), or belongs to signing in."""

from __future__ import annotations

from fastapi import APIRouter

from holdfast.console import account, assets, audit, people, signin, signin_oidc
from holdfast.console.pages.routers import PAGES

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    assets.router,
    signin.router,
    signin_oidc.router,
    account.router,
    people.router,
    audit.router,
    *PAGES,
)
