"""`holdfast notice ...`: what somebody told us, taken in and listed."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from holdfast.cli.opened import local_actor, open_home, open_records
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import print_json, print_table

__all__ = ["app"]

app = typer.Typer(help="Notices: what somebody told us of content.", no_args_is_help=True)


@app.command()
def add(
    home: HomeOption,
    kind: Annotated[
        Literal["user", "survivor", "guardian", "trusted_flagger", "hotline", "ncmec", "police"],
        typer.Option(help="Who tells us.", show_default=False),
    ],
    text: Annotated[str, typer.Option(help="What they say, in their words.")] = "",
    content: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="The platform's name of the content; may repeat.", show_default=False
        ),
    ] = None,
    url: Annotated[
        list[str] | None, typer.Option(help="Where it is; may repeat.", show_default=False)
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="The account that it is about.", show_default=False)
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(help="Where the answer goes; without it nobody is known.", show_default=False),
    ] = None,
    imminent: Annotated[bool, typer.Option("--imminent", help="A child is in danger now.")] = False,
    json: JsonOption = False,
) -> None:
    """Take a notice in: a case opens with its clock, and known copies are acted on at once."""
    from holdfast.review.notices import NewNotice, add_notice

    new = NewNotice(
        kind=kind,
        text=text,
        content_references=tuple(content or ()),
        urls=tuple(url or ()),
        account=account,
        contact=contact,
        imminent=imminent,
    )
    with open_home(home) as opened:
        rules = opened.settings.review.rules(opened.settings.vault.cleared_days)
        with opened.database.write() as connection:
            made = add_notice(connection, new, by=local_actor(), sealer=opened.sealer, rules=rules)
    if json:
        facts = {"notice": made.id, "reference": made.reference, "case": made.case_id}
        print_json({**facts, "known_copies": made.known_copies, "due_at": made.due_at.isoformat()})
    else:
        typer.echo(
            f"Notice {made.reference}, case {made.case_id}: {made.known_copies} known copies acted on; "
            f"an answer is due {made.due_at:%Y-%m-%d %H:%M} UTC."
        )


@app.command("list")
def list_all(
    home: HomeOption,
    everything: Annotated[bool, typer.Option("--all", help="Also those with an answer.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    json: JsonOption = False,
) -> None:
    """List notices, newest first. What was written stays sealed in their cases."""
    from holdfast.review.notices import list_notices

    with open_records(home) as database, database.read() as connection:
        found = list_notices(connection, is_open=not everything, limit=limit)
    if json:
        for one in found:
            facts = {"notice": one.id, "reference": one.reference, "kind": one.kind, "case": one.case_id}
            print_json({**facts, "due_at": one.due_at.isoformat(), "outcome": one.outcome})
    elif not found:
        typer.echo("No notice waits for an answer.")
    else:
        header = ("notice", "reference", "kind", "case", "due (UTC)", "outcome")
        rows = [
            [
                str(one.id),
                one.reference,
                one.kind,
                str(one.case_id),
                f"{one.due_at:%Y-%m-%d %H:%M}",
                one.outcome or "-",
            ]
            for one in found
        ]
        print_table(header, rows)
