"""`holdfast person ...`: people who sign in to the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.opened import local_actor, open_home, open_records
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json, print_table

if TYPE_CHECKING:
    from holdfast.access.people import Person
    from holdfast.access.roles import Role
    from holdfast.settings import Settings

__all__ = ["app"]

app = typer.Typer(help="People who sign in to the console.", no_args_is_help=True)

PersonId = Annotated[str, typer.Argument(metavar="ID", help="Id of the person.", show_default=False)]
RoleOption = Annotated[
    list[str], typer.Option("--role", help="reviewer, analyst, lead, admin or auditor (repeatable).")
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Their name.", show_default=False)],
    role: RoleOption,
    home: HomeOption,
    email: Annotated[
        str | None, typer.Option(help="How an identity provider knows them.", show_default=False)
    ] = None,
    link: Annotated[
        bool, typer.Option("--link/--no-link", help="Print a one-time link to sign in with.")
    ] = True,
    json: JsonOption = False,
) -> None:
    """Add a person and print a one-time link, with which they sign in and make a passkey."""
    from holdfast.access.links import make_link
    from holdfast.access.people import add_person

    with open_home(home) as opened, opened.database.write() as connection:
        person = add_person(connection, name=name, roles=_roles(role), by=local_actor(), email=email)
        minutes = opened.settings.console.link_minutes
        token = make_link(connection, person.id, by=local_actor(), minutes=minutes) if link else None
        address = None if token is None else _address(opened.settings, token)
    if json:
        print_json({**_facts(person), "link": address})
        return
    typer.echo(f"{person.name} was added as {person.id}.")
    if address is not None:
        _show_link(address, minutes)


@app.command("list")
def list_all(home: HomeOption, json: JsonOption = False) -> None:
    """List the people."""
    from holdfast.access.people import list_people

    with open_records(home) as database, database.read() as connection:
        found = list_people(connection)
    if json:
        for person in found:
            print_json(_facts(person))
    elif not found:
        typer.echo("There is nobody. `holdfast person add NAME --role admin` adds the first.")
    else:
        rows = [
            [
                one.id,
                one.name,
                one.email or "-",
                ", ".join(sorted(one.roles)),
                "active" if one.is_active else "disabled",
                f"{one.last_sign_in_at:%Y-%m-%d %H:%M}" if one.last_sign_in_at else "never",
            ]
            for one in found
        ]
        print_table(("id", "name", "e-mail", "roles", "state", "last sign-in (UTC)"), rows)


@app.command()
def roles(person: PersonId, role: RoleOption, home: HomeOption, json: JsonOption = False) -> None:
    """Give a person these roles, in place of those that they have."""
    from holdfast.access.people import set_roles

    with open_records(home) as database, database.write() as connection:
        changed = set_roles(connection, person, _roles(role), by=local_actor())
    _tell(changed, f"{changed.name} is now {', '.join(sorted(changed.roles))}.", json)


@app.command()
def disable(person: PersonId, home: HomeOption, json: JsonOption = False) -> None:
    """End a person's access at once: sessions, links and passkeys go."""
    from holdfast.access.people import disable_person

    with open_records(home) as database, database.write() as connection:
        changed = disable_person(connection, person, by=local_actor())
    _tell(changed, f"{changed.name} is disabled.", json)


@app.command()
def enable(person: PersonId, home: HomeOption, json: JsonOption = False) -> None:
    """Let a person in again. `holdfast person link` makes a link to sign in with."""
    from holdfast.access.people import enable_person

    with open_records(home) as database, database.write() as connection:
        changed = enable_person(connection, person, by=local_actor())
    _tell(changed, f"{changed.name} may sign in again.", json)


@app.command()
def link(
    person: PersonId,
    home: HomeOption,
    minutes: Annotated[
        float | None, typer.Option(min=1, max=1440, help="Valid for so long.", show_default="as set")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Print a new one-time link for somebody; older ones end."""
    from holdfast.access.links import make_link

    with open_home(home) as opened, opened.database.write() as connection:
        valid = opened.settings.console.link_minutes if minutes is None else minutes
        token = make_link(connection, person, by=local_actor(), minutes=valid)
        address = _address(opened.settings, token)
    if json:
        print_json({"id": person, "link": address})
    else:
        _show_link(address, valid)


def _roles(names: list[str]) -> list[Role]:
    from holdfast.access.people import PEOPLE_ROLES
    from holdfast.access.roles import Role
    from holdfast.errors import UsageError

    unknown = [name for name in names if name not in PEOPLE_ROLES]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no role of a person; one of: {', '.join(PEOPLE_ROLES)}.")
    return [Role(name) for name in names]


def _address(settings: Settings, token: str) -> str:
    # Behind the hash: what stands there is sent to no server and stands in no log.
    origin = settings.console.origin or f"http://localhost:{settings.server.port}"
    return f"{origin}/console/sign-in/link#{token}"


def _show_link(address: str, minutes: float) -> None:
    message(f"Valid for {minutes:g} minutes, once. Hand it to this person only:")
    typer.echo(address)


def _tell(person: Person, words: str, json: bool) -> None:
    if json:
        print_json(_facts(person))
    else:
        typer.echo(words)


def _facts(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "roles": sorted(person.roles),
        "active": person.is_active,
        "created_at": person.created_at.isoformat(),
        "created_by": person.created_by,
        "last_sign_in_at": person.last_sign_in_at.isoformat() if person.last_sign_in_at else None,
    }
