"""The `holdfast` command. Heavy imports stay inside the commands, so that `--help` answers at once."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from holdfast.cli import (  # noqa: F401
    bank,
    bench,
    checklist,
    demo,
    doctor,
    hashes,
    hold,
    init,
    job,
    key,
    lists,
    match,
    rules,
    scan,
    serve,
    sources,
    vault,
    webhook,
)
from holdfast.errors import HoldfastError, NotFoundError, SettingsError, UsageError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Find known child sexual abuse material, and account for what was done about it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("init")(init.init)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.add_typer(checklist.app, name="checklist")
app.command("doctor")(doctor.doctor)
app.add_typer(bank.app, name="bank")  # with the commands that `lists` and `sources` add
app.command("hash")(hashes.hash_files)
app.command("match")(match.match_files)
app.command("scan")(scan.scan_folder)
app.add_typer(key.app, name="key")
app.add_typer(rules.app, name="rules")
app.add_typer(webhook.app, name="webhook")
app.add_typer(hold.app, name="hold")
app.add_typer(vault.app, name="vault")
app.add_typer(job.app, name="job")
app.command("demo")(demo.demo)
app.add_typer(bench.app, name="bench")


def _version(wanted: bool) -> None:
    if wanted:
        from holdfast import __version__

        typer.echo(f"holdfast {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run a command. Exit status: 0 done, 1 some input failed, 2 usage, 3 a match (`match --exit-code`)."""
    try:
        app()
    except (UsageError, SettingsError, NotFoundError) as error:
        _fail(error, 2)
    except HoldfastError as error:
        _fail(error, 1)
    except BrokenPipeError:
        # The reader went away (`| head`): point stdout elsewhere so that the flush at exit is quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _fail(error: HoldfastError, status: int) -> None:
    typer.echo(f"holdfast: {error}", err=True)
    sys.exit(status)
