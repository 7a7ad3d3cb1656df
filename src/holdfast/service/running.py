"""Which process serves a home on this host: a file with its number, locked for as long as it lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["claim", "serving_pid"]

NAME = "serve.pid"


@contextlib.contextmanager
def claim(home: Path) -> Iterator[None]:
    """This process serves the home, for as long as the block runs. A second one beside it is not noted."""
    descriptor = os.open(home / NAME, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def serving_pid(home: Path) -> int | None:
    """The process that serves the home on this host, None where none does."""
    try:
        descriptor = os.open(home / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:  # somebody holds it: the number is of a living process
        return int(os.read(descriptor, 20) or 0) or None
    finally:
        os.close(descriptor)
    return None
