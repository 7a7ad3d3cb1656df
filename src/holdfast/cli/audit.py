"""`holdfast audit ...`: what people and administrators did."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.opened import open_records
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import count, message, print_json, print_table

if TYPE_CHECKING:
    from holdfast.records.audit import Head
    from holdfast.records.audit_check import Verification

__all__ = ["app"]

app = typer.Typer(help="The audit log: what people and administrators did.", no_args_is_help=True)


@app.command("list")
def list_rows(
    home: HomeOption,
    actor: Annotated[str | None, typer.Option(help="Only by them.", show_default=False)] = None,
    target: Annotated[str | None, typer.Option(help="Only on this.", show_default=False)] = None,
    after: Annotated[int, typer.Option(metavar="POSITION", min=0, help="Only behind this row.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    json: JsonOption = False,
) -> None:
    """List rows, the oldest first."""
    from holdfast.records import audit

    with open_records(home) as database, database.read() as connection:
        found = audit.read(connection, after=after, limit=limit, actor=actor, target=target)
    if json:
        for entry in found:
            print_json(entry.to_json())
    elif not found:
        typer.echo("No rows.")
    else:
        rows = [
            [str(one.position), f"{one.at:%Y-%m-%d %H:%M:%S}", one.actor, one.action, one.target, one.facts]
            for one in found
        ]
        print_table(("row", "when (UTC)", "who", "what", "on what", "facts"), rows)
        if len(found) == limit:
            message(f"More with --after {found[-1].position}")


@app.command()
def verify(
    home: HomeOption,
    anchor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="POSITION:DIGEST", help="A head that was kept (repeatable).", show_default=False
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Check this export instead of the database.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check that every row is as it was written, and that none is missing. Exit status 1 when not."""
    from holdfast.records import audit_check
    from holdfast.records.audit import Head

    anchors = [Head.parse(one) for one in anchor or ()]
    if file is None:
        with open_records(home) as database, database.read() as connection:
            found = audit_check.verify(connection, anchors)
    else:
        found = _check_file(file, anchors)
    _tell(found, json)
    if not found.is_whole:
        raise typer.Exit(1)


@app.command()
def export(
    home: HomeOption,
    after: Annotated[int, typer.Option(metavar="POSITION", min=0, help="Only rows behind this one.")] = 0,
) -> None:
    """Write every row to standard output, one JSON object a line."""
    from holdfast.records import audit

    with open_records(home) as database:
        for lines in audit.export(database, after=after):
            sys.stdout.buffer.write(lines)
    sys.stdout.flush()


@app.command()
def head(home: HomeOption, json: JsonOption = False) -> None:
    """Print where the log ends. Kept elsewhere, `verify --anchor` tells by it whether anybody rewrote it."""
    from holdfast.records import audit

    with open_records(home) as database, database.read() as connection:
        found = audit.head(connection)
    if json:
        print_json({"position": found.position, "digest": found.digest.hex()})
    else:
        typer.echo(str(found))


def _check_file(file: Path, anchors: list[Head]) -> Verification:
    from holdfast.errors import UnreadableError
    from holdfast.records import audit_check

    try:
        with file.open("rb") as lines:
            return audit_check.check(audit_check.parse_lines(lines), anchors=anchors)
    except OSError as error:
        raise UnreadableError(f"{file} cannot be read: {error.strerror}. Nothing was checked.") from error


def _tell(found: Verification, json: bool) -> None:
    if json:
        faults = [{"position": fault.position, "what": fault.what} for fault in found.faults]
        print_json({"rows": found.rows, "head": str(found.end), "whole": found.is_whole, "faults": faults})
        return
    if found.is_whole:
        typer.echo(f"{count(found.rows)} rows, every one as it was written. The log ends at {found.end}.")
        return
    for fault in found.faults:
        typer.echo(f"row {fault.position}: {fault.what}")
    message("The audit log is not as it was written. Keep everything as it is; docs/audit.md says what next.")
