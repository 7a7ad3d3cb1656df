"""`holdfast init`: a first day."""

from __future__ import annotations

import sys
from dataclasses import replace
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import print_json, print_table
from holdfast.errors import UsageError

if TYPE_CHECKING:
    from holdfast.service.initialising import Initialised, Wishes

__all__ = ["init"]


def init(
    home: HomeOption,
    platform: Annotated[
        str | None,
        typer.Option(help="social, messaging, education, live_audio, storage or other.", show_default=False),
    ] = None,
    country: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Where its people are: DE, US, ... (repeatable).")
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the key file goes, outside the home.", show_default=False),
    ] = None,
    bank: Annotated[str, typer.Option(metavar="NAME", help="The first bank; empty for none.")] = "KNOWN",
    trusted: Annotated[bool, typer.Option("--trusted", help="Its source is trusted to be right.")] = False,
    database_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="postgresql://USER@HOST/NAME; else HOLDFAST_DATABASE_URL, else an SQLite file in the home.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: take defaults for what is not said.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Make a home ready: settings, policy and rules to edit, key file, first bank, first keys.

    Asks what it needs to know when it runs in a terminal. What is there already is left as it is. A database
    that is named is written to the settings, without its password, so that `serve` finds it again.
    """
    from holdfast.service.initialising import Wishes, initialise

    wishes = Wishes(platform or "other", tuple(country or ()), key_file, bank, trusted, database_url)
    if not (yes or json):
        if not _has_terminal():
            raise UsageError("There is no terminal to ask on. Nothing was made. Say --yes to take defaults.")
        wishes = _ask(wishes, home, ask_platform=platform is None, ask_countries=country is None)
    made = initialise(home, wishes)
    if json:
        print_json(_facts(made))
    else:
        _tell(made, wishes)


def _has_terminal() -> bool:
    return sys.stdin.isatty()


def _ask(wishes: Wishes, home: Path, *, ask_platform: bool, ask_countries: bool) -> Wishes:
    from holdfast.service.initialising import checked_countries
    from holdfast.service.platforms import PLATFORMS
    from holdfast.vault.keys import default_key_file

    platform, countries, key_file = wishes.platform, wishes.countries, wishes.key_file
    if ask_platform:
        typer.echo("What kind of platform is it?\n")
        names = list(PLATFORMS)
        for number, name in enumerate(names, 1):
            typer.echo(f"  {number}  {name:<11} {PLATFORMS[name].words}")
        chosen: int = typer.prompt("\nNumber", type=int, default=len(names))
        if not 1 <= chosen <= len(names):
            raise UsageError(f"There is no number {chosen}. Nothing was made.")
        platform = names[chosen - 1]
    if ask_countries:
        said = typer.prompt("In which countries are its people? Codes like DE US, or empty", default="")
        countries = checked_countries(tuple(said.replace(",", " ").split()))
    if key_file is None:
        typer.echo("\nHeld content is encrypted. Its key must not lie where backups of the home go.")
        place = typer.prompt("Key file", default=str(default_key_file(home.expanduser().absolute())))
        key_file = Path(place) if Path(place) != default_key_file(home.expanduser().absolute()) else None
    bank = typer.prompt("Name of the first bank (hash list), or - for none", default=wishes.bank or "-")
    trusted = wishes.trusted
    if bank != "-" and not trusted:
        trusted = typer.confirm(
            "Is its source trusted to be right (a hotline's list, for example)?", default=False
        )
    return replace(
        wishes,
        platform=platform,
        countries=countries,
        key_file=key_file,
        bank="" if bank == "-" else bank,
        trusted=trusted,
    )


def _facts(made: Initialised) -> dict[str, object]:
    return {
        "home": str(made.home),
        "key_file": None if made.key_file is None else str(made.key_file),
        "admin_key": made.admin or None,
        "upload_key": made.upload or None,
        "bank": made.bank or None,
        "database_url": made.database_url,
        "database_written": made.is_database_written,
        "written": [str(path) for path in made.written],
        "kept": [str(path) for path in made.kept],
        "policy": [
            {"country": country, "surface": surface, "action": action, "row": row}
            for country, surface, action, row in made.policy
        ],
    }


def _tell(made: Initialised, wishes: Wishes) -> None:
    from holdfast.service.platforms import PLATFORMS

    typer.echo(f"\nThe home is {made.home}, open to nobody else.")
    for path in made.written:
        typer.echo(f"  written  {path}")
    for path in made.kept:
        typer.echo(f"  kept     {path} (it was there)")
    if made.database_url is not None:
        typer.echo(f"  records  {made.database_url}")
    if not made.is_database_written:
        typer.echo(
            "           settings.toml does not name it: a `serve` without HOLDFAST_DATABASE_URL would open\n"
            f"           an empty home. Write there: database_url = {dumps(made.database_url)}"
        )
    if made.bank:
        typer.echo(f"  bank     {made.bank}{' (trusted)' if wishes.trusted else ''}")
    if made.key_file is not None:
        typer.echo(f"  key      {made.key_file}: keep a copy apart from all backups, or held content is lost")
    if made.admin:
        typer.echo("\nThe first keys. They are shown this once and kept nowhere:\n")
        typer.echo(f"    admin key   (makes other keys)    {made.admin}")
        typer.echo(f"    upload key  (screens uploads)     {made.upload}")
    if made.policy:
        typer.echo("\nWhat the policy says now; counsel is to confirm it (docs/legal.md):\n")
        print_table(
            ("country", "surface", "action", "row of policy.toml"), [list(row) for row in made.policy]
        )
    typer.echo("\nTo think of:")
    for line in PLATFORMS[wishes.platform].advice:
        typer.echo(f"  - {line}")
    typer.echo(
        "\nNext: `holdfast bank import NAME FILE` for a hash list, `holdfast serve` to run the service, "
        "`holdfast checklist` for what else is to be done before going live."
    )
