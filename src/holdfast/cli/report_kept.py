"""`holdfast report receipt|export`: what proves that a report was filed, and all that was said on the way."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.opened import local_actor
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json
from holdfast.cli.report_shown import At, Number, at_desk, facts_of

if TYPE_CHECKING:
    from holdfast.reporting.drafts.models import Draft

__all__ = ["export", "receipt"]


def receipt(
    report: Number,
    home: HomeOption,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Of a packet that you handed over: what they gave or told you."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the receipt of a filed report, byte for byte; or write down that of a packet."""
    from holdfast.reporting.drafts import rows
    from holdfast.reporting.drafts.listing import receipt_of

    with at_desk(home) as at:
        if record is not None:
            _record(at, report, record)
        with at.opened.database.read() as connection:
            found = receipt_of(connection, rows.get(connection, report))
    if json:
        body = None if found.body is None else found.body.decode("utf-8", "replace")
        print_json(
            {
                "report": report,
                "destination": found.destination,
                "reference": found.reference,
                "at": found.at.isoformat(),
                "request_id": found.request_id,
                "body": body,
            }
        )
        return
    message(f"{found.destination}: {found.reference}, {found.at:%Y-%m-%d %H:%M:%S} UTC")
    if found.body is None:
        message("The answer of /finish was lost on the way: ask NCMEC for it, with the report's number.")
    else:
        typer.echo(found.body.decode("utf-8", "replace"))


def export(
    report: Number,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that is not there yet.", show_default=False)
    ],
    home: HomeOption,
) -> None:
    """Write everything that was sent and answered into a folder: documents, answers, receipt. No media.

    It holds people's data, readable: keep it as you keep evidence.
    """
    from holdfast.records import audit
    from holdfast.reporting.drafts import rows

    with at_desk(home) as at:
        with at.opened.database.read() as connection:
            draft = rows.get(connection, report)
            facts = facts_of(connection, draft)
        folder.mkdir(mode=0o700, parents=True)
        _write(folder / "report.json", jsons.dumps(facts, indent=1).encode())
        content = rows.unseal(at.desk.sealer, draft)
        _write(folder / "content.json", content.model_dump_json(exclude_defaults=True, indent=1).encode())
        count = _write_exchanges(at, draft, folder)
        with at.opened.database.write() as connection:
            audit.append(connection, actor=local_actor(), action="report.export", target=f"report:{report}")
    message(f"{folder}: {count} requests and answers.")


def _record(at: At, report: int, path: Path) -> None:
    from holdfast.errors import UsageError
    from holdfast.records import audit
    from holdfast.reporting.destinations.packet import MAX_RECEIPT_BYTES, acknowledge
    from holdfast.reporting.drafts import rows

    with at.opened.database.write() as connection:
        draft = rows.lock(connection, report)
        if draft.packet_id is None:
            raise UsageError(f"Report {report} has no packet; nothing was written down.")
        body = path.read_bytes()[: MAX_RECEIPT_BYTES + 1]
        acknowledge(connection, draft.packet_id, body, by=local_actor())
        audit.append(connection, actor=local_actor(), action="report.receipt", target=f"report:{report}")


def _write_exchanges(at: At, draft: Draft, folder: Path) -> int:
    from holdfast.reporting.drafts.listing import receipt_of
    from holdfast.reporting.filing import history

    if draft.filing_id is None:
        return 0
    with at.opened.database.read() as connection:
        found = history.exchanges(connection, at.desk.sealer, draft.filing_id)
        for number, one in enumerate(found, 1):
            head = f"{number:03d}-{one.step}"
            said = {
                "sent_at": one.sent_at.isoformat(),
                "answered_at": None if one.answered_at is None else one.answered_at.isoformat(),
                "status": one.status,
                "code": one.code,
                "request_id": one.request_id,
            }
            _write(folder / f"{head}.json", jsons.dumps(said, indent=1).encode())
            for kind, body in (("sent", one.sent), ("answer", one.answer)):
                if body is not None:
                    _write(folder / f"{head}-{kind}.xml", body)
        from holdfast.errors import NotFoundError

        try:
            kept = receipt_of(connection, draft).body
        except NotFoundError:
            kept = None
    if kept is not None:
        _write(folder / "receipt.xml", kept)
    return len(found)


def _write(path: Path, body: bytes) -> None:
    with path.open("xb") as file:
        path.chmod(0o600)
        file.write(body)
