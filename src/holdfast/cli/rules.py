"""`holdfast rules ...`: what happens with an upload, tried before it is in force."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.opened import OpenedHome, open_home
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import count, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Collection

    from holdfast.decisions.dryrun import DryRun
    from holdfast.decisions.rules import RuleSet

__all__ = ["app"]

app = typer.Typer(help="Rules and policy: check, show, try on past events, reload.", no_args_is_help=True)


@app.command()
def check(
    home: HomeOption,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A rules file; the home's by default.", show_default=False),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A policy file; the home's by default.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check the rules and the policy, without putting them in force. A mistake names table and key."""
    from holdfast.decisions.policy import load_policy
    from holdfast.decisions.rules import load_rules
    from holdfast.records.tables.base import now
    from holdfast.service.opening import policy_file, rules_file

    with open_home(home) as opened:
        found = load_rules(rules or rules_file(opened.settings, opened.path), _webhooks(opened))
        read = load_policy(policy or policy_file(opened.settings, opened.path))
    at = now()
    unconfirmed = [row.row for row in read.unconfirmed(at)]
    if json:
        print_json(
            {
                "rules": found.version,
                "policy": read.in_force(at),
                "unconfirmed_rows": unconfirmed,
            }
        )
        return
    typer.echo(f"Rules {found.version}: {len(found.rules)} rules, all sound.")
    typer.echo(f"Policy {read.in_force(at)} is in force, all versions sound.")
    if unconfirmed:
        typer.echo(f"Rows that nobody confirmed yet: {', '.join(unconfirmed)} (docs/legal.md)")


@app.command()
def show(home: HomeOption, json: JsonOption = False) -> None:
    """Show the rules of the home, in the order in which they are tried."""
    from holdfast.decisions.rules import load_rules
    from holdfast.service.opening import rules_file

    with open_home(home) as opened:
        path = rules_file(opened.settings, opened.path)
    found = load_rules(path)
    if json:
        for rule in _plain(found):
            print_json(rule)
        return
    typer.echo(f"{path}, version {found.version}\n")
    rows = [[r["name"], r["class"], r["mode"], ", ".join(r["does"]), r["when"]] for r in _plain(found)]
    print_table(("rule", "class", "mode", "does", "when"), rows)


@app.command("dry-run")
def dry_run(
    rules: Annotated[Path, typer.Argument(metavar="FILE", help="The rules to try.", show_default=False)],
    home: HomeOption,
    newest: Annotated[
        int, typer.Option(min=1, max=1_000_000, metavar="EVENTS", help="Of the newest so many events.")
    ] = 10_000,
    json: JsonOption = False,
) -> None:
    """Put rules to past events: what they would have done, and where they differ from the home's."""
    from holdfast.decisions import dryrun
    from holdfast.decisions.engine import Engine
    from holdfast.decisions.rules import load_rules
    from holdfast.service.dry_runs import past_facts
    from holdfast.service.opening import rules_file

    with open_home(home) as opened:
        candidate = Engine(load_rules(rules, _webhooks(opened)))
        current = Engine(load_rules(rules_file(opened.settings, opened.path)))
        with opened.database.read() as connection:
            result = dryrun.dry_run(candidate, past_facts(connection, newest), current)
    if json:
        print_json(result.to_json())
    else:
        _tell(result)


@app.command()
def reload(home: HomeOption, json: JsonOption = False) -> None:
    """Have the service on this host read rules and policy again; a mistake in them is told here first."""
    from holdfast.decisions.policy import load_policy
    from holdfast.decisions.rules import load_rules
    from holdfast.errors import NotFoundError
    from holdfast.service.opening import policy_file, rules_file
    from holdfast.service.running import serving_pid

    with open_home(home) as opened:
        found = load_rules(rules_file(opened.settings, opened.path), _webhooks(opened))
        load_policy(policy_file(opened.settings, opened.path))
        pid = serving_pid(opened.path)
    if pid is None:
        raise NotFoundError(
            f"No service runs on {home} here; nothing was reloaded. The files are sound, and count at its "
            "next start."
        )
    os.kill(pid, signal.SIGHUP)
    if json:
        print_json({"rules": found.version, "process": pid})
    else:
        typer.echo(f"The service (process {pid}) reads its rules again: {found.version}.")


def _webhooks(opened: OpenedHome) -> Collection[str]:
    from holdfast.decisions.webhooks.endpoints import list_endpoints

    with opened.database.read() as connection:
        return [endpoint.name for endpoint in list_endpoints(connection)]


def _plain(found: RuleSet) -> list[dict[str, Any]]:
    return [
        {
            "name": rule.name,
            "class": rule.rule_class,
            "mode": "shadow" if rule.shadow else "on",
            "does": list(rule.actions.words()),
            "when": ", ".join(f"{key} = {_words(value)}" for key, value in rule.when.items()),
            "reason": rule.reason,
        }
        for rule in found.rules
    ]


def _words(value: Any) -> str:
    if isinstance(value, frozenset | set | list | tuple):
        return " or ".join(sorted(map(str, value)))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tell(result: DryRun) -> None:
    typer.echo(f"{count(result.events)} events, of which {count(result.unusable)} could not be read\n")
    if result.by_rule:
        print_table(("rule", "events"), [[rule, count(n)] for rule, n in result.by_rule.most_common()])
    if not result.differences:
        typer.echo("\nNo event would be decided otherwise than by the home's rules.")
        return
    typer.echo("\nDecided otherwise than by the home's rules:\n")
    rows = [
        [
            count(one.events),
            f"{one.rule_before}: {', '.join(one.actions_before)}",
            f"{one.rule_after}: {', '.join(one.actions_after)}",
            ", ".join(one.examples),
        ]
        for one in result.differences
    ]
    print_table(("events", "now", "then", "for example"), rows)
