"""Every router of the HMA-compatible API."""

from __future__ import annotations

from fastapi import FastAPI

from holdfast.service.runtime import Runtime

__all__ = ["add_hma"]


def add_hma(app: FastAPI, runtime: Runtime) -> None:
    """Adds the routes that the settings switch on."""
