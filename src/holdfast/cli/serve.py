"""`holdfast serve` and `holdfast worker`: the service, and more hands for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import HomeOption
from holdfast.cli.output import message

if TYPE_CHECKING:
    from holdfast.service.supervisor import Started

__all__ = ["serve", "tell_started", "worker"]


def serve(
    home: HomeOption,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; server.host by default.", show_default=False)
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port; server.port by default, 0 takes a free one.", show_default=False
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="API processes; server.processes by default.", show_default=False),
    ] = None,
) -> None:
    """Run the service: API processes, decode workers, jobs, webhooks, housekeeping.

    A home that was never used is made ready, and its first keys are printed, once. SIGTERM or Ctrl-C ends it
    when the requests under way are answered; SIGHUP has rules and policy read again. See docs/running.md.
    """
    from holdfast.service.supervisor import Supervisor

    # Under systemd standard output is a log, and no key may get into one.
    is_log = "JOURNAL_STREAM" in os.environ
    supervisor = Supervisor(home, host=host, port=port, processes=processes, print_keys=not is_log)
    supervisor.run(tell_started, _tell_ready)


def worker(
    home: HomeOption,
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Jobs at once; server.job_threads by default.", show_default=False),
    ] = None,
) -> None:
    """Run jobs, webhooks and housekeeping without serving: more hands beside one or several servers."""
    from holdfast.service.worker_process import work

    message("The worker runs. Ctrl-C ends it; jobs under way are handed back or finished.")
    work(home, threads=threads)


def tell_started(started: Started) -> None:
    """The URL, and the first keys of a new home, for whoever started it."""
    if started.key_file:
        message(f"A key file was made: {started.key_file}. Keep a copy of it apart from all backups.")
    if started.admin:
        typer.echo("The first keys of this home. They are shown this once and kept nowhere:\n")
        typer.echo(f"    admin key   (makes other keys)    {started.admin}")
        typer.echo(f"    upload key  (screens uploads)     {started.upload}\n")
    typer.echo(f"Holdfast listens on {started.url}")


def _tell_ready(seconds: float) -> None:
    typer.echo(f"Ready after {seconds:.1f} s. Ctrl-C ends it.")
