"""Plain hexadecimal: one value a line, 64 digits PDQ, 32 MD5, 40 SHA-1.

SHA-256 has 64 digits too, so it needs `Options.algorithm`, or its name before the value, as in
"sha256 9f86..."; so have videos (vpdq). Bare values that do not look like PDQ are
refused. Lines that begin with # are remarks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from holdfast.banks.formats.row import BadLine, Format, Line, Options, Row, make_row
from holdfast.banks.models import VPDQ
from holdfast.errors import BadEntryError

__all__ = ["FORMAT"]


def read(lines: Iterable[Line | BadLine], options: Options) -> Iterator[Row | BadLine]:
    for item in lines:
        if isinstance(item, BadLine):
            yield item
            continue
        number, text = item
        text = text.strip()
        if text.startswith("#"):
            continue
        name, blank, value = text.partition(" ")
        fields = {"algorithm": name, "value": value} if blank else {"value": text}
        try:
            yield make_row(number, fields, options)
        except BadEntryError as error:
            yield BadLine(number, str(error))


def write(rows: Iterable[Row]) -> Iterator[str]:
    """Values alone; SHA-256 and videos with their name."""
    for row in rows:
        is_named = row.algorithm in ("sha256", VPDQ)
        yield f"{row.algorithm} {row.value.hex()}" if is_named else row.value.hex()


FORMAT = Format("hex", read, write, keeps_all=False, max_line_bytes=16 * 1024**2)  # a video's frames
