"""`holdfast doctor`: every check on a machine and a home, each on its own. One that fails says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from holdfast.errors import HoldfastError, SettingsError
from holdfast.records.home import Home
from holdfast.service.checks import cases, deep, machine, people, place, reports, risks, vault, work
from holdfast.service.checks.finding import Finding, Look
from holdfast.settings import MediaSettings, Settings, load_settings

__all__ = ["checkup"]

Check = tuple[str, Callable[[], Iterator[Finding]]]


def checkup(home: Path, *, full: bool) -> list[Finding]:
    """Runs all checks. ``full`` reads index files and audit log to the end. Never raises HoldfastError."""
    settings, broken = _settings(home)
    media = MediaSettings() if settings is None else settings.media
    findings = _run(
        ("python", machine.python),
        ("kernels", machine.kernels),
        ("decode workers", lambda: machine.workers(media)),
        ("core dumps", machine.core_dumps),
        ("home", lambda: place.folder(home)),
    )
    findings += broken
    if settings is not None and home.exists():
        findings += _run(("settings", lambda: risks.settings(settings)))
        findings += _run(("rules", lambda: place.rules(settings, home)))
        findings += _of_records(home, settings, full)
    return findings


def _settings(home: Path) -> tuple[Settings | None, list[Finding]]:
    try:
        return load_settings(home), []
    except SettingsError as error:
        return None, [Finding("settings", "problem", str(error))]


def _of_records(home: Path, settings: Settings, full: bool) -> list[Finding]:
    try:
        place_of = Home(home, database_url=settings.database_url)
        with place_of.database() as database, database.read() as connection:
            look = Look(settings, place_of.path, connection)
            return _run(
                ("records", lambda: place.records(look)),
                ("index", lambda: place.index(look, full)),
                ("key file", lambda: place.key_file(look)),
                ("local features", lambda: place.local_features(look)),
                ("key backup", lambda: vault.key_backup(look)),
                ("vault", lambda: vault.duties(look)),
                ("api keys", lambda: work.api_keys(look)),
                ("people", lambda: people.console(look)),
                ("audit log", lambda: people.audit_log(look, full)),
                ("actions", lambda: work.actions(look)),
                ("webhooks", lambda: work.webhooks(look)),
                ("jobs", lambda: work.background(look)),
                ("housekeeping", lambda: work.clock(look)),
                ("deep checks", lambda: deep.deep_checks(look)),
                ("cases", lambda: cases.stuck(look)),
                ("reports", lambda: reports.reports(look)),
                ("going live", lambda: risks.go_live(look)),
            )
    except HoldfastError as error:
        return [Finding("records", "problem", str(error))]


def _run(*checks: Check) -> list[Finding]:
    findings: list[Finding] = []
    for name, check in checks:
        try:
            findings.extend(check())
        except HoldfastError as error:
            findings.append(Finding(name, "problem", str(error)))
    return findings
