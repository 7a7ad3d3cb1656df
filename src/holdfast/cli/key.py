"""`holdfast key ...`: API keys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.opened import local_actor, open_records
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json, print_table

if TYPE_CHECKING:
    from holdfast.access.keys import KeyRecord, NewKey

__all__ = ["app"]

app = typer.Typer(help="API keys: who may do what.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="ID", help="Id of the key.", show_default=False)]
MAX_DAYS = 3650


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who uses it for what.", show_default=False)],
    home: HomeOption,
    role: Annotated[
        list[str] | None,
        typer.Option(help="uploader, analyst, reviewer, lead, admin, exchange or auditor (repeatable)."),
    ] = None,
    grant: Annotated[list[str] | None, typer.Option(help="A single permission (repeatable).")] = None,
    see: Annotated[
        list[str] | None, typer.Option(metavar="BANK", help="Only these banks; NAME* for any ending.")
    ] = None,
    change: Annotated[
        list[str] | None, typer.Option(metavar="BANK", help="May change only these banks.")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="Only from these networks (repeatable).")
    ] = None,
    days: Annotated[int, typer.Option(min=0, max=MAX_DAYS, help="Valid for so many days; 0 for ever.")] = 365,
    json: JsonOption = False,
) -> None:
    """Make a key and print it. It is shown this once and kept nowhere."""
    from holdfast.access.keys import create_key
    from holdfast.access.principal import ALL_BANKS, BankScope
    from holdfast.access.roles import Permission, Role

    roles = [_choice(Role, one, "role") for one in role or ()]
    grants = [_choice(Permission, one, "permission") for one in grant or ()]
    banks = BankScope(tuple(see or ALL_BANKS), tuple(change if change is not None else see or ALL_BANKS))
    with open_records(home) as database, database.write() as connection:
        made = create_key(
            connection,
            name=name,
            roles=roles,
            created_by=local_actor(),
            grants=grants,
            banks=banks,
            networks=network or (),
            lifetime=timedelta(days=days) if days else None,
        )
    _show(made, json)


@app.command("list")
def list_all(
    home: HomeOption,
    revoked: Annotated[bool, typer.Option("--revoked", help="Also those that were revoked.")] = False,
    json: JsonOption = False,
) -> None:
    """List the keys, without their secrets: these are kept nowhere."""
    from holdfast.access.keys import list_keys

    with open_records(home) as database, database.read() as connection:
        found = [_facts(record) for record in list_keys(connection, include_revoked=revoked)]
    if json:
        for one in found:
            print_json(one)
    elif not found:
        typer.echo("There are no keys. `holdfast key create NAME --role ROLE` makes one.")
    else:
        rows = [
            [
                one["id"],
                one["name"],
                ", ".join(one["roles"] + one["grants"]),
                one["state"],
                (one["expires_at"] or "never")[:10],
                (one["last_used_at"] or "never")[:13].replace("T", " "),
            ]
            for one in found
        ]
        print_table(("id", "name", "roles and grants", "state", "expires", "last used"), rows)


@app.command()
def rotate(
    key: KeyId,
    home: HomeOption,
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=720, metavar="HOURS", help="How long the old secret stays valid.")
    ] = 24.0,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_DAYS, help="Valid for so many days from now.", show_default="as before"),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Give a key a new secret, without downtime. With --overlap-hours 0 the old one ends at once."""
    from holdfast.access.keys import rotate_key

    with open_records(home) as database, database.write() as connection:
        made = rotate_key(
            connection,
            key,
            rotated_by=local_actor(),
            overlap=timedelta(hours=overlap_hours),
            lifetime=None if days is None else timedelta(days=days),
        )
    _show(made, json)


@app.command()
def revoke(key: KeyId, home: HomeOption, json: JsonOption = False) -> None:
    """End a key with all its secrets. Running servers refuse it within 3 seconds."""
    from holdfast.access.keys import revoke_key

    with open_records(home) as database, database.write() as connection:
        record = revoke_key(connection, key, revoked_by=local_actor())
    if json:
        print_json(_facts(record))
    else:
        typer.echo(f"Key {key} ({record.name}) is revoked.")


def _choice(kind: Any, text: str, what: str) -> Any:
    from holdfast.errors import UsageError

    try:
        return kind(text)
    except ValueError as error:
        raise UsageError(
            f"There is no {what} {text!r}; nothing was made. One of: {', '.join(sorted(kind))}."
        ) from error


def _show(made: NewKey, json: bool) -> None:
    if json:
        print_json({"id": made.key_id, "key": made.text})
    else:
        message("The key is shown this once and kept nowhere:")
        typer.echo(made.text)


def _facts(record: KeyRecord) -> dict[str, Any]:
    from holdfast.records.tables.base import now

    return {
        "id": record.key_id,
        "name": record.name,
        "state": record.state(now()),
        "roles": sorted(record.roles),
        "grants": sorted(record.grants),
        "banks_seen": list(record.banks.see),
        "banks_changed": list(record.banks.change),
        "networks": list(record.networks),
        "created_at": record.created_at.isoformat(),
        "created_by": record.created_by,
        "expires_at": record.expires_at.isoformat() if record.expires_at else None,
        "last_used_at": record.last_used_at.isoformat() if record.last_used_at else None,
        "revoked_at": record.revoked_at.isoformat() if record.revoked_at else None,
    }
