"""`holdfast webhook ...`: who is told of matches, and whether it arrives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.opened import OpenedHome, open_home
from holdfast.cli.opened import note as note_audit
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import count, message, print_json, print_table
from holdfast.errors import NotFoundError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from holdfast.decisions.webhooks.endpoints import Endpoint

__all__ = ["app"]

app = typer.Typer(help="Webhooks: who is told of matches. See docs/webhooks.md.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the webhook.", show_default=False)]
POLL_S = 0.2


@app.command()
def add(
    name: Name,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Where it listens: https://...", show_default=False)
    ],
    home: HomeOption,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only these kinds of events (repeatable).", show_default="all")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Add a webhook and print its signing secret, this once."""
    from holdfast.decisions.webhooks import endpoints
    from holdfast.service.reach import webhook_reach

    with open_home(home) as opened, opened.database.write() as connection:
        endpoint, secret = endpoints.create(
            connection,
            opened.sealer,
            name=name,
            url=url,
            kinds=kind or (endpoints.ALL_KINDS,),
            reach=webhook_reach(opened.settings.webhooks),
        )
        note_audit(connection, "webhook.create", f"webhook:{endpoint.id}")
    _show_secret(endpoint.name, secret, json)


@app.command("list")
def list_all(home: HomeOption, json: JsonOption = False) -> None:
    """List the webhooks, with what waits for them and what is dead."""
    from holdfast.decisions.webhooks import endpoints, outbox

    with open_home(home) as opened, opened.database.read() as connection:
        counts = outbox.counts(connection)
        found = [
            {
                "name": one.name,
                "url": one.url,
                "enabled": one.enabled,
                "kinds": list(one.kinds),
                "failing_since": one.failing_since.isoformat() if one.failing_since else None,
                "pending": counts.get((one.name, "pending"), 0),
                "delivered": counts.get((one.name, "delivered"), 0),
                "dead": counts.get((one.name, "dead"), 0),
            }
            for one in endpoints.list_endpoints(connection)
        ]
    if json:
        for one in found:
            print_json(one)
    elif not found:
        typer.echo("There are no webhooks. `holdfast webhook add NAME URL` adds one.")
    else:
        print_table(("name", "url", "events", "state", "waiting", "dead"), [_row(one) for one in found])


@app.command()
def test(
    name: Name,
    home: HomeOption,
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, metavar="SECONDS", help="Wait so long for its delivery.")
    ] = 20.0,
    json: JsonOption = False,
) -> None:
    """Send a test message, and tell whether it arrived. A running service or worker delivers it.

    Exit status 1 when it did not arrive in time.
    """
    from holdfast.decisions.webhooks import outbox

    with open_home(home) as opened:
        with opened.database.write() as connection:
            delivery_id = outbox.publish_test(connection, _endpoint(connection, name))
        delivery = _await(opened, delivery_id, wait_s)
    if json:
        print_json({"delivery": delivery.id, "state": delivery.state, "error": delivery.last_error})
    elif delivery.state == "delivered":
        typer.echo(f"The test message arrived at {name}.")
    elif delivery.attempts:
        message(f"The test message did not arrive at {name}: {delivery.last_error}. It is tried again.")
    else:
        message("Nobody has tried to deliver it yet: does `holdfast serve` or `holdfast worker` run?")
    if delivery.state != "delivered":
        raise typer.Exit(1)


@app.command()
def rotate(
    name: Name,
    home: HomeOption,
    at_once: Annotated[bool, typer.Option("--at-once", help="The old secret ends now: it got out.")] = False,
    json: JsonOption = False,
) -> None:
    """Give a webhook a new signing secret; for a day both sign, so that no message is lost."""
    from holdfast.decisions.webhooks import endpoints

    with open_home(home) as opened, opened.database.write() as connection:
        endpoint = _endpoint(connection, name)
        overlap_s = 0.0 if at_once else endpoints.OVERLAP_S
        secret = endpoints.rotate(connection, opened.sealer, endpoint.id, overlap_s=overlap_s)
        note_audit(connection, "webhook.rotate", f"webhook:{endpoint.id}")
    _show_secret(name, secret, json)


@app.command()
def remove(name: Name, home: HomeOption, json: JsonOption = False) -> None:
    """Remove a webhook, with every message that still waits for it."""
    from holdfast.decisions.webhooks import endpoints

    with open_home(home) as opened, opened.database.write() as connection:
        endpoint = _endpoint(connection, name)
        endpoints.delete(connection, endpoint.id)
        note_audit(connection, "webhook.delete", f"webhook:{endpoint.id}")
    if json:
        print_json({"name": name, "removed": True})
    else:
        typer.echo(f"The webhook {name} is removed.")


@app.command()
def replay(name: Name, home: HomeOption, json: JsonOption = False) -> None:
    """Send every dead message of a webhook again."""
    from holdfast.decisions.webhooks import outbox

    with open_home(home) as opened, opened.database.write() as connection:
        replayed = outbox.replay_all(connection, _endpoint(connection, name).id)
    if json:
        print_json({"name": name, "replayed": replayed})
    else:
        typer.echo(f"{count(replayed)} messages are sent again.")


def _endpoint(connection: sa.Connection, name: str) -> Endpoint:
    from holdfast.decisions.webhooks.endpoints import list_endpoints

    for endpoint in list_endpoints(connection):
        if endpoint.name == name:
            return endpoint
    raise NotFoundError(f"There is no webhook {name!r}; nothing was done. `holdfast webhook list` names all.")


def _await(opened: OpenedHome, delivery_id: int, wait_s: float) -> Any:
    from holdfast.decisions.webhooks import outbox

    end_s = time.monotonic() + wait_s
    while True:
        with opened.database.read() as connection:
            delivery = outbox.get(connection, delivery_id)
        if delivery.state != "pending" or delivery.last_error is not None or time.monotonic() >= end_s:
            return delivery
        time.sleep(POLL_S)


def _show_secret(name: str, secret: str, json: bool) -> None:
    if json:
        print_json({"name": name, "secret": secret})
    else:
        message("The signing secret is shown this once and kept encrypted:")
        typer.echo(secret)


def _row(one: dict[str, Any]) -> list[str]:
    state = "on" if one["enabled"] else "paused"
    if one["failing_since"]:
        state = f"failing since {one['failing_since'][:16].replace('T', ' ')}"
    kinds = ", ".join(one["kinds"]).replace("*", "all")
    return [one["name"], one["url"], kinds, state, count(one["pending"]), count(one["dead"])]
