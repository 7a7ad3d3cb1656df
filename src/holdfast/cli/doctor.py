"""`holdfast doctor`: is this installation sound?"""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import print_json

__all__ = ["doctor"]

_SIGNS = {"ok": "ok  ", "warning": "WARN", "problem": "FAIL"}


def doctor(
    home: HomeOption,
    full: Annotated[bool, typer.Option("--full", help="Also read all of every index file.")] = False,
    json: JsonOption = False,
) -> None:
    """Check machine, sandbox, home, keys, records, index and rules, what stands still, and what is risky.

    Exit status 1 when something is wrong; warnings alone are status 0.
    """
    from holdfast.service.checkup import checkup

    findings = checkup(home, full=full)
    for finding in findings:
        if json:
            print_json({"check": finding.check, "state": finding.state, "detail": finding.detail})
        else:
            typer.echo(f"{_SIGNS[finding.state]}  {finding.check:<20}{finding.detail}")
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(1)
