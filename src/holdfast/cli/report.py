"""`holdfast report ...`: reports to NCMEC, police and hotlines, from draft to receipt."""

from __future__ import annotations

import typer

from holdfast.cli import report_validate

__all__ = ["app"]

app = typer.Typer(
    help="Reports: from a case's draft to the receipt. See docs/reporting.md.", no_args_is_help=True
)

app.command()(report_validate.validate)
app.command()(report_validate.check)
