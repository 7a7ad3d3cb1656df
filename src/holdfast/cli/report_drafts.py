"""`holdfast report draft|list|status|show|edit|batch|follow-up`: drafts and what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from holdfast.cli.opened import local_actor
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import message, print_json, print_table
from holdfast.cli.report_shown import Number, at_desk, facts_of, show

__all__ = ["batch", "draft", "edit", "follow_up_report", "list_all", "preview_report", "status"]

MAX_CONTENT_BYTES = 16 * 1024 * 1024


def draft(
    home: HomeOption,
    case: Annotated[
        int | None, typer.Argument(metavar="[CASE]", help="Case to report, once it is decided.", min=1)
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Instead: a report in JSON, of no case and without files."),
    ] = None,
    reference: Annotated[str, typer.Option(help="With --report: your own name of the matter.")] = "",
    to: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The destination; by default what the rules say, or the CyberTipline."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Draft the reports of a decided case, or one of your own. Nothing is filed."""
    from holdfast.errors import UsageError
    from holdfast.reporting.destinations.table import CYBERTIPLINE
    from holdfast.reporting.drafts.by_hand import new_draft
    from holdfast.reporting.drafts.models import DraftReport
    from holdfast.reporting.drafts.sources import draft_case
    from holdfast.reporting.filing.contents import VaultContents

    if (case is None) == (report is None):
        raise UsageError("Give a case, or --report and --reference. Nothing was drafted.")
    with at_desk(home) as at:
        if case is not None:
            contents = VaultContents(at.opened.vault)
            by = local_actor()
            made = draft_case(at.opened.database, at.desk, contents, case, by=by, destination=to)
        else:
            assert report is not None  # noqa: S101
            said = _read(report, DraftReport)
            with at.opened.database.write() as connection:
                by = local_actor()
                made = [
                    new_draft(connection, at.desk, reference, said, destination=to or CYBERTIPLINE, by=by)
                ]
        for one in made:
            show(at, one.id, json)


def list_all(
    home: HomeOption,
    state: Annotated[
        Literal["draft", "asked", "holding", "sent", "cancelled"] | None,
        typer.Option(help="Only reports in this state.", show_default=False),
    ] = None,
    case: Annotated[int | None, typer.Option(help="Only those of this case.", show_default=False)] = None,
    before: Annotated[
        int | None, typer.Option(metavar="REPORT", help="Only reports before this one.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    json: JsonOption = False,
) -> None:
    """List reports, newest first."""
    from holdfast.reporting.drafts.listing import list_drafts
    from holdfast.reporting.drafts.models import State
    from holdfast.reporting.drafts.sources import case_reference

    with at_desk(home) as at, at.opened.database.read() as connection:
        drafts = list_drafts(
            connection,
            states=None if state is None else [State(state)],
            case_reference=None if case is None else case_reference(case),
            before_id=before,
            limit=limit,
        )
        found = [facts_of(connection, one) for one in drafts]
    if json:
        for one in found:
            print_json(one)
    elif not found:
        typer.echo("There are no reports.")
    else:
        print_table(("report", "case", "destination", "state", "complete", "lacks", "there"), _rows(found))
        if len(found) == limit:
            message(f"More with --before {found[-1]['report']}")


def status(report: Number, home: HomeOption, json: JsonOption = False) -> None:
    """Show where one report stands: here, and at its destination."""
    with at_desk(home) as at:
        show(at, report, json)


def preview_report(
    report: Number,
    home: HomeOption,
    content: Annotated[
        bool, typer.Option("--content", help="The draft's content in JSON, as `report edit` takes it.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show what would be sent, exactly, and what is missing. It holds people's data: mind your screen."""
    from holdfast.reporting.drafts import rows
    from holdfast.reporting.drafts.meter import measure
    from holdfast.reporting.drafts.preview import preview

    with at_desk(home) as at, at.opened.database.read() as connection:
        draft = rows.get(connection, report)
        said = rows.unseal(at.desk.sealer, draft)
        if content:
            typer.echo(said.model_dump_json(exclude_defaults=True, indent=2))
            return
        complete = measure(said, at.desk.destinations.get(draft.destination))
        documents = [] if complete.must else [preview(connection, at.desk, draft, said)]
    lacks = [{"field": one.field, "reason": one.reason, "must": one.must} for one in complete.lacks]
    if json:
        xml = [one.xml.decode() for one in documents]
        files = [file.xml.decode() for one in documents for file in one.files]
        print_json({"report": report, "complete": complete.score, "lacks": lacks, "xml": xml, "files": files})
        return
    for one in documents:
        typer.echo(one.xml.decode())
        for file in one.files:
            typer.echo(file.xml.decode())
    for lack in complete.lacks:
        message(f"{'MISSING' if lack.must else 'without'}  {lack.field}: {lack.reason}")
    message(f"{complete.score} of 100")


def edit(
    report: Number,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Content as `report show --content` gives it.")
    ],
    home: HomeOption,
    version: Annotated[int, typer.Option(help="The version that you changed.", show_default=False, min=1)],
    json: JsonOption = False,
) -> None:
    """Change what a draft says. An approval is gone with it."""
    from holdfast.reporting.drafts.approval import edit as change
    from holdfast.reporting.drafts.models import Content

    said = _read(file, Content)
    with at_desk(home) as at:
        with at.opened.database.write() as connection:
            change(connection, at.desk, report, said, version=version, by=local_actor())
        show(at, report, json)


def batch(
    report: Number,
    accounts: Annotated[
        Path, typer.Argument(metavar="FILE", help="One account's identifier a line.", show_default=False)
    ],
    home: HomeOption,
    hold: Annotated[str, typer.Option(metavar="HOLD", help="The one file.", show_default=False)],
    version: Annotated[int, typer.Option(help="The version that you looked at.", show_default=False, min=1)],
    meme: Annotated[bool, typer.Option("--meme", help="It is passed on as a meme.")] = False,
    json: JsonOption = False,
) -> None:
    """Make a draft a batched report: one viral file, many accounts."""
    from holdfast.reporting.drafts.batched import make_batched

    names = [line.strip() for line in accounts.read_text(encoding="utf-8").splitlines() if line.strip()]
    with at_desk(home) as at:
        with at.opened.database.write() as connection:
            make_batched(
                connection,
                at.desk,
                report,
                names,
                item_id=hold,
                is_meme=meme,
                version=version,
                by=local_actor(),
            )
        show(at, report, json)


def follow_up_report(report: Number, home: HomeOption, json: JsonOption = False) -> None:
    """Draft the next report about the same; it names the earlier ones."""
    from holdfast.reporting.drafts.by_hand import follow_up

    with at_desk(home) as at:
        with at.opened.database.write() as connection:
            made = follow_up(connection, at.desk, report, by=local_actor())
        show(at, made.id, json)


def _rows(found: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            str(one["report"]),
            one["case"],
            one["destination"],
            one["state"],
            str(one["complete"]),
            str(one["lacks"] or "-"),
            one["there"] or "-",
        ]
        for one in found
    ]


def _read(path: Path, model: Any) -> Any:
    from pydantic import ValidationError

    from holdfast.errors import UnreadableError, UsageError

    try:
        data = path.read_bytes()[: MAX_CONTENT_BYTES + 1]
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read ({error.strerror}); nothing was done.") from error
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        wrong = error.errors(include_input=False)[:5]
        places = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong)
        raise UsageError(f"{path} is no such content: {places}. Nothing was done.") from None
