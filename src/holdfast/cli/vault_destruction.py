"""`holdfast vault destruction ...`: one person asks, another approves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.opened import local_actor, open_records
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import print_json
from holdfast.cli.vault import app as vault

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.vault.destruction import Destruction

__all__ = ["app"]

app = typer.Typer(help="Destroy what was preserved: one person asks, another approves.", no_args_is_help=True)
vault.add_typer(app, name="destruction")

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Of the request.", show_default=False)]


@app.command()
def ask(
    home: HomeOption,
    reference: Annotated[str, typer.Option(help="Number of the request, or why.", show_default=False)],
    holds: Annotated[
        list[str] | None, typer.Argument(metavar="HOLD...", help="Ids of held items.", show_default=False)
    ] = None,
    agency: Annotated[
        str | None, typer.Option(help="The agency of law enforcement that asks.", show_default=False)
    ] = None,
    period_over: Annotated[
        bool,
        typer.Option("--period-over", help="For content of reports whose period is over; all, by default."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Ask for the destruction of held content. Nothing is destroyed until somebody else approves it.

    A request of law enforcement (--agency) ends a preservation duty; under a legal hold neither can be asked.
    """
    from holdfast.errors import UsageError
    from holdfast.review import destructions
    from holdfast.vault.destruction import Kind
    from holdfast.vault.destruction import period_over as candidates

    if (agency is None) != period_over:
        raise UsageError("Give --agency or --period-over. Nothing was asked for.")
    kind = Kind.PERIOD_OVER if period_over else Kind.LAW_ENFORCEMENT
    with open_records(home) as database, database.write() as connection:
        items = holds or (candidates(connection) if period_over else [])
        if not items:
            raise UsageError("There is nothing to destroy. Nothing was asked for.")
        made = destructions.ask(
            connection, items, kind=kind, reference=reference, actor=local_actor(), agency=agency
        )
    _show(home, made, json)


@app.command("list")
def list_all(
    home: HomeOption,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were decided.")] = False,
    json: JsonOption = False,
) -> None:
    """List the requests that wait for a second person."""
    from holdfast.vault.destruction import list_destructions

    with open_records(home) as database, database.read() as connection:
        found = list_destructions(connection, waiting=not everything, limit=1000)
    for request in found:
        if json:
            print_json(_facts(request))
        else:
            typer.echo(_line(request))
    if not json and not found:
        typer.echo("None.")


@app.command()
def approve(
    number: Number,
    home: HomeOption,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Destroy what somebody else asked for. Nothing can bring it back; tombstones stay."""
    from holdfast.review import destructions

    if not yes:
        typer.confirm(f"Destroy everything of request {number} for ever?", abort=True, err=True)
    with open_records(home) as database, database.write() as connection:
        destructions.approve(connection, number, actor=local_actor())
    _show(home, number, json)


@app.command()
def withdraw(number: Number, home: HomeOption, json: JsonOption = False) -> None:
    """Take a request back. Nothing is destroyed."""
    from holdfast.review import destructions

    with open_records(home) as database, database.write() as connection:
        destructions.withdraw(connection, number, actor=local_actor())
    _show(home, number, json)


def _show(home: Path, number: int, json: bool) -> None:
    from holdfast.vault.destruction import get

    with open_records(home) as database, database.read() as connection:
        request = get(connection, number)
    if json:
        print_json(_facts(request))
    else:
        typer.echo(_line(request))


def _line(request: Destruction) -> str:
    wanted = request.agency or "the period is over"
    state = f"{request.decision} by {request.decided_by}" if request.decision else "waits for a second person"
    what = f"{len(request.items)} items, {wanted}, {request.reference}, asked by {request.asked_by}"
    return f"{request.id}  {what}: {state}"


def _facts(request: Destruction) -> dict[str, Any]:
    return {
        "number": request.id,
        "kind": request.kind,
        "reference": request.reference,
        "agency": request.agency,
        "asked_by": request.asked_by,
        "asked_at": request.asked_at.isoformat(),
        "decision": request.decision,
        "decided_by": request.decided_by,
        "items": list(request.items),
    }
