"""`holdfast bench hostile`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.options import JsonOption
from holdfast.cli.output import print_json, print_table, progress

__all__ = ["hostile"]


def hostile(
    case: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT", help="Only files with this in their names (repeatable).", show_default="all"
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Awkward and hostile files through `match`: is each answer right? Exit status 1 if not.

    Wrong is also what takes over 60 s (of 10 hours of film: 120 s), over 1 GiB of memory in any one process,
    or calls the listener on this machine that scripts name. The files are made when needed, of made-up
    pictures.
    """
    from holdfast.bench.hostile import HostileRow, run_hostile

    with (
        tempfile.TemporaryDirectory(prefix="holdfast-hostile-") as folder,
        progress("hostile files", "files") as bar,
    ):
        rows = run_hostile(
            Path(folder),
            case or (),
            on_case=bar,
            on_row=lambda row: print_json(row.to_json()) if json else None,
        )
    if not json:
        print_table(HostileRow.header, [row.cells() for row in rows])
    if any(row.wrong for row in rows):
        raise typer.Exit(1)
