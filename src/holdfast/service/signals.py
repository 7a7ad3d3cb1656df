"""Signals for a process that waits in `select`: each becomes a flag, and makes a socket readable."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator
from types import FrameType

__all__ = ["Signals"]


class Signals:
    """``stop`` after SIGTERM or SIGINT, ``hurry`` after a second one, ``reload`` after SIGHUP.

    For the main thread, between `caught` and the end of its block.
    """

    def __init__(self) -> None:
        self.stop = False
        self.hurry = False
        self._reload = False
        self.wake, self._theirs = socket.socketpair()
        for one in (self.wake, self._theirs):
            one.setblocking(False)

    def poke(self) -> None:
        """Makes the socket readable, from another thread."""
        with contextlib.suppress(OSError):
            self._theirs.send(b"\0")

    def take_reload(self) -> bool:
        """Whether a reload was asked for since the last call."""
        asked, self._reload = self._reload, False
        return asked

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        """Takes the signals while the block runs; what was done with them before comes back at its end."""
        before = {
            number: signal.signal(number, handler)
            for number, handler in (
                (signal.SIGTERM, self._on_stop),
                (signal.SIGINT, self._on_stop),
                (signal.SIGHUP, self._on_reload),
                (signal.SIGCHLD, lambda *_: None),  # so that the end of a process wakes us
            )
        }
        descriptor = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(descriptor)
            for number, handler in before.items():
                signal.signal(number, handler)
            self.wake.close()
            self._theirs.close()

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.hurry = self.stop
        self.stop = True

    def _on_reload(self, _number: int, _frame: FrameType | None) -> None:
        self._reload = True
