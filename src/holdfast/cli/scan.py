"""`holdfast scan DIR`: a whole folder tree, resumable."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.match import EXIT_MATCH, open_screener, outcome_lines
from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import count, message, print_json, progress, size

if TYPE_CHECKING:
    from holdfast.screening.outcome import Outcome
    from holdfast.screening.scan import ScanSummary

__all__ = ["scan_folder"]


def scan_folder(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder to check, with all below it.", show_default=False)
    ],
    home: HomeOption,
    bank: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only these banks (repeatable).")
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Look at what matches nothing from all sides, at once.")
    ] = False,
    json: JsonOption = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget an unfinished scan of this folder.")
    ] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 3 when a file matches.")] = False,
) -> None:
    """Check a folder tree against the banks.

    Prints every file that is not "no match" (with --json: every file), then a summary. A scan that
    was stopped, in whatever way, goes on when the command is given again, and counts each file once. Videos
    are looked at in full, with the times of what is found; or see the setting scan.keyframes_only.
    Symbolic links are not followed.
    """
    from holdfast.screening.outcome import OutcomeKind
    from holdfast.screening.reading import printable_path
    from holdfast.screening.scan import FolderScan

    started = time.monotonic()
    with open_screener(home) as screener, progress(f"scanning {folder}") as advance:
        work = FolderScan(
            screener.database,
            screener,
            folder,
            banks=bank or (),
            deep=deep,
            restart=restart,
            threads=screener.settings.scan.threads,
            checkpoint_s=screener.settings.scan.checkpoint_s,
            keyframes=screener.settings.scan.keyframes_only,
        )
        if work.resumed:
            message(f"Going on after {count(work.resumed)} files that were checked before.")
        seen = work.resumed

        def show(outcome: Outcome) -> None:
            nonlocal seen
            seen += 1
            advance(seen)
            if json:
                print_json(outcome.to_json())
            elif outcome.outcome is not OutcomeKind.NO_MATCH:
                for line in outcome_lines(outcome):
                    typer.echo(line)

        def film(name: str, done_s: float, total_s: float | None) -> None:
            of = f" of {total_s:,.0f}" if total_s else ""
            advance(seen, note=f"{printable_path(name)}: {done_s:,.0f}{of} s")

        summary = work.run(show, film)
    _summarise(summary, time.monotonic() - started, message if json else typer.echo)
    if exit_code and summary.counts.get(OutcomeKind.MATCH.value):
        raise typer.Exit(EXIT_MATCH)
    if summary.counts.get(OutcomeKind.ERROR.value):
        raise typer.Exit(1)


def _summarise(summary: ScanSummary, elapsed_s: float, say: Callable[[str], object]) -> None:
    here = summary.files - summary.resumed
    rate = f", {here / elapsed_s:,.0f} files/s" if elapsed_s > 0 and here else ""
    say(f"{count(summary.files)} files, {size(summary.size_bytes)}, in {elapsed_s:.1f} s{rate}")
    for kind, number in sorted(summary.counts.items()):
        say(f"  {kind.replace('_', ' '):<14}{count(number):>10}")
