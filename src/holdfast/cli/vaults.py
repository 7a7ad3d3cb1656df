"""The group `holdfast vault` with all its commands."""

from __future__ import annotations

from holdfast.cli import vault_check, vault_destruction, vault_evidence  # noqa: F401  (they add their commands)
from holdfast.cli.vault import app

__all__ = ["app"]
