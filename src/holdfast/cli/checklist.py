"""`holdfast checklist`: what is to be done before going live."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.opened import local_actor, open_home, open_records
from holdfast.cli.opened import note as note_audit
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import print_json

__all__ = ["app"]

app = typer.Typer()

ItemName = Annotated[str, typer.Argument(metavar="ITEM", help="Name of the item.", show_default=False)]
SIGNS = {"ok": "done", "todo": "TODO", "warning": "WARN", "problem": "FAIL"}


@app.callback(invoke_without_command=True)
def show(context: typer.Context, home: HomeOption, json: JsonOption = False) -> None:
    """Show what is to be done before going live: what can be seen is looked at, the rest a person marks.

    Exit status 1 while something is not done.
    """
    if context.invoked_subcommand is not None:
        return
    from holdfast.service.checklist import items

    with open_home(home) as opened:
        found = items(opened.database, opened.settings, opened.path)
    for item in found:
        if json:
            print_json({"item": item.name, "state": item.state, "detail": item.detail, "how": item.how})
            continue
        typer.echo(f"{SIGNS[item.state]}  {item.name:<14}{item.detail}")
        if item.how:
            typer.echo(f"{'':<20}{item.how}")
    if any(item.state != "ok" for item in found):
        raise typer.Exit(1)


@app.command()
def done(
    item: ItemName,
    home: HomeOption,
    note: Annotated[
        str, typer.Option(help="A remark: which registration, which receipt, who heard the alarm.")
    ] = "",
    json: JsonOption = False,
) -> None:
    """Mark an item as done, in your name."""
    from holdfast.service.checklist import mark

    with open_records(home) as database, database.write() as connection:
        mark(connection, item, by=local_actor(), note=note)
        note_audit(connection, "checklist.mark", f"checklist:{item}")
    _tell(item, "done", json)


@app.command()
def undo(item: ItemName, home: HomeOption, json: JsonOption = False) -> None:
    """Take a mark back."""
    from holdfast.service.checklist import unmark

    with open_records(home) as database, database.write() as connection:
        unmark(connection, item)
        note_audit(connection, "checklist.unmark", f"checklist:{item}")
    _tell(item, "not done", json)


def _tell(item: str, state: str, json: bool) -> None:
    if json:
        print_json({"item": item, "state": state})
    else:
        typer.echo(f"{item} is marked as {state}.")
