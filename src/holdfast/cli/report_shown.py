"""Reports as commands show them, and the desk that commands work at."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.opened import OpenedHome, open_home
from holdfast.cli.output import message, print_json

if TYPE_CHECKING:
    import sqlalchemy as sa

    from holdfast.reporting.drafts.desk import Desk
    from holdfast.reporting.drafts.models import Draft

__all__ = ["At", "Number", "at_desk", "facts_of", "show"]

Number = Annotated[
    int,
    typer.Argument(metavar="REPORT", min=1, max=2**63 - 1, help="Number of the report.", show_default=False),
]


@dataclass(frozen=True)
class At:
    """An opened home and its desk."""

    opened: OpenedHome
    desk: Desk


@contextmanager
def at_desk(home: Path) -> Iterator[At]:
    """A home at its desk. Raises `SettingsError` or `DestinationError` for what cannot be used."""
    from holdfast.reporting.destinations.registry import open_destinations
    from holdfast.reporting.drafts.desk import Desk

    with open_home(home) as opened, _log_on_stderr():
        reporting = opened.settings.reporting
        destinations = open_destinations(reporting, opened.path, opened.sealer)
        yield At(opened, Desk(reporting, destinations, opened.sealer))


def facts_of(connection: sa.Connection, draft: Draft) -> dict[str, Any]:
    """What is known of a report, without anything that it says of people."""
    from holdfast.records.tables.base import now
    from holdfast.reporting.drafts.listing import standing_of

    standing = standing_of(connection, draft)
    return {
        "report": draft.id,
        "case": draft.case_reference,
        "destination": draft.destination,
        "revision": draft.revision,
        "state": str(draft.state),
        "version": draft.version,
        "files": draft.file_count,
        "incidents": draft.incident_count,
        "complete": draft.score,
        "lacks": draft.lacks,
        "imminent": draft.is_imminent,
        "automatic": draft.is_automatic,
        "needs_second": draft.needs_second,
        "enrichment": str(draft.enrichment),
        "deadline_at": _moment(draft.deadline_at),
        "created_by": draft.created_by,
        "asked_by": draft.asked_by,
        "approved_by": draft.approved_by,
        "hold_left_s": round(draft.hold_left_s(now())),
        "there": None if standing is None else str(standing.phase),
        "there_state": None if standing is None else standing.state,
        "there_reference": None if standing is None else standing.reference,
        "there_since": None if standing is None else standing.since.isoformat(),
        "error": None if standing is None else standing.error,
        "reason": draft.reason,
    }


def show(at: At, number: int, json: bool) -> None:
    """One report, on standard output; what its destination is, loudly, on standard error."""
    from holdfast.errors import NotFoundError
    from holdfast.reporting.drafts import rows

    with at.opened.database.read() as connection:
        draft = rows.get(connection, number)
        facts = facts_of(connection, draft)
    try:
        message(at.desk.destinations.get(draft.destination).banner)
    except NotFoundError as error:
        message(str(error))
    if json:
        print_json(facts)
        return
    for name, value in facts.items():
        if value is not None:
            typer.echo(f"{name:<16}{value}")


@contextmanager
def _log_on_stderr() -> Iterator[None]:
    """What filing logs goes where messages go: standard output carries answers and nothing else."""
    import structlog

    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
    try:
        yield
    finally:
        structlog.configure(**before)


def _moment(at: Any) -> str | None:
    return None if at is None else at.isoformat()
