"""`holdfast vault check`: whether everything that is held is there."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.opened import open_home
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import print_json
from holdfast.cli.vault import app

__all__ = ["check"]


@app.command()
def check(
    home: HomeOption,
    full: Annotated[
        bool, typer.Option("--full", help="Read every object to its end, under its key.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Look for held content that is lost, swapped, damaged or cut short, and for what came back.

    Nothing is changed, and nothing of the content is shown. Exit status 1 where something is wrong.
    """
    from holdfast.vault.check import check as look

    wrong = 0
    with open_home(home) as opened:
        for fault in look(opened.vault, full=full):
            wrong += 1
            if json:
                print_json({"hold": fault.item_id, "trouble": fault.trouble, "detail": fault.detail})
            else:
                typer.echo(f"{fault.item_id}  {fault.trouble}: {fault.detail}")
    if not json and not wrong:
        read = "is whole and opens" if full else "has its object and its key; --full reads them"
        typer.echo(f"Everything that is held {read}.")
    if wrong:
        raise typer.Exit(1)
