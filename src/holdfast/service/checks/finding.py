"""One line of the report of `holdfast doctor`, and what the checks share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from holdfast.settings import Settings

__all__ = ["Finding", "Look", "State"]

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``detail`` says what is so, and for anything but "ok" what to do."""

    check: str
    state: State
    detail: str


@dataclass(frozen=True, slots=True)
class Look:
    """A home that exists, opened for reading."""

    settings: Settings
    home: Path
    connection: sa.Connection
