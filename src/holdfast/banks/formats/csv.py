"""CSV with a header line. The columns, in any order and whatever their case:

    value (or hash)   the hash in hexadecimal; the only one that must be there
    algorithm         pdq, md5, sha1, sha256, vpdq; else from the value's length (64 digits are PDQ)
    convention        of a PDQ hash: full, nearest-512, unknown
    quality           of a PDQ hash, 0 to 100
    size_bytes        size of the file that was hashed
    entry             the list's own key: rows with the same key are one content
    label, classification (A1, A2, B1, B2), medium (image, video, audio, unknown), note
    opinion           positive, negative, seed
    source            whose opinion it is
    provenance        the source's own id or file name

Other columns are passed over. The separator is a comma, semicolon or tab, whichever the header has
most of. One record a line: a quoted field may hold separators and quotes, not line ends (RFC 4180
allows those, but then one stray quote swallows the rest of a list).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from holdfast.banks.formats.row import COLUMNS, BadLine, Format, Line, Options, Row, make_row
from holdfast.errors import BadEntryError

__all__ = ["FORMAT", "recognises"]

SEPARATORS = ",;\t"
_ALIASES = {"hash": "value", "signal": "value", "type": "algorithm", "size": "size_bytes"}


def recognises(line: str) -> bool:
    """Whether ``line`` is a header."""
    return "value" in _header(line, _separator(line))


def read(lines: Iterable[Line | BadLine], options: Options) -> Iterator[Row | BadLine]:
    """Rows of a CSV list. Without a usable header every line is bad.

    Raises `BadEntryError` when the first line is not a header with a "value" or "hash" column.
    """
    columns: list[str] = []
    separator = ","
    for item in lines:
        if isinstance(item, BadLine):
            yield item
            continue
        number, text = item
        if not columns:
            separator = _separator(text)
            columns = _header(text, separator)
            if "value" not in columns:
                raise BadEntryError(
                    f"Line {number}: a CSV list begins with a header that names a column value or hash. "
                    "Nothing was imported. Add one, or choose another form of list."
                )
            continue
        try:
            yield make_row(
                number, dict(zip(columns, _fields(text, separator, len(columns)), strict=False)), options
            )
        except BadEntryError as error:
            yield BadLine(number, str(error))


def write(rows: Iterable[Row]) -> Iterator[str]:
    """A header and one line a row."""
    yield ",".join(COLUMNS)
    for row in rows:
        yield ",".join(_quoted(getattr(row, column)) for column in COLUMNS)


def _fields(text: str, separator: str, count: int) -> list[str]:
    if '"' not in text:
        fields = text.split(separator)
    else:
        try:
            fields = next(csv.reader([text], delimiter=separator, strict=True))
        except csv.Error:
            raise BadEntryError("a quote that is not closed or out of place") from None
    if len(fields) > count and any(fields[count:]):
        raise BadEntryError(f"{len(fields)} fields, the header has {count}")
    return fields


def _header(line: str, separator: str) -> list[str]:
    names = [name.strip().strip('"').strip().lower().replace(" ", "_") for name in line.split(separator)]
    return [_ALIASES.get(name, name) for name in names]


def _separator(line: str) -> str:
    return max(SEPARATORS, key=line.count)


def _quoted(field: object) -> str:
    if field is None:
        return ""
    if isinstance(field, bytes):
        return field.hex()
    text = str(field)
    if any(character in text for character in '",;\t') or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text


FORMAT = Format("csv", read, write, keeps_all=True, max_line_bytes=16 * 1024**2)  # a video's frames
