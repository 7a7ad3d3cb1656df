"""A hash list of any size into a bank: all of its good lines, or nothing.

Lines that are not of a known form are counted, named by number, and left out; the others go in, in
one transaction. A crash, a kill or a full disk on the way leaves the bank as it was.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import BufferedReader
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from holdfast.banks import merging, service, staging
from holdfast.banks.formats import BadLine, Format, GuessedRow, Options, Row, detect, get_format
from holdfast.banks.formats.lines import read_lines
from holdfast.banks.importing_guess import EVEN_ONES, Guess
from holdfast.banks.models import VPDQ, tidy
from holdfast.errors import UnreadableError
from holdfast.records.database import Database
from holdfast.records.tables.base import now

__all__ = ["ImportResult", "Problem", "import_file", "import_stream"]

BATCH = 20_000
MAX_VIDEO_BYTES = 32 * 1024**2  # of frames that wait in memory
PROBLEMS_KEPT = 20
MIN_QUALITY = 50  # PDQ's authors advise against matching pictures below
PLAUSIBLE_ONES = range(64, 193)  # PDQ sets about 128 of its 256 bits: a threshold at the median

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that was left out, or went in and should be looked at."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did. ``problems`` are the first twenty of each kind, in the order of the lines.

    ``already_there`` counts rows whose fingerprint the bank (or an earlier line) had; ``revived`` those
    that their source had withdrawn; ``stale`` those of which it has said something newer: left as they are.
    """

    rows: int = 0
    entries_added: int = 0
    added: int = 0
    already_there: int = 0
    revived: int = 0
    stale: int = 0
    refused_low_quality: int = 0
    suspicious: int = 0
    bad_lines: int = 0
    problems: tuple[Problem, ...] = ()


def import_file(
    database: Database,
    bank: str,
    path: Path,
    *,
    source: str,
    form: str | None = None,
    options: Options | None = None,
    force: bool = False,
    keep_sources: bool = False,
    as_of: datetime | None = None,
    progress: Progress | None = None,
) -> ImportResult:
    """Import the list at ``path`` (see `import_stream`), of the named form or of the one it looks like.

    Raises
        UnreadableError: the file cannot be read. Nothing was imported.
    """
    if path.exists() and not path.is_file():  # a named pipe would make this wait for ever
        raise UnreadableError(f"{path} is not a regular file. Nothing was imported.")
    try:
        with path.open("rb") as stream:
            chosen = get_format(form) if form else look(stream, path.name)
            options = options or Options()
            if chosen.only == VPDQ and not options.label:  # nothing in it names the video
                options = replace(options, label=path.name)
            return import_stream(
                database,
                bank,
                stream,
                chosen,
                source=source,
                options=options,
                force=force,
                keep_sources=keep_sources,
                as_of=as_of,
                progress=progress,
            )
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror}. Nothing was imported.") from error


def look(stream: BufferedReader, name: str = "") -> Format:
    """The form that a list looks like. Nothing is taken from ``stream``."""
    head = stream.peek(4096)[:4096].decode("utf-8", "replace")
    lines = (line for line in head.splitlines() if line.strip())
    return detect(name, next(lines, ""))


def import_stream(
    database: Database,
    bank: str,
    stream: BufferedReader,
    form: Format,
    *,
    source: str,
    options: Options | None = None,
    force: bool = False,
    keep_sources: bool = False,
    as_of: datetime | None = None,
    progress: Progress | None = None,
    finish: Callable[[sa.Connection, ImportResult], object] = lambda connection, result: None,
) -> ImportResult:
    """Import a list into a bank, as the opinion of ``source`` formed at ``as_of`` (now).

    The source is created with the default terms (match only) where it is absent. With
    ``keep_sources`` a row counts for the source it names: for one's own exports, never for a list
    from outside, which could name any. PDQ rows with a quality below 50 are refused unless
    ``force``; rows with far too many or too few ones go in and are reported as suspicious.
    ``progress`` gets ("reading", lines) and ("merging", steps); SQLite has no other writer while it merges.
    ``finish`` is called in the transaction of the import, at its end: what it writes is written with it.

    Raises
        NotFoundError: no such bank.
        BadEntryError: the list as a whole is not of that form, or does not say that its bare values of 64
            digits are PDQ hashes, and they do not look like it.
        RecordsUnavailableError: the database failed on the way. Nothing was imported.
    """
    tell = progress or (lambda phase, done: None)
    intake = _Intake(tidy(source, 200, "name of the source"), force, keep_sources)
    with _private_connection(database) as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("BEGIN")  # of the temporary tables alone: no other writer waits
        bank_id = service.get_bank(connection, bank).id
        staging.create(connection)
        lines = read_lines(stream, form.max_line_bytes)
        for batch in _batches(intake.rows(form.read(lines, options or Options())), intake):
            staging.load(connection, batch)
            staging.load_videos(connection, intake.taken_videos())
            tell("reading", batch[-1].line)
        intake.guess.require_pdq()
        staging.update_statistics(connection, staging.stage)
        connection.commit()
        steps = iter(range(1, 100))
        with database.transaction(connection):
            merged = merging.merge(
                connection,
                bank_id,
                as_of or now(),
                lambda: tell("merging", next(steps)),
                plain=intake.is_plain(),
            )
            result = intake.result(merged)
            finish(connection, result)
    return result


@contextmanager
def _private_connection(database: Database) -> Iterator[sa.Connection]:
    """A connection that is closed, with its temporary tables, when done."""
    with database.connect() as connection:
        try:
            yield connection
        finally:
            connection.invalidate()


def _batches(rows: Iterator[Row], intake: _Intake) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH or intake.video_bytes > MAX_VIDEO_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


@dataclass
class _Intake:
    """What comes in, counted."""

    source: str
    force: bool
    keep_sources: bool
    accepted: int = 0
    bad_lines: int = 0
    refused: int = 0
    suspicious: int = 0
    problems: list[Problem] = field(default_factory=list)
    guess: Guess = field(default_factory=Guess)
    keyed: bool = False
    keys: array[int] = field(default_factory=lambda: array("q"))  # eight bytes a row
    video_bytes: int = 0
    videos: dict[bytes, bytes] = field(default_factory=dict)  # packed frames by name, of one batch
    video_names: set[bytes] = field(default_factory=set)

    def is_plain(self) -> bool:
        """No row has a key of an entry, and no fingerprint comes twice: unequal hashes are unequal values."""
        return not self.keyed and len(np.unique(np.array(self.keys))) == len(self.keys)

    def rows(self, items: Iterator[Row | BadLine]) -> Iterator[Row]:
        for item in items:
            if isinstance(item, BadLine):
                self.bad_lines += 1
                self._note(self.bad_lines, item.line, item.reason)
            elif item.algorithm != "pdq" or self._fit(item):
                row = self._named(item) if item.algorithm == VPDQ else item
                self.accepted += 1
                self.keyed = self.keyed or row.entry is not None
                self.keys.append(hash((row.algorithm, row.value, row.convention)))
                yield self._attributed(row)

    def taken_videos(self) -> dict[bytes, bytes]:
        """The frames of the videos of one batch."""
        taken, self.videos, self.video_bytes = self.videos, {}, 0
        return taken

    def _named(self, row: Row) -> Row:
        """The row of a video with its name for a value; its frames are put aside."""
        from holdfast.hashing.videoblob import name_of, unpack

        name = name_of(unpack(row.value))
        if name not in self.video_names:
            self.video_names.add(name)
            self.videos[name] = row.value
            self.video_bytes += len(row.value)
        return row._replace(value=name)

    def _fit(self, row: Row) -> bool:
        if row.quality is not None and row.quality < MIN_QUALITY and not self.force:
            self.refused += 1
            self._note(self.refused, row.line, f"quality {row.quality} is below {MIN_QUALITY}")
            return False
        ones = int.from_bytes(row.value).bit_count()
        is_guessed = isinstance(row, GuessedRow)
        if is_guessed:
            self.guess.note(ones)
        if ones not in (EVEN_ONES if is_guessed else PLAUSIBLE_ONES):
            self.suspicious += 1
            self._note(
                self.suspicious, row.line, f"suspicious: {ones} of 256 bits are set, PDQ sets about 128"
            )
        return True

    def _attributed(self, row: Row) -> Row:
        if self.keep_sources and row.source:
            return row
        return Row(*row[:-2], self.source, row.provenance or row.source or "")  # twice as fast as _replace

    def _note(self, count_of_kind: int, line: int, reason: str) -> None:
        if count_of_kind <= PROBLEMS_KEPT:
            self.problems.append(Problem(line, reason))

    def result(self, merged: merging.Merged) -> ImportResult:
        return ImportResult(
            rows=self.accepted,
            entries_added=merged.entries_added,
            added=merged.added,
            already_there=self.accepted - merged.added - merged.revived - merged.stale,
            revived=merged.revived,
            stale=merged.stale,
            refused_low_quality=self.refused,
            suspicious=self.suspicious,
            bad_lines=self.bad_lines,
            problems=tuple(self.problems),
        )
