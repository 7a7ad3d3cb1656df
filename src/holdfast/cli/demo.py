"""`holdfast demo`: ordinary photographs play the part of known content; altered copies are uploaded."""

from __future__ import annotations

import signal
import textwrap
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import JsonOption
from holdfast.cli.output import print_json, print_table

if TYPE_CHECKING:
    from holdfast.bench.demo_console import DemoPeople
    from holdfast.bench.demo_service import DemoService

__all__ = ["demo"]

_NOTE = "DEMO: ordinary photographs stand in for known content. Nothing is reported anywhere.\n"

_FILMS = (
    "Videos: a film of 9 s, made of a camera's way over three other photographs, was listed by its vPDQ hash "
    "alone. Edited copies and another film were uploaded:"
)


def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the page and the pictures go.")] = Path(
        "demo-out"
    ),
    serve: Annotated[
        bool, typer.Option("--serve", help="Leave the service running, to try it by hand.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show what Holdfast does: its service, real photographs, a home that is thrown away.

    This is a demo: benign photographs stand in for known content, and nothing is reported anywhere.
    """
    if serve:
        _serve(out)
        return
    from holdfast.bench.demo import run_demo
    from holdfast.bench.demo_videos import FilmRow

    result = run_demo(out)
    if json:
        for row in result.rows:
            print_json(row.to_json())
        for film in result.films:
            print_json(asdict(film))
        if result.report is not None:
            print_json(asdict(result.report))
        return
    typer.echo(_NOTE)
    typer.echo(textwrap.fill(result.introduction, 100) + "\n")
    print_table(result.header, result.table())
    typer.echo("\n" + textwrap.fill(result.conclusion, 100))
    typer.echo(f"Pairs and distances as a page: {result.page}")
    typer.echo("\n" + textwrap.fill(_FILMS, 100) + "\n")
    print_table(FilmRow.header, [film.cells() for film in result.films])
    if result.report is None:
        typer.echo("No report was filed: the stand-in for the CyberTipline is in a checkout only.")
        return
    typer.echo("\nA report, filed to a stand-in for NCMEC's CyberTipline (NOT FILED with NCMEC)\n")
    for line in result.report.lines():
        typer.echo(line)


def _serve(out: Path) -> None:
    from holdfast.bench.demo import make_files
    from holdfast.bench.demo_console import fill_console
    from holdfast.bench.demo_service import demo_service
    from holdfast.bench.filing_home import StandInProcess, has_stand_ins

    files = make_files(out)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the service below ends with us
    try:
        with ExitStack() as stack:
            stand_in = stack.enter_context(StandInProcess()) if has_stand_ins() else None
            url = None if stand_in is None else stand_in.url
            known = [*files.known, files.listed]
            service = stack.enter_context(demo_service(known, files.allowed, reports_to=url, for_people=True))
            _tell(service, out, fill_console(service, files.uploads))
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        typer.echo("\nThe demo's service has ended, and its home is gone.")


def _tell(service: DemoService, out: Path, people: DemoPeople) -> None:
    typer.echo(_NOTE)
    typer.echo(f"The console, where people work: {service.console_url}\n")
    typer.echo(f"    sign in as a lead, once        {people.lead}")
    typer.echo(f"    sign in as a reviewer, once    {people.reviewer}")
    typer.echo(f"    the form for everybody         {service.url}/notice\n")
    typer.echo(f"The service runs on {service.url} until Ctrl-C; its home is thrown away then.\n")
    typer.echo(f"    upload key (screens uploads)   {service.upload_key}")
    typer.echo(f"    staff key (lists, decisions)   {service.staff_key}\n")
    context = '{"content_reference": "post/1", "surface": "public", "country": "US"}'
    upload = f"curl -H 'Authorization: Bearer {service.upload_key}' -H 'Holdfast-Context: {context}'"
    staff = f"curl -H 'Authorization: Bearer {service.staff_key}'"
    pictures = out / "pictures"
    typer.echo("An altered copy of a known photograph, then an unrelated one:\n")
    typer.echo(f"  {upload} --data-binary @{pictures / 'chelsea-mirrored.jpg'} {service.url}/v1/screen\n")
    typer.echo(f"  {upload} --data-binary @{pictures / 'coins.jpg'} {service.url}/v1/screen\n")
    typer.echo("What staff see of it, and what waits for them:\n")
    typer.echo(f"  {staff} {service.url}/v1/events")
    typer.echo(f"  {staff} {service.url}/v1/decisions")
    typer.echo(f"  {staff} {service.url}/v1/holds")
    typer.echo(f"  {staff} {service.url}/openapi.json")
