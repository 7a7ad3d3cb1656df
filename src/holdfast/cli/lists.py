"""`holdfast bank add|import|export`: what goes into a bank and out of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from holdfast.cli.bank import BankName, app
from holdfast.cli.opened import note as note_audit
from holdfast.cli.opened import open_home, open_records
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import count, message, print_json, progress

if TYPE_CHECKING:
    from holdfast.banks.handling import Purpose
    from holdfast.banks.importing import ImportResult
    from holdfast.screening.adding import Added

__all__: list[str] = []

LIST_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt", ".hex", ".pdq", ".vpdq")


@app.command()
def add(
    name: BankName,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="Media files, folders of them, hash lists.", show_default=False
        ),
    ],
    home: HomeOption,
    source: Annotated[
        str | None,
        typer.Option(metavar="NAME", help='Who says so; "own" for media, a list\'s file name for it.'),
    ] = None,
    label: Annotated[str | None, typer.Option(help="Label of the entry; by default the file's name.")] = None,
    classification: Annotated[str | None, typer.Option(metavar="A1|A2|B1|B2", help="Classification.")] = None,
    local_features: Annotated[
        bool,
        typer.Option(
            "--local-features",
            help="Also keep local features of videos, sealed: as sensitive as the pictures (docs/video.md).",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Add media files, folders or hash lists to a bank.

    A media file becomes one entry with its digests and its PDQ or vPDQ hashes. A file named like a hash list
    (.csv, .tsv, .jsonl, .ndjson, .json, .txt, .hex, .pdq, .vpdq) is imported. Exit status 1 when a file could
    not be added.
    """
    from holdfast.banks.formats import Options
    from holdfast.banks.importing import import_file
    from holdfast.screening.adding import OWN_SOURCE, add_media
    from holdfast.screening.hashes import FileHasher

    lists = [path for path in paths if path.suffix.lower() in LIST_SUFFIXES]
    failed = False
    with open_home(home) as opened, progress(f"adding to {name}") as advance:
        database, settings = opened.database, opened.settings
        done = 0

        def tell(added: Added) -> None:
            nonlocal done, failed
            done += 1
            advance(done)
            failed = failed or added.entry is None
            _tell_added(name, added, json)

        media = [path for path in paths if path not in lists]
        if media:
            with FileHasher(settings.media, video=settings.video.video_limits()) as hasher:
                add_media(
                    database,
                    hasher,
                    name,
                    _files(media),
                    source=source or OWN_SOURCE,
                    label=label,
                    classification=classification,
                    sealer=opened.sealer if local_features else None,
                    on_file=tell,
                )
        for path in lists:
            options = Options(label=label) if label else None
            result = import_file(database, name, path, source=source or path.name, options=options)
            failed = failed or result.bad_lines > 0
            _tell_import(name, path, result, json)
    if failed:
        raise typer.Exit(1)


@app.command("import")
def import_list(
    name: BankName,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The hash list.", show_default=False)],
    home: HomeOption,
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who says so; by default the file's name.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="FORM", help="csv, jsonl, hex, pdq or vpdq; else as it looks."),
    ] = None,
    algorithm: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of plain hashes: pdq, md5, sha1 or sha256.")
    ] = None,
    keep_sources: Annotated[
        bool, typer.Option("--keep-sources", help="Rows count for the source they name: own exports only.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Take PDQ hashes of quality below 50 too.")] = False,
    json: JsonOption = False,
) -> None:
    """Import a hash list: all good lines of it in one transaction, or nothing.

    Bad lines are reported by number and left out (exit status 1). A list from outside may be matched,
    and not exported or shared, unless its source's terms are changed.
    """
    from holdfast.banks.formats import Options
    from holdfast.banks.importing import import_file

    with open_records(home) as database, progress(f"importing {path.name}", "lines") as advance:
        result = import_file(
            database,
            name,
            path,
            source=source or path.name,
            form=form,
            options=Options(algorithm=algorithm) if algorithm else None,
            force=force,
            keep_sources=keep_sources,
            progress=lambda phase, done: advance(done, note=phase),
        )
        with database.write() as connection:
            facts = {"source": source or path.name, "added": result.added, "bad_lines": result.bad_lines}
            note_audit(connection, "list.import", f"bank:{name}", **facts)
    _tell_import(name, path, result, json)
    if result.bad_lines:
        raise typer.Exit(1)


@app.command("export")
def export_list(
    name: BankName,
    home: HomeOption,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to; by default standard output.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="csv, jsonl, hex, pdq or vpdq.")
    ] = "csv",
    to: Annotated[
        str | None,
        typer.Option("--for", metavar="NAME", help="Share with this recipient: no labels, notes or sources."),
    ] = None,
    encrypt_to: Annotated[
        str | None,
        typer.Option(metavar="RECIPIENT", help="Encrypt for this public key: see `vault identity`."),
    ] = None,
) -> None:
    """Write a bank as a hash list. Only what its sources' terms allow leaves; the rest is counted."""
    from holdfast.banks.exporting import export_bank
    from holdfast.banks.formats import get_format
    from holdfast.banks.service import get_bank
    from holdfast.errors import UsageError

    chosen = get_format(form)
    with open_records(home) as database, database.read() as connection:
        bank = get_bank(connection, name)
        purpose: Purpose = "share" if to else "export"
        if out is not None and not out.parent.is_dir():
            raise UsageError(f"There is no folder {out.parent}. Nothing was written.")
        if out is not None and out.is_dir():
            raise UsageError(f"{out} is a folder. Nothing was written. Give the name of a file.")
        if out is None and encrypt_to is not None:
            raise UsageError("An encrypted list goes to a file: give --out. Nothing was written.")
        with database.write() as writing:  # before the first line leaves
            facts = {"form": form, "recipient": to, "encrypted": encrypt_to is not None}
            note_audit(writing, "list.export", f"bank:{bank.name}", **facts)
        with _target(out, encrypt_to) as stream:
            result = export_bank(connection, bank, stream, chosen, purpose=purpose, recipient=to)
    held = f"; {count(result.withheld)} held back by their sources' terms" if result.withheld else ""
    message(f"{count(result.written)} hashes written{held}.")


@contextmanager
def _target(out: Path | None, encrypt_to: str | None) -> Iterator[TextIO]:
    """Standard output, or a file that is put in place when all of it was written."""
    if out is None:
        yield sys.stdout
        return
    if encrypt_to is not None:
        from holdfast.service.sealed_file import sealed_text
        from holdfast.vault.sealing import Recipient

        with sealed_text(out, Recipient.parse(encrypt_to)) as stream:
            yield stream
        return
    # Under another name first: a list cut short by a full disk must not look whole.
    partial = out.with_name(f".{out.name}.partial")
    try:
        with open(partial, "x", encoding="utf-8", opener=_private) as stream:
            yield stream
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # hash lists are secret


def _files(paths: list[Path]) -> Iterator[Path]:
    from holdfast.screening.walk import walk

    for path in paths:
        if path.is_dir():
            for found in walk(path):
                if found.path.suffix.lower() in LIST_SUFFIXES:
                    message(f"{found.path}: not added: a hash list inside a folder; give it by its own name")
                else:
                    yield found.path
        else:
            yield path


def _tell_added(bank: str, added: Added, json: bool) -> None:
    if json:
        print_json(
            {
                "file": added.file,
                "bank": bank,
                "entry": added.entry,
                "new": added.new,
                "fingerprints": added.fingerprints,
                "problem": added.problem,
            }
        )
    elif added.entry is None:
        message(f"{added.file}: not added: {added.problem}")
    else:
        was = "entry" if added.new else "already there as entry"
        problem = f" ({added.problem})" if added.problem else ""
        typer.echo(f"{added.file}: {was} {added.entry}{problem}")


def _tell_import(bank: str, path: Path, result: ImportResult, json: bool) -> None:
    if json:
        print_json(
            {
                "file": str(path),
                "bank": bank,
                "rows": result.rows,
                "entries_added": result.entries_added,
                "added": result.added,
                "already_there": result.already_there,
                "revived": result.revived,
                "stale": result.stale,
                "refused_low_quality": result.refused_low_quality,
                "suspicious": result.suspicious,
                "bad_lines": result.bad_lines,
                "problems": [{"line": p.line, "reason": p.reason} for p in result.problems],
            }
        )
        return
    typer.echo(
        f"{path}: {count(result.rows)} rows: {count(result.added)} hashes added, "
        f"{count(result.already_there)} there already, {count(result.revived)} revived, "
        f"{count(result.refused_low_quality)} refused for low quality, {count(result.bad_lines)} bad lines"
    )
    for problem in result.problems:
        message(f"    line {problem.line}: {problem.reason}")
