"""`holdfast demo`: ordinary photographs play the part of known content; altered copies are looked for."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from holdfast.cli.options import JsonOption
from holdfast.cli.output import print_json, print_table

__all__ = ["demo"]


def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the page and the pictures go.")] = Path(
        "demo-out"
    ),
    json: JsonOption = False,
) -> None:
    """Show what Holdfast does, on real photographs, in a home of its own that is removed afterwards.

    This is a demo: benign photographs stand in for known content, and nothing is reported anywhere.
    """
    from holdfast.bench.demo import run_demo

    result = run_demo(out)
    if json:
        for row in result.rows:
            print_json(row.to_json())
        return
    typer.echo("DEMO: ordinary photographs stand in for known content. Nothing is reported anywhere.\n")
    typer.echo(textwrap.fill(result.introduction, 100) + "\n")
    print_table(result.header, result.table())
    typer.echo("\n" + textwrap.fill(result.conclusion, 100))
    typer.echo(f"Pairs and distances as a page: {result.page}")
