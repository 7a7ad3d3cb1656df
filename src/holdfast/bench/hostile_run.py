"""One `holdfast` command as a child process: what it said, how long it took, how much memory it had."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from holdfast.bench.apart import apart
from holdfast.bench.serve_processes import Tree

__all__ = ["Ran", "run_holdfast"]

_COMMAND = (sys.executable, "-c", "from holdfast.cli.main import main; main()")
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Ran:
    """``status`` is None where it was killed at its time limit.

    ``peak_bytes`` is the greatest memory (VmHWM) of any one process of it, 0 where it could not be read; what
    a process takes in its last 20 ms may not be in it. ``wall_s`` is in seconds on the clock.
    """

    status: int | None
    output: str
    errors: str
    wall_s: float
    peak_bytes: int


def run_holdfast(*arguments: str, home: Path, most_s: float) -> Ran:
    """Runs the command on ``home``, without the settings of this process's environment.

    It is killed after ``most_s`` seconds. Raises OSError where it cannot be started.
    """
    with apart():
        environment = os.environ | {"HOLDFAST_HOME": str(home)}
    command = [*_COMMAND, *arguments]
    # Files, for a pipe that nobody empties would stop a child that says much.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started_s = time.monotonic()
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
        ) as process:
            status, peak_bytes = _watched(process, started_s + most_s)
        wall_s = time.monotonic() - started_s
        said = []
        for file in (output, errors):
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
    return Ran(status, said[0], said[1], wall_s, peak_bytes)


def _watched(process: subprocess.Popen[bytes], until_s: float) -> tuple[int | None, int]:
    """(exit status, greatest memory in bytes), when it has ended by itself or been killed."""
    tree, peak_bytes = Tree(process.pid), 0
    try:
        while True:
            peak_bytes = max(peak_bytes, tree.peak_bytes())
            try:
                return process.wait(_POLL_S), peak_bytes
            except subprocess.TimeoutExpired:
                if time.monotonic() > until_s:
                    return None, peak_bytes
    finally:
        process.kill()  # its own children end with it
