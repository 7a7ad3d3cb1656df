"""`holdfast serve` in processes of its own, for tests that ask it, kill it and look what is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

__all__ = ["Service", "descendants", "is_running"]

PROGRAM = [sys.executable, "-c", "from holdfast.cli.main import main; main()"]
PATIENCE_S = 180.0


@dataclass
class Service:
    """A service on a new home. `start` waits until it says that it is ready."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    output: str = ""
    process: subprocess.Popen[str] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def environment(self) -> dict[str, str]:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
        outside.pop("JOURNAL_STREAM", None)
        return {
            **outside,
            "HOLDFAST_HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "HOLDFAST_MEDIA__WORKERS": "1",
            **self.settings,
        }

    def start(self, *arguments: str, until: str = "Ready after") -> None:
        with self.log_path.open("a") as log:
            self.process = subprocess.Popen(
                [*PROGRAM, "serve", "--port", "0", *arguments],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        self.output = _read_until(self.process.stdout, until)
        assert until in self.output, self.output + self.log

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command on the same home, to its end."""
        return subprocess.run(
            [*PROGRAM, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )

    @property
    def log_path(self) -> Path:
        return self.folder / "log"

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def url(self) -> str:
        found = re.search(r"listens on (\S+)", self.output)
        assert found is not None
        return found[1]

    def key(self, name: str) -> str:
        found = re.search(rf"{name} key .*(hf_\w+)", self.output)
        assert found is not None, self.output
        return found[1]

    def ask(
        self, path: str, *, key: str = "", data: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON answer of one request, on a connection of its own."""
        if key:
            headers["authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def children(self, name: str) -> list[int]:
        """Process ids of the supervisor's processes of one kind."""
        return [pid for pid in descendants(self.pid) if f"-m holdfast.{name}" in _command(pid)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends a signal and waits for the end; the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE_S)
        if self.process.stdout is not None:
            self.output += self.process.stdout.read()
            self.process.stdout.close()
        return status


def descendants(pid: int) -> list[int]:
    """Every process below ``pid``, those of decode workers' fork servers included."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, level = [], [pid]
    while level:
        level = [child for child, parent in parents.items() if parent in level]
        found += level
    return found


def is_running(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.02)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _read_until(stream: IO[str], words: str) -> str:
    lines = ""
    while words not in lines:
        line = stream.readline()
        if not line:
            break
        lines += line
    return lines
