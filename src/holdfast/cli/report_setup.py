"""`holdfast report destinations|signer|alarms|clear|automatic`: what reports and people need."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from holdfast.cli.opened import local_actor, open_home
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json, print_table
from holdfast.cli.report_shown import at_desk

__all__ = ["alarms", "automatic_rule", "clear", "destinations", "signer"]


def destinations(home: HomeOption, json: JsonOption = False) -> None:
    """List where reports can go, and the rules that choose."""
    with at_desk(home) as at:
        known = at.desk.destinations
    for one in known:
        message(f"{one.name}: {one.banner}")
    rules = known.rules.rules
    if json:
        for one in known:
            print_json({"destination": one.name, "title": one.title, "set_up": one.is_set_up})
        for rule in rules:
            print_json({"rule": rule.id, "destination": rule.destination, "country": list(rule.countries)})
        return
    ready = [
        [one.name, one.title, "yes" if one.is_set_up else "NO", str(one.retention_days)] for one in known
    ]
    print_table(("destination", "who", "set up", "days kept"), ready)
    rows = [
        [
            rule.id,
            " ".join(rule.countries),
            rule.destination,
            rule.unless or "-",
            "imminent danger" if rule.only_imminent else "always",
            f"{rule.deadline.total_seconds() / 3600:g}",
        ]
        for rule in rules
    ]
    typer.echo("")
    print_table(("rule", "country", "to", "unless to", "when", "hours"), rows)


def signer(
    home: HomeOption,
    new: Annotated[bool, typer.Option("--new", help="Make the key; refused where there is one.")] = False,
    json: JsonOption = False,
) -> None:
    """Show the public half of the key that signs packets: recipients tell by it that one is yours."""
    from holdfast.reporting.packets.signer_file import create_signer, open_signer

    with open_home(home) as opened:
        make = create_signer if new else open_signer
        public = str(make(opened.settings.reporting, opened.path).verifier)
    if json:
        print_json({"verifier": public})
    else:
        typer.echo(public)


def alarms(home: HomeOption, json: JsonOption = False) -> None:
    """List what needs a person: filings that are stuck, refused, or without a receipt."""
    from holdfast.reporting.filing.alarms import list_alarms

    with open_home(home) as opened, opened.database.read() as connection:
        found = list_alarms(connection)
    if json:
        for one in found:
            facts = {"alarm": one.id, "filing": one.filing_id, "kind": str(one.kind), "times": one.times}
            print_json({**facts, "detail": one.detail, "raised_at": one.raised_at.isoformat()})
    elif not found:
        typer.echo("Nothing needs a person.")
    else:
        rows = [[str(a.id), str(a.filing_id), str(a.kind), str(a.times), a.detail] for a in found]
        print_table(("alarm", "filing", "kind", "times", "what"), rows)


def clear(
    alarm: Annotated[int, typer.Argument(metavar="ALARM", min=1, help="Number of the alarm.")],
    home: HomeOption,
) -> None:
    """Say that a person has seen to an alarm."""
    from holdfast.records import audit
    from holdfast.reporting.filing.alarms import clear as do

    with open_home(home) as opened, opened.database.write() as connection:
        do(connection, alarm, by=local_actor())
        audit.append(connection, actor=local_actor(), action="report.alarm_clear", target=f"alarm:{alarm}")
    typer.echo(f"Alarm {alarm} is cleared.")


def automatic_rule(
    home: HomeOption,
    do: Annotated[
        Literal["stop", "resume"] | None,
        typer.Argument(help="The stop switch; nothing: say where it stands.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say where the automatic rule stands, stop it, or go on after a stop with a new shadow time."""
    from holdfast.reporting.drafts import automatic

    with at_desk(home) as at, at.opened.database.write() as connection:
        if do == "stop":
            automatic.stop(connection, by=local_actor())
        elif do == "resume":
            automatic.resume(connection, by=local_actor())
        now = automatic.automatic(connection, at.desk)
    if json:
        until = None if now.shadow_until is None else now.shadow_until.isoformat()
        print_json({"state": now.state, "filed_in_24h": now.filed_in_24h, "shadow_until": until})
    else:
        typer.echo(f"{now.state}; {now.filed_in_24h} of {now.daily_cap} in 24 hours.")
