"""What every form of hash list is read into and written from, and the checks that all share.

A reason why a line is bad never quotes the line: hash values are not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from holdfast.banks.models import ALGORITHMS, CLASSIFICATIONS, CONVENTIONS, MEDIA, OPINIONS, VPDQ, tidy
from holdfast.errors import BadEntryError, UsageError

__all__ = ["COLUMNS", "BadLine", "Format", "GuessedRow", "Line", "Options", "Row", "make_row", "parse_value"]

COLUMNS = (
    "entry",
    "algorithm",
    "value",
    "convention",
    "quality",
    "size_bytes",
    "label",
    "classification",
    "medium",
    "note",
    "opinion",
    "source",
    "provenance",
)
_BY_LENGTH = {2 * size: algorithm for algorithm, size in ALGORITHMS.items() if algorithm != "sha256"}
_PUNCTUATION = str.maketrans("", "", "-_ ")
_MAX_SIZE_BYTES = 2**63 - 1

Line = tuple[int, str]  # number from 1, text without its end


class Row(NamedTuple):
    """One fingerprint of a list. ``entry`` is the list's own key: rows with the same key are one content.

    Of a video (`models.VPDQ`) ``value`` are the packed frames (`hashing.videoblob`).
    """

    line: int
    entry: str | None
    algorithm: str
    value: bytes
    convention: str
    quality: int | None
    size_bytes: int | None
    label: str
    classification: str | None
    medium: str
    note: str
    opinion: str
    source: str | None
    provenance: str


class GuessedRow(Row):
    """A row with a value of 64 digits and nothing that only PDQ has: taken for PDQ, for want of a word."""

    __slots__ = ()


class BadLine(NamedTuple):
    """A line that is not of a known form, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Options:
    """What a list leaves unsaid. ``algorithm`` None: from the length of the value, 64 digits being PDQ
    where all of a list's look like it (`importing_guess`). ``label``: of rows that have none.
    """

    algorithm: str | None = None
    convention: str = "unknown"
    medium: str = "image"
    label: str = ""

    def __post_init__(self) -> None:
        if self.algorithm is not None and self.algorithm not in ALGORITHMS:
            raise UsageError(f"{self.algorithm!r} is not one of {', '.join(ALGORITHMS)}. Nothing was read.")
        if self.convention not in CONVENTIONS:
            raise UsageError(f"{self.convention!r} is not one of {', '.join(CONVENTIONS)}. Nothing was read.")
        if self.medium not in MEDIA:
            raise UsageError(f"{self.medium!r} is not one of {', '.join(MEDIA)}. Nothing was read.")


@dataclass(frozen=True, slots=True)
class Format:
    """One form. ``read`` yields a row or a bad line for each line; ``write`` gives lines of text.

    ``keeps_all``: what was written can be read back without loss (a round trip). ``only``: the one
    algorithm that the form can hold. ``max_line_bytes``: longer lines are bad ones.
    """

    name: str
    read: Callable[[Iterable[Line | BadLine], Options], Iterator[Row | BadLine]]
    write: Callable[[Iterable[Row]], Iterator[str]]
    keeps_all: bool
    only: str | None = None
    max_line_bytes: int = 64 * 1024


def parse_value(text: str, algorithm: str | None) -> tuple[str, bytes]:
    """The algorithm and raw value of hexadecimal ``text``. Raises `BadEntryError`."""
    text = text.strip()
    if algorithm == VPDQ:
        return VPDQ, _video(text)
    if algorithm is None:
        algorithm = _BY_LENGTH.get(len(text))
        if algorithm is None:
            raise BadEntryError(f"{len(text)} characters are no known hash (32: MD5, 40: SHA-1, 64: PDQ)")
    try:
        value = bytes.fromhex(text)
    except ValueError:
        raise BadEntryError("the value is not hexadecimal") from None
    size = ALGORITHMS[algorithm]
    if len(value) != size or len(text) != 2 * size:  # fromhex skips blanks between digits
        raise BadEntryError(f"a value of {algorithm} has {2 * size} hexadecimal digits, not {len(text)}")
    return algorithm, value


def make_row(line: int, fields: dict[str, str], options: Options) -> Row:
    """A row from texts by the names of `COLUMNS`; what is absent or empty gets its default.

    Raises `BadEntryError`: a text is not what its column holds.
    """
    get = fields.get
    said = _algorithm(get("algorithm")) or options.algorithm
    algorithm, value = parse_value(get("value") or "", said)
    convention = ""
    if algorithm == "pdq":
        convention = _one_of(get("convention"), CONVENTIONS, "convention") or options.convention
    quality, size_bytes, classification = get("quality"), get("size_bytes"), get("classification")
    is_guess = said is None and algorithm == "pdq" and not (get("quality") or get("convention"))
    return (GuessedRow if is_guess else Row)(
        line,
        _text(get("entry"), 200, "key of the entry") or None,
        algorithm,
        value,
        convention,
        _number(quality, 100, "quality") if quality else None,
        _number(size_bytes, _MAX_SIZE_BYTES, "size") if size_bytes else None,
        _text(get("label"), 500, "label") or options.label,
        _one_of(classification.upper(), CLASSIFICATIONS, "classification") if classification else None,
        _one_of(get("medium"), MEDIA, "medium") or options.medium,
        _text(get("note"), 255, "note"),
        _one_of(get("opinion"), OPINIONS, "opinion") or "positive",
        _text(get("source"), 200, "name of the source") or None,
        _text(get("provenance"), 500, "provenance"),
    )


def _algorithm(text: str | None) -> str | None:
    if not text:
        return None
    name = text.lower().translate(_PUNCTUATION)
    if name not in ALGORITHMS and name != VPDQ:
        raise BadEntryError(f"an algorithm that is not one of {', '.join((*ALGORITHMS, VPDQ))}")
    return name


def _video(text: str) -> bytes:
    """Packed frames from their hexadecimal text, or from vPDQ's own forms. Raises `BadEntryError`."""
    # Few lists hold videos: whoever reads others does not wait for what hashes them.
    from holdfast.hashing.videoblob import pack, unpack
    from holdfast.hashing.videotext import from_json, from_text

    if text.startswith(("[", "{")):
        return pack(from_json(text))
    if "," in text:
        return pack(from_text(text))
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise BadEntryError("the value is no vPDQ hash in any of its forms") from None
    if not len(unpack(data)):
        raise BadEntryError("a vPDQ hash without a frame")
    return data


def _one_of(text: str | None, allowed: tuple[str, ...], what: str) -> str | None:
    if not text:
        return None
    text = text.strip()
    if text and text not in allowed:
        raise BadEntryError(f"the {what} is not one of {', '.join(allowed)}")
    return text or None


def _number(text: str, maximum: int, what: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= maximum):
        raise BadEntryError(f"the {what} is not a whole number from 0 to {maximum}")
    return int(text)


def _text(text: str | None, limit: int, what: str) -> str:
    if not text:
        return ""
    try:
        return tidy(text, limit, what)
    except UsageError:
        raise BadEntryError(f"the {what} is longer than {limit} characters") from None
