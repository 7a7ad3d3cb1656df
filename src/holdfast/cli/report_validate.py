"""`holdfast report validate` and `holdfast report check`: a document, and the service that it would go to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json

if TYPE_CHECKING:
    from holdfast.reporting.cybertip.problems import Problem

__all__ = ["check", "validate"]

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


def validate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A report or fileDetails document.", show_default=False)
    ],
    xsd: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Also against your own copy of NCMEC's schema.", show_default=False
        ),
    ] = None,
    batched: Annotated[
        bool, typer.Option("--batched", help="File details of a batched report, which has stricter rules.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Check a document against every rule of the CyberTipline. Exit status 1 when one is broken.

    Each problem names element and rule, and quotes no value. The words of --xsd may quote values.
    """
    from holdfast.reporting.cybertip.validate import validate as problems_of
    from holdfast.reporting.cybertip.xsd import OwnSchema

    xml = _read(file)
    problems = problems_of(xml, of_batched=batched)
    if xsd is not None:
        problems += OwnSchema(xsd).validate(xml)
    for problem in problems:
        _tell(problem, json)
    if problems:
        raise typer.Exit(1)
    if json:
        print_json({"file": str(file), "valid": True, "own_schema": xsd is not None})
    else:
        typer.echo(f"{file}: every rule is kept{', and your own schema says so too' if xsd else ''}.")


def check(home: HomeOption, json: JsonOption = False) -> None:
    """Ask the service whether it knows the credentials. Nothing is filed."""
    from holdfast.cli.opened import open_home
    from holdfast.reporting.configured import open_client

    with open_home(home) as opened, open_client(opened.settings.reporting, opened.path) as client:
        message(client.destination.banner)
        answer = client.status()
    if json:
        print_json({"destination": client.destination.name, "code": answer.code, "status": answer.status})
    else:
        typer.echo(f"{client.destination.name} answers: {answer.says}")
    if answer.code != 0:
        raise typer.Exit(1)


def _tell(problem: Problem, json: bool) -> None:
    if json:
        print_json({"path": problem.path, "rule": problem.rule, "message": problem.message})
    else:
        typer.echo(str(problem))


def _read(path: Path) -> bytes:
    from holdfast.errors import UnreadableError

    try:
        with path.open("rb") as file:
            data = file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read ({error.strerror}); nothing was checked.") from error
    if len(data) > MAX_DOCUMENT_BYTES:
        raise UnreadableError(f"{path} is larger than a document may be; nothing was checked.")
    return data
