"""Keeps this host's index close to the log, so that no server builds one while it answers.

This is no job of the queue: a job goes to any worker of any host, and each host has an index of its own. The
worker process of each host looks by itself; a lock on the folder sees to it that one of them builds.
"""

from __future__ import annotations

import threading

import structlog

from holdfast.records.database import Database
from holdfast.records.home import Home
from holdfast.records.worker import describe
from holdfast.screening.generation import MANIFEST
from holdfast.screening.lists import ListIndex

__all__ = ["Merger"]

BEHIND = 5_000  # changes: what a server takes in in a fraction of a second
EVERY_S = 2.0
AFTER_TROUBLE_S = 30.0

log = structlog.get_logger(__name__)


class Merger:
    """A thread that builds a new generation of the index when the log has run ahead of it."""

    def __init__(
        self, database: Database, home: Home, *, behind: int = BEHIND, every_s: float = EVERY_S
    ) -> None:
        self._folder = home.index_folder
        self._lists = ListIndex(database, self._folder)
        self._behind = behind
        self._every_s = every_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="merger", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is being built."""
        self._ending.set()
        self._thread.join()

    def merge(self) -> bool:
        """Looks once; whether a generation was built. On a host where nothing serves there is no index."""
        return (self._folder / MANIFEST).exists() and self._lists.merge(self._behind)

    def _run(self) -> None:
        pause_s = self._every_s
        while not self._ending.wait(pause_s):
            try:
                self.merge()
                pause_s = self._every_s
            except Exception as error:  # noqa: BLE001  (this thread must outlive whatever disk and records do)
                words = "the index was not merged; servers follow the log by themselves"
                log.error(words, error=describe(error))  # noqa: TRY400  (a trace may quote content)
                pause_s = AFTER_TROUBLE_S
