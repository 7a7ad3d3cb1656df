"""`holdfast hold ...`: held content, never shown here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from holdfast.cli.opened import local_actor, open_home, open_records
from holdfast.cli.opened import note as note_audit
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json, print_table, size

if TYPE_CHECKING:
    from datetime import datetime

    from holdfast.vault.models import Item

__all__ = ["app"]

app = typer.Typer(
    help="Held content: what is held, and for how long. It is never shown.", no_args_is_help=True
)

ItemId = Annotated[str, typer.Argument(metavar="HOLD", help="Id of the held item.", show_default=False)]
Purpose = Annotated[
    str, typer.Option(metavar="WHY", help="Why: it is written down with who did it.", show_default=False)
]


@app.command("list")
def list_all(
    home: HomeOption,
    state: Annotated[
        Literal["held", "released", "destroyed"] | None,
        typer.Option(help="Only items in this state.", show_default=False),
    ] = None,
    before: Annotated[
        str | None, typer.Option(metavar="HOLD", help="Only items before this one.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    json: JsonOption = False,
) -> None:
    """List held items and tombstones, the latest first."""
    from holdfast.vault.listing import list_items

    with open_records(home) as database, database.read() as connection:
        found = list_items(connection, state=state, before_id=before, limit=limit)
    if json:
        for item in found:
            print_json(_facts(item))
    elif not found:
        typer.echo("Nothing is held.")
    else:
        rows = [
            [
                item.id,
                item.state,
                size(item.size_bytes),
                f"{item.held_at:%Y-%m-%d %H:%M}",
                _date(item.destroy_at),
                str(len(item.legal_holds) or "-"),
                item.reason,
            ]
            for item in found
        ]
        header = ("hold", "state", "size", "held (UTC)", "destroyed on", "legal holds", "why")
        print_table(header, rows)
        if len(found) == limit:
            message(f"More with --before {found[-1].id}")


@app.command()
def show(hold: ItemId, home: HomeOption, json: JsonOption = False) -> None:
    """Show what is known of one item, but nothing about its content."""
    _show(home, hold, json)


@app.command()
def release(hold: ItemId, home: HomeOption, purpose: Purpose, json: JsonOption = False) -> None:
    """Clear an item: it is destroyed after vault.cleared_days.

    Content that a trusted list named takes two people: one disputes the match, another releases.
    """
    from holdfast.review.held import release_hold

    with open_home(home) as opened, opened.database.write() as connection:
        window = timedelta(days=opened.settings.vault.cleared_days)
        release_hold(connection, hold, actor=local_actor(), purpose=purpose, cleared_window=window)
        note_audit(connection, "vault.release", f"item:{hold}", purpose=purpose)
    _show(home, hold, json)


@app.command("legal-hold")
def legal_hold(
    hold: ItemId,
    home: HomeOption,
    reference: Annotated[
        str | None, typer.Option(help="Number of the request or order: place a hold.", show_default=False)
    ] = None,
    agency: Annotated[
        str | None,
        typer.Option(help="The agency whose preservation request it is.", show_default=False),
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0, help="The hold ends by itself after so many.", show_default=False)
    ] = None,
    lift: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Lift this hold instead.", show_default=False)
    ] = None,
    purpose: Annotated[str, typer.Option(metavar="WHY", help="Why it is lifted.")] = "",
    json: JsonOption = False,
) -> None:
    """Forbid an item's destruction, or with --lift allow it again.

    A preservation request of law enforcement: --agency, and --days (in the US 90, once renewed).
    """
    from holdfast.errors import UsageError
    from holdfast.records.tables.base import now
    from holdfast.vault import retention

    if (reference is None) == (lift is None):
        raise UsageError("Give --reference to place a legal hold or --lift to lift one. Nothing was done.")
    with open_records(home) as database, database.write() as connection:
        if reference is not None:
            until = None if days is None else now() + timedelta(days=days)
            retention.place_legal_hold(
                connection, hold, reference=reference, actor=local_actor(), agency=agency, until=until
            )
            note_audit(connection, "vault.legal_hold", f"item:{hold}", reference=reference)
        elif lift is not None:
            _must_lie_on(retention.active_legal_holds(connection, [hold]).get(hold, []), lift, hold)
            retention.lift_legal_hold(connection, lift, actor=local_actor(), purpose=purpose)
            facts = {"legal_hold": lift, "purpose": purpose}
            note_audit(connection, "vault.lift_legal_hold", f"item:{hold}", **facts)
    _show(home, hold, json)


@app.command()
def destroy(
    hold: ItemId,
    home: HomeOption,
    purpose: Purpose,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Destroy an item now. Nothing can bring it back; a tombstone stays.

    Refused under a legal hold, and for content that a decision is about until somebody else released it.
    """
    from holdfast.review.held import destroy_hold

    if not yes:
        typer.confirm(f"Destroy {hold} for ever?", abort=True, err=True)
    with open_records(home) as database, database.write() as connection:
        destroy_hold(connection, hold, actor=local_actor(), purpose=purpose)
        note_audit(connection, "vault.destroy", f"item:{hold}", purpose=purpose)
    _show(home, hold, json)


def _must_lie_on(holds: Any, number: int, item: str) -> None:
    from holdfast.errors import NotFoundError

    if number not in [one.id for one in holds]:
        raise NotFoundError(f"No legal hold {number} is in force on item {item}; nothing was lifted.")


def _show(home: Any, hold: str, json: bool) -> None:
    from holdfast.vault.listing import get_item

    with open_records(home) as database, database.read() as connection:
        facts = _facts(get_item(connection, hold))
    if json:
        print_json(facts)
        return
    for name, value in facts.items():
        if name == "legal_holds":
            for one in value:
                ends = f", until {one['until']}" if one["until"] else ""
                by = ", ".join(filter(None, (one["agency"], f"by {one['placed_by']}")))
                typer.echo(f"{'legal hold':<16}{one['number']}, {one['reference']}, {by}{ends}")
        elif value is not None:
            typer.echo(f"{name:<16}{value}")


def _facts(item: Item) -> dict[str, Any]:
    return {
        "hold": item.id,
        "state": item.state,
        "reason": item.reason,
        "size_bytes": item.size_bytes,
        "held_at": item.held_at.isoformat(),
        "held_by": item.held_by,
        "keep_until": item.keep_until.isoformat() if item.keep_until else None,
        "destroy_at": item.destroy_at.isoformat() if item.destroy_at else None,
        "released_at": item.released_at.isoformat() if item.released_at else None,
        "destroyed_at": item.destroyed_at.isoformat() if item.destroyed_at else None,
        "destroyed_by": item.destroyed_by,
        "destroyed_why": item.destroyed_why,
        "legal_holds": [
            {
                "number": one.id,
                "reference": one.reference,
                "agency": one.agency,
                "until": one.until.isoformat() if one.until else None,
                "placed_by": one.placed_by,
            }
            for one in item.legal_holds
        ],
    }


def _date(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d}"
