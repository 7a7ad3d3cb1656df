"""JSON lines: one object a line, with the names that the CSV form gives its columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from holdfast.banks.formats.row import COLUMNS, BadLine, Format, Line, Options, Row, make_row
from holdfast.errors import BadEntryError

__all__ = ["FORMAT"]


def read(lines: Iterable[Line | BadLine], options: Options) -> Iterator[Row | BadLine]:
    for item in lines:
        if isinstance(item, BadLine):
            yield item
            continue
        number, text = item
        try:
            yield make_row(number, _fields(text), options)
        except BadEntryError as error:
            yield BadLine(number, str(error))


def write(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        fields = {column: getattr(row, column) for column in COLUMNS}
        fields["value"] = row.value.hex()
        yield json.dumps(
            {column: field for column, field in fields.items() if field not in (None, "")}, ensure_ascii=False
        )


def _fields(text: str) -> dict[str, str]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):  # also numbers with too many digits
        raise BadEntryError("not a JSON object") from None
    if not isinstance(record, dict):
        raise BadEntryError("not a JSON object")
    if "value" not in record and "hash" in record:
        record["value"] = record["hash"]
    return {column: _text(record[column], column) for column in COLUMNS if record.get(column) is not None}


def _text(field: Any, column: str) -> str:
    if isinstance(field, str):
        return field
    if (
        isinstance(field, int)
        and not isinstance(field, bool)
        and column in ("entry", "quality", "size_bytes")
    ):
        return str(field) if abs(field) < 10**19 else "out of range"
    raise BadEntryError(f"{column} is neither text nor a whole number")


FORMAT = Format("jsonl", read, write, keeps_all=True, max_line_bytes=16 * 1024**2)  # a video's frames
