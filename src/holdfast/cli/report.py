"""`holdfast report ...`: reports to NCMEC, police and hotlines, from draft to receipt."""

from __future__ import annotations

import typer

from holdfast.cli import report_drafts, report_kept, report_setup, report_steps, report_validate

__all__ = ["app"]

app = typer.Typer(
    help="Reports: from a case's draft to the receipt. See docs/reporting.md.", no_args_is_help=True
)

app.command()(report_drafts.draft)
app.command("list")(report_drafts.list_all)
app.command()(report_drafts.status)
app.command("show")(report_drafts.preview_report)
app.command()(report_drafts.edit)
app.command()(report_drafts.batch)
app.command("follow-up")(report_drafts.follow_up_report)
app.command()(report_steps.approve)
app.command("cancel")(report_steps.cancel_report)
app.command()(report_steps.retract)
app.command()(report_steps.imminent)
app.command("file")(report_steps.file_reports)
app.command()(report_kept.receipt)
app.command()(report_kept.export)
app.command()(report_validate.validate)
app.command()(report_validate.check)
app.command()(report_setup.destinations)
app.command()(report_setup.signer)
app.command()(report_setup.alarms)
app.command()(report_setup.clear)
app.command("automatic")(report_setup.automatic_rule)
