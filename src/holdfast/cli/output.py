"""What commands print: answers on standard output, messages and progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import typer

__all__ = ["Advance", "count", "message", "print_json", "print_table", "progress", "size"]


class Advance(Protocol):
    """Tells the progress bar how far the work is."""

    def __call__(self, done: int, total: int | None = None, note: str = "") -> None: ...


def print_json(value: dict[str, Any]) -> None:
    """One JSON object on one line of standard output."""
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    if any("\ud800" <= character <= "\udfff" for character in text):  # undecodable bytes of an argument
        text = json.dumps(value, separators=(", ", ": "))
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def message(text: str) -> None:
    """A message for people, on standard error."""
    typer.echo(text, err=True)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need, numbers right-aligned. Nothing is cut off."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [bool(column[1:]) and all(_is_number(cell) for cell in column[1:]) for column in columns]
    for number, row in enumerate([header, *rows]):
        cells = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())
        if number == 0:
            typer.echo("  ".join("─" * width for width in widths))


def _is_number(cell: str) -> bool:
    return (
        cell in ("", "-")
        or cell.replace(",", "").replace(".", "").replace("-", "").rstrip("%").strip().isdigit()
    )


def count(number: int) -> str:
    """12345 as "12,345"."""
    return f"{number:,}"


def size(size_bytes: float) -> str:
    """Bytes for people: "3.2 MB" (powers of ten)."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size_bytes < 1000 or unit == "GB":
            return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    raise AssertionError("unreachable")


@contextmanager
def progress(text: str, unit: str = "files") -> Iterator[Advance]:
    """A progress bar on standard error when it is a terminal; otherwise nothing is printed."""
    if not sys.stderr.isatty():
        yield lambda done, total=None, note="": None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=None, note="")

        def advance(done: int, total: int | None = None, note: str = "") -> None:
            bar.update(task, completed=done, total=total, note=note)

        yield advance
