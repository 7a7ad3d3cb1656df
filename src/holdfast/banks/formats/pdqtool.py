"""What the PDQ authors' command line programs print and read: a hash, then anything after a comma.

    <64 digits>                                           a hash alone
    <64 digits>,<quality>,<path>                          the hasher's short form
    <64 digits> x 8,<quality>,<path>                      the same with all eight orientations
    hash=<64 digits>,norm=...,quality=...,filename=...    the hasher's detailed form
    [hash=]<64 digits>,<anything>                         what the other programs read

Of the eight orientations the first is kept: queries are made in all eight. Source: the descriptions
in pdq/cpp/io/hashio.h and pdq/cpp/bin/README.md of facebook/ThreatExchange.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from holdfast.banks.formats.row import BadLine, Format, Line, Options, Row, make_row
from holdfast.errors import BadEntryError

__all__ = ["AS_IT_LOOKS", "FORMAT", "recognises"]

_START = re.compile(r"(?:hash=)?[0-9A-Fa-f]{64},|hash=[0-9A-Fa-f]{64}$")
_SHORT = re.compile(r"(?:[0-9A-Fa-f]{64},){0,7}(\d{1,3}),(.+)", re.DOTALL)
_FILENAME = re.compile(r"(?:^|,)filename=(.*)", re.DOTALL)
_QUALITY = re.compile(r"(?:^|,)quality=(\d{1,3})(?:,|$)")


def recognises(line: str) -> bool:
    return _START.match(line) is not None


def read(lines: Iterable[Line | BadLine], options: Options) -> Iterator[Row | BadLine]:
    return _read(lines, options, is_said=True)


def read_as_it_looks(lines: Iterable[Line | BadLine], options: Options) -> Iterator[Row | BadLine]:
    """Where nobody named the form: 64 digits, a comma and anything may be a list of digests with names."""
    return _read(lines, options, is_said=options.algorithm is not None)


def _read(lines: Iterable[Line | BadLine], options: Options, *, is_said: bool) -> Iterator[Row | BadLine]:
    for item in lines:
        if isinstance(item, BadLine):
            yield item
            continue
        number, text = item
        value, _, rest = text.strip().partition(",")
        bare = value.removeprefix("hash=")
        algorithm = "pdq" if is_said or bare != value else ""
        fields = {"algorithm": algorithm, "value": bare, **_metadata(rest)}
        try:
            yield make_row(number, fields, options)
        except BadEntryError as error:
            yield BadLine(number, str(error))


def write(rows: Iterable[Row]) -> Iterator[str]:
    """The detailed form, of PDQ rows. The label is the file name."""
    for row in rows:
        quality = "" if row.quality is None else f",quality={row.quality}"
        yield f"hash={row.value.hex()}{quality},filename={row.label}"


def _metadata(rest: str) -> dict[str, str]:
    if short := _SHORT.fullmatch(rest):
        return {"quality": short[1], "label": short[2]}
    filename = _FILENAME.search(rest)
    before = rest[: filename.start()] if filename else rest
    quality = _QUALITY.search(before)
    fields = {"label": filename[1] if filename else ("" if "=" in rest else rest)}
    if quality:
        fields["quality"] = quality[1]
    return fields


FORMAT = Format("pdq", read, write, keeps_all=False, only="pdq")
AS_IT_LOOKS = Format("pdq", read_as_it_looks, write, keeps_all=False, only="pdq")
