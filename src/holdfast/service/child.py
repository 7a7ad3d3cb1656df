"""One process that the supervisor keeps running: started, watched, started again after a pause, ended."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from holdfast.service.line import new_line, receive, send

__all__ = ["Child"]

PAUSE_MIN_S = 0.5
PAUSE_MAX_S = 30.0
# Uploads and pictures are allocations of some hundred kilobytes. By default the C library gives each back to
# the system and takes new, zeroed pages for the next, which costs more than reading the upload.
# (glibc manual, "Malloc Tunable Parameters"; other C libraries do not know the variables.)
REUSED_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
STEADY_S = 60.0  # after so long a process counts as having started well


class Child:
    """``module`` run with the line's descriptor and the home. ``name`` is for messages.

    ``alive`` is False until `start`, and after `reap` found that it ended; then it is due again at `due_s`.
    """

    def __init__(self, name: str, module: str, home: Path) -> None:
        self.name = name
        self._command = [sys.executable, "-m", module]
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._started_s = 0.0
        self._failures = 0
        self.due_s = 0.0
        self.problem = ""  # what it said last about why it cannot run

    @property
    def alive(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """Its process id while it lives."""
        return None if self._process is None else self._process.pid

    @property
    def line(self) -> socket.socket | None:
        """Our end of its line while it lives."""
        return self._line

    def start(self) -> None:
        """Start it. Its first message is the caller's to send."""
        self._line, theirs = new_line()
        with theirs:
            self._process = subprocess.Popen(
                [*self._command, str(theirs.fileno()), str(self._home)],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C in a terminal is for the supervisor alone
                env={**REUSED_MEMORY, **os.environ},
            )
        self._started_s = time.monotonic()
        self.problem = ""

    def tell(self, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Says something to it; one that is gone hears nothing."""
        if self._line is not None:
            send(self._line, message, descriptors)

    def hear(self) -> dict[str, Any] | None:
        """What it says; None when it closed its end, which it does by ending."""
        if self._line is None:
            return None
        message = receive(self._line)[0]
        if message is not None and "failed" in message:
            self.problem = str(message["failed"])
        return message

    def reap(self) -> int | None:
        """Its exit status when it has ended (negative: the signal), None while it lives."""
        if self._process is None:
            return None
        status = self._process.poll()
        if status is None:
            return None
        while (
            self._line is not None and select.select([self._line], [], [], 0)[0] and self.hear() is not None
        ):
            pass  # its last words
        now_s = time.monotonic()
        self._failures = 1 if now_s - self._started_s > STEADY_S else self._failures + 1
        self.due_s = now_s + min(PAUSE_MIN_S * 2 ** (self._failures - 1), PAUSE_MAX_S)
        self._forget()
        return status

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it with all that it started, now."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def _forget(self) -> None:
        if self._line is not None:
            self._line.close()
        self._process = self._line = None
