"""`holdfast report approve|cancel|retract|imminent|file`: what moves a report."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.opened import local_actor
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json
from holdfast.cli.report_shown import Number, at_desk, show

__all__ = ["approve", "cancel_report", "file_reports", "imminent", "retract"]

Reason = Annotated[str, typer.Option(help="Why: it is written down with who did it.", show_default=False)]


def approve(
    report: Number,
    home: HomeOption,
    version: Annotated[int, typer.Option(help="The version that you looked at.", show_default=False, min=1)],
    json: JsonOption = False,
) -> None:
    """Want a report filed as it is. It goes when its hold is over; a second person may be needed first."""
    from holdfast.reporting.drafts.approval import approve as do

    with at_desk(home) as at:
        with at.opened.database.write() as connection:
            do(connection, at.desk, report, version=version, by=local_actor())
        show(at, report, json)


def cancel_report(report: Number, home: HomeOption, reason: Reason, json: JsonOption = False) -> None:
    """Cancel a report that is not finished at its destination. What was filed cannot be taken back."""
    _cancel(report, home, reason, json)


def retract(report: Number, home: HomeOption, reason: Reason, json: JsonOption = False) -> None:
    """Withdraw a report that was handed over and is not finished: the worker retracts what is open."""
    from holdfast.errors import ConflictError
    from holdfast.reporting.drafts import rows
    from holdfast.reporting.drafts.models import State

    with at_desk(home) as at, at.opened.database.read() as connection:
        draft = rows.get(connection, report)
    if draft.state is not State.SENT:
        raise ConflictError(
            f"Report {report} was not handed over: there is nothing to retract. `holdfast report cancel`."
        )
    _cancel(report, home, reason, json)


def imminent(report: Number, home: HomeOption, reason: Reason, json: JsonOption = False) -> None:
    """Mark imminent danger: it escalates, and hold and second person fall away."""
    from holdfast.reporting.drafts.approval import mark_imminent

    with at_desk(home) as at:
        with at.opened.database.write() as connection:
            mark_imminent(connection, at.desk, report, reason, by=local_actor())
        show(at, report, json)


def file_reports(
    home: HomeOption,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, also in production.")] = False,
    json: JsonOption = False,
) -> None:
    """File now what is approved and whose hold is over, without waiting for the worker.

    Safe beside a running service. Exit status 1 when an alarm is up afterwards.
    """
    from holdfast.reporting.configured import open_client
    from holdfast.reporting.drafts.sending import send_due
    from holdfast.reporting.filing.alarms import list_alarms
    from holdfast.reporting.filing.contents import VaultContents
    from holdfast.reporting.filing.filer import Filer

    with at_desk(home) as at, open_client(at.desk.settings, at.opened.path) as client:
        message(client.destination.banner)
        if client.destination.is_production and not yes:
            typer.confirm("File with NCMEC now? It cannot be taken back.", abort=True, err=True)
        sent = send_due(at.opened.database, at.desk)
        contents = VaultContents(at.opened.vault)
        worked = Filer(at.opened.database, at.desk.sealer, client, contents).file_due()
        with at.opened.database.read() as connection:
            alarms = list_alarms(connection)
    if json:
        print_json({"handed_over": sent, "worked_at": worked, "alarms": len(alarms)})
    else:
        typer.echo(f"{sent} handed over, {worked} worked at, {len(alarms)} alarms.")
    if alarms:
        message("`holdfast report alarms` says what needs you.")
        raise typer.Exit(1)


def _cancel(report: int, home: HomeOption, reason: str, json: bool) -> None:
    from holdfast.reporting.drafts.approval import cancel

    with at_desk(home) as at:
        with at.opened.database.write() as connection:
            cancel(connection, at.desk, report, by=local_actor(), reason=reason)
        show(at, report, json)
