"""The `holdfast` command. Heavy imports stay inside the commands, so that `--help` answers at once."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from holdfast.cli.registry import Root
from holdfast.errors import HoldfastError, NotFoundError, SettingsError, UsageError

__all__ = ["app", "main"]

app = typer.Typer(
    cls=Root,
    help="Find known child sexual abuse material, and account for what was done about it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
