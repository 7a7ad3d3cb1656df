"""Forms in which hash lists come and go: one file a form, each with a `Format` at its end.

`FORMATS` names them all; `detect` guesses from the name and the first line of a file.
"""

from __future__ import annotations

from pathlib import PurePath

from holdfast.banks.formats import csv, hexlines, jsonlines, pdqtool, vpdq
from holdfast.banks.formats.row import BadLine, Format, GuessedRow, Options, Row
from holdfast.errors import UsageError

__all__ = ["FORMATS", "BadLine", "Format", "GuessedRow", "Options", "Row", "detect", "get_format"]

FORMATS: dict[str, Format] = {
    form.name: form for form in (csv.FORMAT, jsonlines.FORMAT, hexlines.FORMAT, pdqtool.FORMAT, vpdq.FORMAT)
}


def get_format(name: str) -> Format:
    """Raises `UsageError` when there is none of that name."""
    if name not in FORMATS:
        raise UsageError(f"{name!r} is no known form of hash list ({', '.join(FORMATS)}). Nothing was read.")
    return FORMATS[name]


def detect(name: str, first_line: str) -> Format:
    """The form of a hash list, from its file name and its first line that is not empty."""
    line = first_line.strip().removeprefix("\ufeff")
    suffix = PurePath(name).suffix.lower()
    if vpdq.recognises(line) or suffix == ".vpdq":
        return vpdq.FORMAT
    if line.startswith("{") or suffix in (".jsonl", ".ndjson"):
        return jsonlines.FORMAT
    if pdqtool.recognises(line):
        return pdqtool.AS_IT_LOOKS
    if csv.recognises(line) or suffix in (".csv", ".tsv"):
        return csv.FORMAT
    return hexlines.FORMAT
