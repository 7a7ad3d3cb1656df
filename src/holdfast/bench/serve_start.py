"""The server that is measured: the ordinary command with its defaults, on a free loopback port."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from holdfast.bench.serve_load import Target
from holdfast.errors import HoldfastError, UsageError
from holdfast.service.probe import wait_until_ready

__all__ = ["Server", "start_server", "target_of"]

START_WITHIN_S = 120.0
_COMMAND = (sys.executable, "-c", "from holdfast.cli.main import main; main()", "serve")
_LISTENS = re.compile(r"listens on (http://\S+)")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; ``ready_s`` is how long it took from its start to the first "ready"."""

    url: str
    pid: int
    ready_s: float


@contextmanager
def start_server(home: Path, log: IO[str] | None = None) -> Iterator[Server]:
    """Runs `holdfast serve` on ``home`` for the block, its log to ``log`` or to standard error.

    Raises HoldfastError when it does not start.
    """
    started = time.monotonic()
    command = [*_COMMAND, "--home", str(home), "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            url = _url(process)
            target = target_of(url)
            late_s = started + START_WITHIN_S
            if not wait_until_ready(target.host, target.port, lambda: time.monotonic() > late_s):
                raise HoldfastError("The server was not ready in time; nothing was measured. See above.")
            yield Server(url, process.pid, time.monotonic() - started)
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def target_of(url: str) -> Target:
    """Host and port of an address. Raises UsageError for any that is not on the loopback interface."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
    except ValueError:
        host, port = "", 0
    if url.partition("://")[0] != "http":
        raise UsageError(f"{url!r} is not an http:// address of this machine. Nothing was sent.")
    return Target(host, port)


def _url(process: subprocess.Popen[str]) -> str:
    for line in process.stdout or ():
        if found := _LISTENS.search(line):
            return found[1]
    raise HoldfastError("The server ended before it listened; nothing was measured. See above.")
