"""Checking a folder tree: any number of files, killed and resumed at will, each file counted once.

The order of files is fixed (`walk`), several are in work at once, and answers leave in order. From time to
time one transaction writes how far the scan has come, the counts, and the matches since: so a
kill repeats at most the work since then and counts nothing twice. About files that match nothing
only counts are kept.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from holdfast.errors import ConflictError, NotFoundError
from holdfast.records.database import Database
from holdfast.records.tables.base import now
from holdfast.records.tables.scans import scan_matches, scans
from holdfast.screening.outcome import Outcome, OutcomeKind
from holdfast.screening.reading import printable_path
from holdfast.screening.screener import Screener
from holdfast.screening.walk import Found, walk

__all__ = ["FolderScan", "ScanSummary"]

_WINDOW_PER_THREAD = 4  # files read ahead of the oldest unfinished one


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """How a scan stands. ``counts`` maps outcomes to files; ``resumed`` is how many were counted earlier."""

    scan: int
    root: str
    counts: dict[str, int]
    size_bytes: int
    resumed: int

    @property
    def files(self) -> int:
        return sum(self.counts.values())


class FolderScan:
    """One scan of one tree with one choice of banks, found again by those two after a stop.

    ``deep``, ``keyframes``: see `Screener.screen_file`; a deep scan goes on after a deep one only.
    """

    def __init__(
        self,
        database: Database,
        screener: Screener,
        root: Path,
        *,
        banks: Sequence[str] = (),
        deep: bool = False,
        keyframes: bool = False,
        restart: bool = False,
        threads: int | None = None,
        checkpoint_s: float = 1.0,
    ) -> None:
        if not root.is_dir():
            raise NotFoundError(f"{root} is not a folder. Nothing was scanned. Give a folder that exists.")
        self._database = database
        self._screener = screener
        self._root = root.resolve()
        self._root_text = printable_path(self._root)
        self._banks = sorted(banks)
        self._deep, self._keyframes = deep, keyframes
        self._threads = threads or 2 * (os.cpu_count() or 1)
        self._checkpoint_s = checkpoint_s
        self._cursor: tuple[str, ...] | None = None
        self._on_video: Callable[[str, float, float | None], None] = lambda *_: None
        self._open(restart)
        self.resumed = sum(self._counts.values())

    def run(
        self,
        on_outcome: Callable[[Outcome], None],
        on_video: Callable[[str, float, float | None], None] = lambda *_: None,
    ) -> ScanSummary:
        """Checks what is left, calling ``on_outcome`` for each file in order. Returns the whole summary.

        ``on_video`` hears, in threads, of a video's name, how many seconds of it were looked at, and of how
        many.

        An interrupt leaves the scan to be resumed. Raises ConflictError when another process works on it.
        """
        self._on_video = on_video
        pending: list[Outcome] = []
        last = time.monotonic()
        for found, outcome in self._outcomes():
            self._cursor = found.parts
            self._counts[outcome.outcome.value] += 1
            self._size_bytes += outcome.size_bytes
            if outcome.matches or outcome.suppressed:
                pending.append(outcome)
            on_outcome(outcome)
            if time.monotonic() - last >= self._checkpoint_s:
                self._checkpoint(pending, finished=False)
                pending, last = [], time.monotonic()
        self._checkpoint(pending, finished=True)
        return ScanSummary(self._id, self._root_text, dict(self._counts), self._size_bytes, self.resumed)

    def _outcomes(self) -> Iterator[tuple[Found, Outcome]]:
        window: deque[tuple[Found, Future[Outcome]]] = deque()
        with ThreadPoolExecutor(self._threads, "scan") as threads:
            try:
                for found in walk(self._root, self._cursor):
                    window.append((found, threads.submit(self._screen, found)))
                    if len(window) >= self._threads * _WINDOW_PER_THREAD:
                        done, future = window.popleft()
                        yield done, future.result()
                while window:
                    done, future = window.popleft()
                    yield done, future.result()
            finally:
                for _, future in window:
                    future.cancel()

    def _screen(self, found: Found) -> Outcome:
        if found.problem:
            return Outcome(
                printable_path(found.path), "unknown", OutcomeKind.ERROR, "unreadable", found.problem
            )
        return self._screener.screen_file(
            found.path,
            banks=self._banks,
            deep=self._deep,
            keyframes=self._keyframes,
            on_progress=lambda done_s, total_s: self._on_video(found.parts[-1], done_s, total_s),
        )

    def _open(self, restart: bool) -> None:
        same = sa.and_(
            scans.c.root == self._root_text, scans.c.deep == self._deep, scans.c.finished_at.is_(None)
        )
        with self._database.write() as connection:
            if restart:
                connection.execute(sa.delete(scans).where(same))
            rows = connection.execute(sa.select(scans).where(same).order_by(scans.c.id)).mappings()
            row = next((row for row in rows if row["banks"] == self._banks), None)
            if row is None:
                insert = sa.insert(scans).values(self._new()).returning(scans.c.id)
                self._id = int(connection.execute(insert).scalar_one())
                self._cursor, self._counts, self._size_bytes, self._revision = None, Counter[str](), 0, 0
                return
        self._id, self._revision, self._size_bytes = row["id"], row["revision"], row["bytes_done"]
        self._cursor = tuple(row["cursor"]) if row["cursor"] else None
        self._counts = Counter(row["counts"])

    def _new(self) -> dict[str, object]:
        return {
            "root": self._root_text,
            "banks": self._banks,
            "deep": self._deep,
            "revision": 0,
            "started_at": now(),
            "updated_at": now(),
            "counts": {},
            "bytes_done": 0,
        }

    def _checkpoint(self, outcomes: list[Outcome], *, finished: bool) -> None:
        mine = (scans.c.id == self._id) & (scans.c.revision == self._revision)
        values = {
            "revision": self._revision + 1,
            "updated_at": now(),
            "finished_at": now() if finished else None,
            "cursor": None if finished or self._cursor is None else list(self._cursor),
            "counts": dict(self._counts),
            "bytes_done": self._size_bytes,
        }
        rows = [
            {"scan_id": self._id, "path": o.file, "outcome": o.outcome.value, "answer": o.to_json()}
            for o in outcomes
        ]
        with self._database.write() as connection:
            if connection.execute(sa.update(scans).where(mine).values(values)).rowcount != 1:
                raise ConflictError(
                    f"Another process works on the scan of {self._root}, or restarted it. This one stopped; "
                    "what it found since its last checkpoint was not counted. Let the other one finish."
                )
            if rows:
                connection.execute(sa.insert(scan_matches), rows)
        self._revision += 1
