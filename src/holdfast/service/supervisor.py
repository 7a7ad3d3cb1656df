"""`holdfast serve`: one light process that keeps the others running, and ends them.

    supervisor ── preparing (once: records, key file, first keys)
               ├─ api.process x server.processes ── decode workers
               └─ worker_process (jobs, webhooks, housekeeping, deep checks)

It opens the listening socket and hands it on, so that no request is refused while a process is replaced.
It loads no database, no codec and no web framework. A process that ends is started again, after a pause that
grows. SIGTERM and SIGINT end everything gently, SIGHUP has rules and policy read again. When it is killed
itself, the others see their line close and end.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast import errors
from holdfast.errors import HoldfastError, WorkerError
from holdfast.service.child import Child
from holdfast.service.hardening import no_core_dumps
from holdfast.service.listening import listen, url_of
from holdfast.service.logs import note
from holdfast.service.measuring import forget_process, measures_folder
from holdfast.service.probe import wait_until_ready
from holdfast.service.running import claim
from holdfast.service.signals import Signals

__all__ = ["Started", "Supervisor"]

MARGIN_S = 5.0  # beyond the drain, for counters and files to be closed
WORKER_AFTER_S = 5.0  # the worker process waits so long at most for the service to be ready
TICK_S = 0.2
API, WORKER = "holdfast.api.process", "holdfast.service.worker_process"


@dataclass(frozen=True, slots=True)
class Started:
    """What `holdfast serve` tells: the URL, and what was made for a new home ("" where nothing was)."""

    url: str
    key_file: str
    admin: str = field(repr=False)
    upload: str = field(repr=False)


class Supervisor:
    """Runs the service on one home until it is told to stop. For the main thread.

    ``host``, ``port`` and ``processes`` go before the settings. With ``print_keys`` a home without any key
    gets its first ones; otherwise none are made, because nobody would see them.
    """

    def __init__(
        self,
        home: Path,
        *,
        host: str | None = None,
        port: int | None = None,
        processes: int | None = None,
        print_keys: bool = True,
    ) -> None:
        self._home = home
        self._host, self._port, self._wanted = host, port, processes
        self._print_keys = print_keys
        self._signals = Signals()
        self._children: list[Child] = []
        self._ready = threading.Event()
        self._measures = ""
        self._processes = 1

    def run(self, on_start: Callable[[Started], object], on_ready: Callable[[float], object]) -> None:
        """Serves until SIGTERM or SIGINT.

        ``on_start`` is told when the socket is open and the home prepared, ``on_ready`` the seconds until
        /health/ready answered 200. Raises what the home, its settings or its keys are wrong with.
        """
        started_s = time.monotonic()
        no_core_dumps()
        with self._signals.caught(), contextlib.ExitStack() as ending:
            ending.callback(self._end_all)
            self._children.append(Child("API process 1", API, self._home))
            self._children[0].start()  # it loads for as long as all of the following takes
            preparing = self._begin_preparing()
            ending.callback(preparing.kill)
            from holdfast.settings import load_settings  # half a second, which the others must not wait for

            server = load_settings(self._home).server
            self._processes = self._wanted or server.processes
            self._measures = ending.enter_context(measures_folder(self._processes))
            self._begin(self._children[0])
            port = server.port if self._port is None else self._port
            listening = ending.enter_context(listen(self._host or server.host, port))
            started = self._prepared(preparing, listening)
            ending.enter_context(claim(self._home))
            on_start(started)
            self._children[0].tell({"listen": True}, [listening.fileno()])
            self._add_children(with_worker=server.job_threads > 0)
            self._keep(listening, lambda: on_ready(time.monotonic() - started_s))
            self._drain(server.drain_s)

    def _begin_preparing(self) -> subprocess.Popen[bytes]:
        keys = ["keys"] if self._print_keys else []
        command = [sys.executable, "-m", "holdfast.service.preparing", str(self._home), *keys]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def _prepared(self, preparing: subprocess.Popen[bytes], listening: socket.socket) -> Started:
        answer = preparing.communicate()[0]
        if not answer:
            raise WorkerError("The home could not be prepared; the lines above say why. Nothing was started.")
        made: dict[str, Any] = json.loads(answer)
        if "error" in made:
            kind: type[HoldfastError] = getattr(errors, made["kind"])
            raise kind(made["error"])
        return Started(url_of(listening), made["key_file"], made["admin"], made["upload"])

    def _add_children(self, *, with_worker: bool) -> None:
        for number in range(2, self._processes + 1):
            self._children.append(Child(f"API process {number}", API, self._home))
        if with_worker:
            worker = Child("worker process", WORKER, self._home)
            worker.due_s = time.monotonic() + WORKER_AFTER_S
            self._children.append(worker)

    def _keep(self, listening: socket.socket, on_ready: Callable[[], object]) -> None:
        """Starts what is due and starts it again when it ends, until a signal says stop."""
        probing = threading.Thread(target=self._probe, args=listening.getsockname()[:2], daemon=True)
        probing.start()
        is_told = False
        while not self._signals.stop:
            if self._ready.is_set() and not is_told:
                is_told = True
                for child in self._children:
                    child.due_s = 0.0
                on_ready()
            self._start_what_is_due(listening)
            self._wait()
            self._look_after(may_give_up=not is_told)
            if self._signals.take_reload():
                self._tell_reload()

    def _probe(self, host: str, port: int) -> None:
        if wait_until_ready(host, port, lambda: self._signals.stop):
            self._ready.set()
            self._signals.poke()

    def _start_what_is_due(self, listening: socket.socket) -> None:
        now_s = time.monotonic()
        for child in self._children:
            if not child.alive and child.due_s <= now_s:
                child.start()
                self._begin(child)
                child.tell({"listen": True}, [listening.fileno()])

    def _begin(self, child: Child) -> None:
        child.tell({"processes": self._processes, "measures": self._measures})

    def _wait(self) -> None:
        """Until a signal came, a process says something or ended, or a moment has passed."""
        lines = {child.line: child for child in self._children if child.line is not None}
        readable, _, _ = select.select([self._signals.wake, *lines], [], [], TICK_S)
        for one in readable:
            if one is self._signals.wake:
                one.recv(4096)
            elif (message := lines[one].hear()) is not None and "reloaded" in message:
                self._tell_reload(besides=lines[one])

    def _look_after(self, *, may_give_up: bool) -> None:
        for child in self._children:
            pid, status = child.pid, child.reap()
            if status is None:
                continue
            forget_process(self._measures, pid)
            if may_give_up and child.problem:
                raise WorkerError(child.problem)
            note(
                f"{child.name} ended; it is started again",
                level="error",
                how=f"signal {-status}" if status < 0 else f"status {status}",
                pause_s=round(max(0.0, child.due_s - time.monotonic()), 1),
                problem=child.problem,
            )

    def _tell_reload(self, besides: Child | None = None) -> None:
        for child in self._children:
            if child is not besides:
                child.tell({"reload": True})

    def _drain(self, drain_s: float) -> None:
        """Everything ends by itself; what has not after the drain is killed."""
        for child in self._children:
            child.terminate()
        self._wait_for_ends(drain_s + MARGIN_S)

    def _end_all(self) -> None:
        for child in self._children:
            child.kill()
        self._signals.hurry = False
        self._wait_for_ends(MARGIN_S)

    def _wait_for_ends(self, most_s: float) -> None:
        end_s = time.monotonic() + most_s
        while time.monotonic() < end_s and not self._signals.hurry:
            for child in self._children:
                child.reap()
            if not any(child.alive for child in self._children):
                return
            time.sleep(0.01)
