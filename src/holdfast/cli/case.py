"""`holdfast case ...`: cases for whoever works on the machine itself. Media are never shown here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from holdfast.cli.opened import OpenedHome, local_actor, open_home, open_records
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json, print_table

if TYPE_CHECKING:
    from holdfast.review.case_facts import CaseFacts, MediaFacts
    from holdfast.review.models import Case

__all__ = ["app"]

app = typer.Typer(help="Cases: what waits for people, and what they decided.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="CASE", help="Number of the case.", show_default=False)]


@app.command("list")
def list_all(
    home: HomeOption,
    state: Annotated[
        Literal["open", "waiting", "decided", "merged", "all"], typer.Option(help="Only in this state.")
    ] = "open",
    account: Annotated[str | None, typer.Option(help="Only of this account.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    json: JsonOption = False,
) -> None:
    """List cases: open ones by priority and clock, others newest first."""
    from holdfast.review.cases import CaseFilter, counts, list_cases

    wanted = CaseFilter(state=None if state == "all" else state, account=account)
    with open_records(home) as database, database.read() as connection:
        found = list_cases(connection, wanted, limit=limit)
        total = counts(connection, wanted)
    if json:
        for case in found:
            print_json(_facts(case))
    elif not found:
        typer.echo("There is no such case. Matches that a rule puts before a person open cases.")
    else:
        header = ("case", "priority", "due (UTC)", "state", "account", "media", "texts", "whose")
        print_table(header, [_row(case) for case in found])
        if total > len(found):
            message(f"{total} in all; more with --limit.")


@app.command()
def show(number: Number, home: HomeOption, json: JsonOption = False) -> None:
    """Show a case: media by their labels, decisions, notes. What was written stays sealed."""
    from holdfast.review.case_facts import case_facts

    with open_records(home) as database, database.read() as connection:
        facts = case_facts(connection, number)
    if json:
        print_json({**_facts(facts.case), "media": [_media(one) for one in facts.media]})
        return
    _show(facts)


@app.command()
def take(
    number: Number,
    home: HomeOption,
    from_other: Annotated[
        bool, typer.Option("--from-other", help="Also when somebody holds it: they lose it.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Take a case: it is yours for review.lease_s seconds, under the number that is printed."""
    from holdfast.review import leases

    with open_home(home) as opened, opened.database.write() as connection:
        rules = _rules(opened)
        lease = leases.take(connection, number, local_actor(), rules, from_other=from_other)
    if json:
        until = lease.until.isoformat()
        print_json({"case": lease.case_id, "owner": lease.owner, "fence": lease.fence, "until": until})
    else:
        typer.echo(f"Case {number} is yours until {lease.until:%H:%M:%S} UTC, fence {lease.fence}.")


@app.command()
def decide(
    number: Number,
    home: HomeOption,
    outcome: Annotated[
        Literal["report", "hold", "release", "nothing"],
        typer.Option(help="What is to become of it.", show_default=False),
    ],
    reason: Annotated[str, typer.Option(help="Why: it is written down.", show_default=False)],
    fence: Annotated[int, typer.Option(help="The number that `case take` gave.", show_default=False)],
    version: Annotated[
        int, typer.Option(help="The version of the case that you looked at.", show_default=False)
    ],
    not_a_match: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="For a release: why it is no match.", show_default=False),
    ] = None,
    account_action: Annotated[
        Literal["suspend", "disable", "restore"] | None,
        typer.Option(help="What the platform is asked to do with the account.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Decide a case that you took. It takes effect after review.undo_s seconds.

    Clearing a match on a trusted list waits for a second person.
    """
    from holdfast.review import deciding
    from holdfast.review.settling import settle

    with open_home(home) as opened:
        rules = _rules(opened)
        with opened.database.write() as connection:
            done = deciding.decide(
                connection,
                number,
                person=local_actor(),
                fence=fence,
                version=version,
                outcome=outcome,
                reason=reason,
                rules=rules,
                account_action=account_action,
                not_a_match=not_a_match,
            )
        with opened.database.write() as connection:
            settle(connection, done.id, rules)
            done = deciding.get_decision(connection, done.id)
    if json:
        print_json(
            {"decision": done.id, "state": done.state, "in_force_after": done.in_force_after.isoformat()}
        )
    else:
        typer.echo(f"Decision {done.id}: {done.outcome}, {done.state}.")


@app.command()
def export(
    number: Number,
    home: HomeOption,
) -> None:
    """Print everything known of a case as one JSON document, with who saw what. No content.

    What people wrote is unsealed: keep the output as you keep the content.
    """
    from holdfast.review.export import export_case

    with open_home(home) as opened, opened.database.write() as connection:
        document = export_case(connection, number, by=local_actor(), sealer=opened.sealer)
    print_json(_plain(document))


def _rules(opened: OpenedHome) -> Any:
    return opened.settings.review.rules(opened.settings.vault.cleared_days)


def _show(facts: CaseFacts) -> None:
    for name, value in _facts(facts.case).items():
        if value not in (None, []):
            typer.echo(f"{name:<16}{value}")
    if facts.media:
        header = ("media", "hold", "medium", "label", "verdict", "seen")
        print_table(header, [[str(value) for value in _media(one).values()] for one in facts.media])
    for one in facts.decisions:
        typer.echo(f"decision {one.id}     {one.outcome}, {one.state}, by {one.by}: {one.reason}")
    for note in facts.notes:
        typer.echo(f"note            {note.at:%Y-%m-%d %H:%M} {note.by}: {note.text}")


def _media(media: MediaFacts) -> dict[str, Any]:
    item = media.item
    return {
        "media": item.id,
        "hold": item.item_id or "-",
        "medium": item.medium,
        "label": item.label or "-",
        "verdict": item.verdict or "-",
        "seen": "not held" if media.views is None else media.views.words(),
    }


def _row(case: Case) -> list[str]:
    return [
        str(case.id),
        "imminent" if case.priority == 0 else str(case.priority),
        f"{case.due_at:%Y-%m-%d %H:%M}",
        case.state,
        case.account or "-",
        str(case.media_count),
        str(case.text_count),
        case.lease_owner or "-",
    ]


def _facts(case: Case) -> dict[str, Any]:
    names = ("account", "kind", "surface", "state", "priority", "version", "media_count", "text_count")
    times = ("opened_at", "due_at", "closed_at", "lease_until")
    found: dict[str, Any] = {"case": case.id, **{name: getattr(case, name) for name in names}}
    found |= {"lease_owner": case.lease_owner, "fence": case.fence, "annotations": case.annotations}
    return found | {name: _plain(getattr(case, name)) for name in times}


def _plain(value: Any) -> Any:
    """The value as JSON has it: moments as ISO 8601."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
