"""Options that several commands share, declared once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["HomeOption", "JsonOption", "default_home"]


def default_home() -> Path:
    """``HOLDFAST_HOME``, or `.holdfast` in the user's own folder."""
    return Path(os.environ.get("HOLDFAST_HOME") or Path.home() / ".holdfast")


HomeOption = Annotated[
    Path,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Where banks and settings live [env: HOLDFAST_HOME; default: ~/.holdfast].",
        default_factory=default_home,
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="One JSON object per input on standard output, nothing else."),
]
