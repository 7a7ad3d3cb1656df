"""A file that can change under a running process: taken whole when it is good, never half, never when bad."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from holdfast.errors import SettingsError

__all__ = ["Reloadable"]

T = TypeVar("T")


class Reloadable(Generic[T]):
    """What ``path`` says, read by ``load``; ``current`` is always complete and valid.

    Raises `SettingsError` when made from a bad file: a service must not start on rules that it cannot
    read. Later a bad file changes nothing: ``current`` stays, and ``error`` says what is wrong until a
    good file takes its place. Threads may read ``current`` at any moment; `reload` may be called by any.
    """

    def __init__(self, path: Path, load: Callable[[Path], T]) -> None:
        self.path = path
        self._load = load
        self._lock = threading.Lock()
        self._seen = self._signature()
        self.error: SettingsError | None = None
        self.current: T = load(path)

    def reload(self) -> SettingsError | None:
        """Read the file again. Answers None when it is in force now, else why it is not."""
        with self._lock:
            return self._read(self._signature())

    def reload_if_changed(self) -> bool:
        """Read the file again if it was replaced or written to. True when something new is in force."""
        with self._lock:
            signature = self._signature()
            if signature == self._seen:
                return False
            return self._read(signature) is None

    def _read(self, signature: tuple[int, ...]) -> SettingsError | None:
        # The signature is taken before the bytes: a write in between is seen as a change next time.
        try:
            fresh = self._load(self.path)
        except SettingsError as problem:
            self.error = problem
        else:
            self.current = fresh
            self.error = None
        self._seen = signature
        return self.error

    def _signature(self) -> tuple[int, ...]:
        try:
            status = self.path.stat()
        except OSError:
            return ()
        return status.st_ino, status.st_size, status.st_mtime_ns
