"""The PDQ hashes of all banks as one index, kept in step with the records.

A file in the home's index folder holds the index as of one position of the fingerprint log; every
process maps it and follows the log from there, in memory. When the log has run far ahead, a new file is
built from the records, under a lock so that one process of a host does it, and replaces the old one as a
whole. The files are a cache: absent, damaged or foreign ones are built again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from holdfast.banks.log import Change, active_codes, last_position, read_since
from holdfast.errors import IndexFileError
from holdfast.matching.hamming import HammingIndex
from holdfast.records.database import Database
from holdfast.records.tables.banks import fingerprint_log, fingerprints

__all__ = ["ListIndex"]

ALGORITHM = "pdq"
FAR_BEHIND = 20_000  # changes since the file was written: then a new one is built
_PAGE = 10_000

Progress = Callable[[int], object]


class ListIndex:
    """An index of every active PDQ fingerprint; ids are fingerprint ids. Safe for many threads."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder / ALGORITHM
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = self._folder / "index.hfx"
        self._lock = threading.Lock()
        self._index = HammingIndex()
        self._position = -1
        self._unproved = ""  # the mark of a file that was just opened and may belong to other records

    @property
    def position(self) -> int:
        """The position of the fingerprint log up to which this index knows the lists."""
        return self._position

    def __len__(self) -> int:
        return len(self._index)

    def search(
        self, codes: npt.NDArray[np.uint8], radius: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """As `HammingIndex.range_search`, over the lists as of the last `refresh`."""
        return self._index.range_search(codes, radius)

    def refresh(self, progress: Progress = lambda _: None) -> None:
        """Takes in what has changed in the records. ``progress`` hears of hashes read for a new file."""
        with self._lock:
            if self._position < 0:
                self._open()
            if self._follow():
                return
            with _only_one(self._folder / "lock"):
                self._open()  # another process may have built it while this one waited
                if not self._follow():
                    self._build(progress)

    def _follow(self) -> bool:
        """Takes in the log since this index's position; False when there is none, or it is too far back."""
        with self._database.read() as connection:
            newest = last_position(connection)
            if not newest >= self._position >= newest - FAR_BEHIND or self._position < 0:
                return False
            if self._unproved and self._mark_of(connection, self._position) != self._unproved:
                return False
            self._unproved = ""
            while self._position < newest:
                self._apply(read_since(connection, self._position, _PAGE))
        return True

    def _apply(self, changes: list[Change]) -> None:
        # A fingerprint may change several times in one page: what it came to last is what counts.
        last = {c.fingerprint_id: c for c in changes if c.algorithm == ALGORITHM}
        self._index.remove(np.array(list(last), np.int64))
        present = [change for change in last.values() if change.value is not None]
        if present:
            codes = np.frombuffer(b"".join(c.value or b"" for c in present), np.uint8).reshape(-1, 32)
            self._index.add(codes, np.array([c.fingerprint_id for c in present], np.int64))
        self._position = changes[-1].position

    def _open(self) -> None:
        if not self._path.exists():
            return
        try:
            index = HammingIndex.open(self._path)
            self._unproved = str(index.properties["mark"])
            self._index, self._position = index, int(index.properties["position"])
        except (IndexFileError, KeyError, ValueError):
            self._path.unlink(missing_ok=True)

    def _build(self, progress: Progress) -> None:
        index, position, mark = self._from_records(progress)
        new = self._folder / f".{uuid.uuid4().hex}.hfx"
        try:
            index.save(new, {"position": position, "mark": mark})
            new.replace(self._path)
        finally:
            new.unlink(missing_ok=True)
        self._open()

    def _from_records(self, progress: Progress) -> tuple[HammingIndex, int, str]:
        index, read = HammingIndex(), 0
        with self._database.read() as connection:
            position = last_position(connection)
            mark = self._mark_of(connection, position)
            codes, ids = [], []
            for block_ids, block_codes in active_codes(connection, ALGORITHM):
                ids.append(block_ids)
                codes.append(block_codes)
                read += len(block_ids)
                progress(read)
        if ids:
            index.add(np.concatenate(codes), np.concatenate(ids))
        return index, position, mark

    def _mark_of(self, connection: sa.Connection, position: int) -> str:
        """Which records, and which history of them: a restored or exchanged database has another one."""
        newest = (
            sa.select(fingerprints.c.value)
            .join(fingerprint_log, fingerprint_log.c.fingerprint_id == fingerprints.c.id)
            .where(fingerprint_log.c.position == position)
        )
        value = connection.execute(newest).scalar() or b""
        return f"{self._database.description} {position} {hashlib.sha256(value).hexdigest()}"


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """One process of this host at a time; the lock goes with the process, however it ends."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
