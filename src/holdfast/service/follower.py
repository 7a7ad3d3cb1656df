"""Keeps one process's view of the lists fresh: a thread that looks for changes several times a second.

A look costs one small read transaction. A new or withdrawn entry is therefore known everywhere well within
a second, and no upload waits for a look. When no look has worked for ``stale_s`` the process says that it
is not ready: it would answer from lists that are too old.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from holdfast.records.worker import describe

__all__ = ["Follower"]

log = structlog.get_logger(__name__)


class Follower:
    """Calls ``refresh`` every ``every_s`` seconds in a thread, and knows how old the last success is.

    ``list_version`` is asked for the position that the lists are at.
    """

    def __init__(
        self,
        refresh: Callable[[], object],
        list_version: Callable[[], int],
        *,
        every_s: float,
        stale_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._refresh = refresh
        self._list_version = list_version
        self._every_s = every_s
        self._stale_s = stale_s
        self._clock = clock
        self._succeeded_s: float | None = None
        self._failing = False
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def list_version(self) -> int:
        """The position of the fingerprint log that this process has come to; -1 before the first look."""
        return self._list_version()

    @property
    def has_looked(self) -> bool:
        """Whether a look has ever worked. Before, nobody knows whether there is any list at all."""
        return self._succeeded_s is not None

    @property
    def is_ready(self) -> bool:
        """Whether the lists were looked at, and not too long ago."""
        return self.age_s() <= self._stale_s

    def age_s(self) -> float:
        """Seconds since the last look that worked; infinite before the first."""
        return float("inf") if self._succeeded_s is None else self._clock() - self._succeeded_s

    def look(self) -> None:
        """One look now, in the caller's thread. Raises what `refresh` raises."""
        begun = self._clock()
        self._refresh()
        self._succeeded_s = begun
        self._failing = False

    def try_look(self) -> None:
        """The same where nobody waits for it. What goes wrong is logged, once until it works again."""
        try:
            self.look()
        except Exception as error:  # noqa: BLE001  (whatever the records do, the thread goes on looking)
            if not self._failing:
                log.warning("the lists cannot be looked at; answers grow old", error=describe(error))
            self._failing = True

    def start(self) -> None:
        """Look again and again in a thread, until `stop`."""
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(self._every_s):
            self.try_look()
