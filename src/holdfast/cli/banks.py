"""The group `holdfast bank` with all its commands."""

from __future__ import annotations

from holdfast.cli import calibrate, lists, sources  # noqa: F401  (they add their commands to the group)
from holdfast.cli.bank import app

__all__ = ["app"]
