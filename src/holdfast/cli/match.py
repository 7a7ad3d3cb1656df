"""`holdfast match FILE...`: are these files known?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import HomeOption, JsonOption
from holdfast.cli.output import print_json
from holdfast.errors import HoldfastError

if TYPE_CHECKING:
    from holdfast.media.pool import DecodePool
    from holdfast.screening.outcome import Match, Outcome
    from holdfast.screening.screener import Screener

__all__ = ["EXIT_MATCH", "match_files", "open_screener", "outcome_lines"]

EXIT_MATCH = 3
NORMAL_SPEED = 0.06  # times are known to half a second: of a short clip the speed is not known better


def match_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files to check.", show_default=False)
    ],
    home: HomeOption,
    bank: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only these banks (repeatable).")
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Look at what matches nothing from all sides, at once.")
    ] = False,
    json: JsonOption = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 3 when a file matches.")] = False,
) -> None:
    """Check files against the banks.

    Each file is a match, possible, no match, or not matchable (with the reason): what could not be checked
    is never called "no match". --deep finds crops, tilted copies and screenshots of what is in banks that
    match by calibration. Exit status: 0 done, 1 a file could not be read, 2 usage, 3 see --exit-code.
    """
    kinds = set()
    with open_screener(home) as screener:
        for outcome in screener.screen_files(files, banks=bank or (), deep=deep):
            kinds.add(outcome.outcome)
            if json:
                print_json(outcome.to_json())
            else:
                for line in outcome_lines(outcome):
                    typer.echo(line)
    if exit_code and "match" in kinds:
        raise typer.Exit(EXIT_MATCH)
    if "error" in kinds:
        raise typer.Exit(1)


@contextmanager
def open_screener(home: Path) -> Iterator[Screener]:
    """A screener whose decode workers start while the rest of the program is still being loaded."""
    from holdfast.media.pool import DecodePool
    from holdfast.settings import load_settings

    media = load_settings(home).media
    with DecodePool(media.image_limits(), workers=media.workers) as pool:
        starting = threading.Thread(target=_start, args=(pool,), daemon=True)
        starting.start()
        from holdfast.screening.screener import Screener

        with Screener(home, pool=pool) as screener:
            yield screener
        starting.join()


def _start(pool: DecodePool) -> None:
    with suppress(HoldfastError):  # the first file to be decoded meets the same error, and reports it
        pool.sandbox_status()


def outcome_lines(outcome: Outcome) -> list[str]:
    """An outcome for people: one line, and one more for each match."""
    words = outcome.outcome.value.replace("_", " ").upper()
    head = f"{outcome.file}: {words}"
    if outcome.detail:
        head += f" ({outcome.detail})"
    lines = [head, *(f"    {_match_words(match)}" for match in outcome.matches)]
    return lines + [f"    (suppressed) {_match_words(match)}" for match in outcome.suppressed]


def _match_words(match: Match) -> str:
    if match.algorithm == "vpdq" or match.query_start_s is not None:
        return _video_words(match)
    nearness = "equal" if match.algorithm != "pdq" else f"{match.distance} of 256 bits apart"
    label = f" {match.classification}" if match.classification else ""
    words = f"{match.bank} #{match.entry} {match.label!r}{label}: {match.algorithm}, {nearness}, {match.view}"
    if match.expected_false_alarms is None:
        return words
    beyond = match.extrapolation_decades
    extrapolated = f", extrapolated by {beyond:g} decades" if beyond else ""
    return f"{words}; {match.tier}, {match.expected_false_alarms:.1g} false alarms expected{extrapolated}"


def _video_words(match: Match) -> str:
    """Where in the file, and where in the listed video."""
    label = f" {match.classification}" if match.classification else ""
    words = f"{match.bank} #{match.entry} {match.label!r}{label}: {match.algorithm}, "
    places = []
    if match.query_start_s is not None:
        places.append(f"{_clock(match.query_start_s)}-{_clock(match.query_end_s)} of the file")
    if match.ref_start_s is not None:
        places.append(f"{_clock(match.ref_start_s)}-{_clock(match.ref_end_s)} of the listed video")
    words += f"{' is '.join(places)}, {match.view}"
    if match.speed is not None and abs(match.speed - 1) > NORMAL_SPEED:
        words += f", speed {match.speed:g}" if match.speed else ", in another order"
    words += f"; {match.tier.replace('_', ' ')}"
    if match.score is not None:
        words += f", score {match.score:.1f}"
    if match.expected_false_alarms is not None:
        words += f", {match.expected_false_alarms:.1g} false alarms expected"
    return words


def _clock(moment_s: float | None) -> str:
    """75.5 as "1:15.5"."""
    minutes, seconds = divmod(round(moment_s or 0.0, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{seconds:04.1f}" if hours else f"{minutes}:{seconds:04.1f}"
