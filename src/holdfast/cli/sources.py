"""`holdfast bank sources|terms`: who says that a hash is known, and what may be done with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.bank import app
from holdfast.cli.opened import open_records
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import print_json, print_table

if TYPE_CHECKING:
    from holdfast.banks.models import Source

__all__: list[str] = []


@app.command("sources")
def list_sources(home: HomeOption, json: JsonOption = False) -> None:
    """List the sources of hashes with their sharing terms."""
    from holdfast.banks import sources

    with open_records(home) as database, database.read() as connection:
        found = sources.list_sources(connection)
    _print(found, json)


@app.command("terms")
def set_terms(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Name of the source.", show_default=False)],
    home: HomeOption,
    may_match: Annotated[
        bool | None, typer.Option("--match/--no-match", help="Its hashes may answer uploads.")
    ] = None,
    may_export: Annotated[
        bool | None, typer.Option("--export/--no-export", help="Its hashes may be written to files.")
    ] = None,
    share_with: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Recipients (repeatable; * for anyone).")
    ] = None,
    no_sharing: Annotated[bool, typer.Option("--no-sharing", help="No recipients at all.")] = False,
    json: JsonOption = False,
) -> None:
    """Change a source's sharing terms; what is not given stays. They count at once, at every way out."""
    from holdfast.banks.sources import get_source, set_handling
    from holdfast.errors import UsageError

    if share_with and no_sharing:
        raise UsageError("--share-with and --no-sharing exclude each other. Nothing was changed.")
    with open_records(home) as database, database.write() as connection:
        handling = get_source(connection, source).handling
        if may_match is not None:
            handling = replace(handling, may_match=may_match)
        if may_export is not None:
            handling = replace(handling, may_export=may_export)
        if share_with or no_sharing:
            handling = replace(handling, share_with=tuple(share_with or ()))
        changed = set_handling(connection, source, handling)
    _print([changed], json)


def _print(found: list[Source], json: bool) -> None:
    if json:
        for source in found:
            print_json(
                {
                    "source": source.name,
                    "kind": source.kind,
                    "may_match": source.handling.may_match,
                    "may_export": source.handling.may_export,
                    "share_with": list(source.handling.share_with),
                }
            )
        return
    rows = [
        [
            source.name,
            source.kind,
            "yes" if source.handling.may_match else "no",
            "yes" if source.handling.may_export else "no",
            ", ".join(source.handling.share_with) or "nobody",
        ]
        for source in found
    ]
    print_table(("source", "kind", "match", "export", "shared with"), rows)
