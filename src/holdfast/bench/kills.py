"""`holdfast bench kills`: kill -9 again and again under load; is anything lost that was answered?

A service runs on a home of its own. Clients upload, add entries and start imports all the time, and note what
was answered with 2xx. Meanwhile one process after the other is killed: API process, worker, supervisor. In
the end every noted event, hold, entry and job is looked for in the records and the vault.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from holdfast.bench.kills_load import Acknowledged, Load, look_for, prepare
from holdfast.errors import WorkerError

__all__ = ["KillReport", "run_kills"]

READY_WITHIN_S = 180.0  # on a machine that has much else to do
JOBS_WITHIN_S = 120.0
MAIN = "from holdfast.cli.main import main; main()"
VICTIMS = ("API process", "API process", "API process", "worker", "worker", "supervisor")
MODULES = {"API process": "holdfast.api.process", "worker": "holdfast.service.worker_process"}


@dataclass
class KillReport:
    """What was killed, what was acknowledged, and what of it was lost (nothing, or it is a defect)."""

    rounds: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[str, int] = field(default_factory=dict)
    failed_requests: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    ready_again_s: list[float] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not any(self.lost.values())

    def to_json(self) -> dict[str, Any]:
        """The object that the command prints."""
        times = sorted(self.ready_again_s) or [0.0]
        body = asdict(self) | {"killed": dict(self.killed)}
        body["ready_again_s"] = {"median": round(times[len(times) // 2], 2), "most": round(times[-1], 2)}
        return body


def run_kills(
    folder: Path,
    rounds: int,
    *,
    database_url: str | None = None,
    seed: int = 1,
    on_round: Callable[[int], object] = lambda _: None,
) -> KillReport:
    """Kills ``rounds`` times on a home made in ``folder``; the report. Listens on loopback only."""
    chance = random.Random(seed)
    made = prepare(folder, database_url)
    report = KillReport()
    noted = Acknowledged()
    with _Service(made.home, made.environment) as service:
        load = Load(service.url, made, noted)
        with load.running():
            for number in range(rounds):
                time.sleep(chance.uniform(0.1, 1.0))
                victim = chance.choice(VICTIMS)
                report.ready_again_s.append(service.kill(victim))
                report.killed[victim] += 1
                report.rounds += 1
                on_round(number + 1)
        report.failed_requests = load.failed
        _wait_for_jobs(service.url, made.key, noted)
    report.acknowledged = noted.counts()
    report.lost = look_for(made, noted)
    return report


class _Service:
    """`holdfast serve` on one home and port, started again when its supervisor is killed."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self._home = home
        self._environment = {**os.environ, **environment}
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> _Service:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)

    def kill(self, victim: str) -> float:
        """Kills one process by SIGKILL; seconds until the service is ready again."""
        begun = time.monotonic()
        assert self._process is not None  # noqa: S101  (entered)
        if victim == "supervisor":
            children = _children(self._process.pid)
            self._process.kill()
            self._process.wait()
            _wait_until(lambda: not any(_is_alive(pid) for pid in children), READY_WITHIN_S)
            self._start()
        else:
            for pid in _children(self._process.pid):
                if MODULES[victim] in _command(pid):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
            self._wait_until_ready()
        return time.monotonic() - begun

    def _start(self) -> None:
        command = [sys.executable, "-c", MAIN, "serve", "--home", str(self._home)]
        log = (self._home.parent / "serve.log").open("ab")
        self._process = subprocess.Popen(
            [*command, "--port", str(self._port)], env=self._environment, stdout=log, stderr=log
        )
        log.close()
        try:
            self._wait_until_ready()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def _wait_until_ready(self) -> None:
        def ready() -> bool:
            with suppress(httpx2.HTTPError):
                return httpx2.get(f"{self.url}/health/ready", timeout=2, trust_env=False).status_code == 200
            return False

        _wait_until(ready, READY_WITHIN_S)


def _wait_for_jobs(url: str, key: str, noted: Acknowledged) -> None:
    """Until every acknowledged import has ended."""
    headers = {"authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:

        def ended() -> bool:
            return all(
                client.get(f"/v1/jobs/{job}").json()["state"] in ("done", "dead") for job in noted.imports
            )

        _wait_until(ended, JOBS_WITHIN_S)


def _wait_until(condition: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise WorkerError(f"The service did not come back within {within_s:g} s. See serve.log.")
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(one) for one in text.split()]
    return []


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


def _is_alive(pid: int) -> bool:
    return bool(_command(pid))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
