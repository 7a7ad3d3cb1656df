"""`holdfast serve`: one light process that keeps the others running, and ends them.

    supervisor ── preparing (once: records, key file, first keys)
               ├─ api_process x server.processes ── decode workers
               └─ worker_process (jobs, webhooks, housekeeping)

It opens the listening socket and hands it on, so that no request is refused while a process is replaced.
It loads no database, no codec and no web framework. A process that ends is started again, after a pause that
grows. SIGTERM and SIGINT end everything gently, SIGHUP has rules and policy read again. When it is killed
itself, the others see their line close and end.
"""

from __future__ import annotations

import contextlib
import json
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from holdfast import errors
from holdfast.errors import HoldfastError, SettingsError
from holdfast.service.child import Child
from holdfast.service.hardening import no_core_dumps
from holdfast.service.logs import note
from holdfast.service.probe import wait_until_ready
from holdfast.settings import Settings, load_settings

__all__ = ["Started", "Supervisor"]

BACKLOG = 2048
MARGIN_S = 5.0  # beyond the drain, for counters and files to be closed
WORKER_AFTER_S = 5.0  # the worker process waits so long at most for the service to be ready
TICK_S = 0.2
API, WORKER = "holdfast.service.api_process", "holdfast.service.worker_process"


@dataclass(frozen=True, slots=True)
class Started:
    """What `holdfast serve` tells: the URL, and what was made for a new home."""

    url: str
    key_file: str | None
    admin: str
    upload: str


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
        self._stopping = self._hurry = self._reload = False
        self._children: list[Child] = []
        self._ready = threading.Event()
        self._measures = ""

    def run(self, on_start: Callable[[Started], object], on_ready: Callable[[float], object]) -> int:
        """Serves until SIGTERM or SIGINT; the exit status.

        ``on_start`` is told when the socket is open and the home prepared, ``on_ready`` the seconds until
        /health/ready answered 200. Raises what the home, its settings or its keys are wrong with.
        """
        started_s = time.monotonic()
        no_core_dumps()
        first = Child("API process 1", API, self._home)
        with self._signals() as wake, contextlib.ExitStack() as ending:
            ending.callback(self._end_all)
            self._children.append(first)
            first.start()  # it loads for as long as all of the following takes
            preparing = self._begin_preparing()
            ending.callback(preparing.kill)
            settings = load_settings(self._home)
            processes = self._wanted or settings.server.processes
            listening = ending.enter_context(self._listen(settings))
            self._measures = ending.enter_context(_measures(processes))
            self._begin(first, processes)
            on_start(self._prepared(preparing, listening))
            self._keep(settings, processes, listening, wake, lambda: on_ready(time.monotonic() - started_s))
            self._drain(settings.server.drain_s)
        return 0

    def _begin_preparing(self) -> subprocess.Popen[bytes]:
        keys = ["keys"] if self._print_keys else []
        command = [sys.executable, "-m", "holdfast.service.preparing", str(self._home), *keys]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def _prepared(self, preparing: subprocess.Popen[bytes], listening: socket.socket) -> Started:
        answer = preparing.communicate()[0]
        made: dict[str, Any] = json.loads(answer) if answer else {"error": "", "kind": ""}
        if "error" in made:
            kind = getattr(errors, made["kind"], HoldfastError)
            raise kind(made["error"] or "The home could not be prepared; see above. Nothing was started.")
        host, port = listening.getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        return Started(url, made["key_file"], made["admin"], made["upload"])

    def _listen(self, settings: Settings) -> socket.socket:
        host = self._host or settings.server.host
        port = settings.server.port if self._port is None else self._port
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
        except OSError as error:
            raise SettingsError(
                f"The service cannot listen on {host}, port {port} ({error.strerror}). Nothing was started. "
                "Choose another with --host and --port, or server.host and server.port."
            ) from error
        listening.setblocking(False)
        return listening

    def _keep(
        self,
        settings: Settings,
        processes: int,
        listening: socket.socket,
        wake: socket.socket,
        on_ready: Callable[[], object],
    ) -> None:
        """Starts what is to run, and starts it again when it ends, until a signal says stop."""
        first = self._children[0]
        first.tell({"listen": True}, [listening.fileno()])
        for number in range(2, processes + 1):
            self._children.append(Child(f"API process {number}", API, self._home))
        worker = Child("worker process", WORKER, self._home)
        worker.due_s = time.monotonic() + WORKER_AFTER_S
        if settings.server.job_threads:
            self._children.append(worker)
        host, port = listening.getsockname()[:2]
        probing = threading.Thread(target=self._probe, args=(host, port), daemon=True)
        probing.start()
        is_told = False
        while not self._stopping:
            if self._ready.is_set() and not is_told:
                is_told, worker.due_s = True, 0.0
                on_ready()
            self._start_what_is_due(processes, listening)
            self._wait(wake)
            self._look_after(may_give_up=not is_told)
            if self._reload:
                self._reload = False
                self._tell_reload()

    def _probe(self, host: str, port: int) -> None:
        if wait_until_ready(host, port, lambda: self._stopping):
            self._ready.set()

    def _start_what_is_due(self, processes: int, listening: socket.socket) -> None:
        now_s = time.monotonic()
        for child in self._children:
            if not child.alive and child.due_s <= now_s:
                child.start()
                self._begin(child, processes)
                child.tell({"listen": True}, [listening.fileno()])

    def _begin(self, child: Child, processes: int) -> None:
        child.tell({"processes": processes, "measures": self._measures})

    def _wait(self, wake: socket.socket) -> None:
        """Until a signal came, a process says something or ended, or a moment has passed."""
        lines = {child.line: child for child in self._children if child.line is not None}
        readable, _, _ = select.select([wake, *lines], [], [], TICK_S)
        for one in readable:
            if one is wake:
                wake.recv(4096)
            elif (message := lines[one].hear()) is not None and "reloaded" in message:
                self._tell_reload(besides=lines[one])

    def _look_after(self, *, may_give_up: bool) -> None:
        for child in self._children:
            pid = child.pid
            while child.line is not None and _has_words(child.line) and child.hear() is not None:
                pass  # its last words, before its line is closed
            status = child.reap()
            if status is None:
                continue
            _remove_measures(self._measures, pid)
            if may_give_up and child.problem:
                raise HoldfastError(child.problem)
            how = f"signal {-status}" if status < 0 else f"status {status}"
            pause_s = round(max(0.0, child.due_s - time.monotonic()), 1)
            note(
                f"{child.name} ended; it is started again",
                level="error",
                how=how,
                pause_s=pause_s,
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
        end_s = time.monotonic() + drain_s + MARGIN_S
        while any(child.alive for child in self._children) and time.monotonic() < end_s and not self._hurry:
            time.sleep(0.02)
            for child in self._children:
                child.reap()

    def _end_all(self) -> None:
        for child in self._children:
            child.kill()
        end_s = time.monotonic() + MARGIN_S
        while any(child.alive for child in self._children) and time.monotonic() < end_s:
            time.sleep(0.01)
            for child in self._children:
                child.reap()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """Signals set flags and make the socket readable; the handlers of before come back at the end."""
        ours, theirs = socket.socketpair()
        for one in (ours, theirs):
            one.setblocking(False)
        wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {number: signal.signal(number, self._on_signal) for number in wanted}
        signal.signal(signal.SIGCHLD, lambda *_: None)  # so that an end wakes us
        descriptor = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        try:
            yield ours
        finally:
            signal.set_wakeup_fd(descriptor)
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            ours.close()
            theirs.close()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reload = True
        else:
            self._hurry = self._stopping  # asked twice: do not wait
            self._stopping = True


@contextlib.contextmanager
def _measures(processes: int) -> Iterator[str]:
    """A fresh private folder where several processes put their measures together; "" for one process."""
    if processes == 1:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="holdfast-measures-") as folder:
        yield folder


def _remove_measures(folder: str, pid: int | None) -> None:
    """The gauges of a process that ended: its last list version would be taken for the oldest for ever."""
    if folder:
        for path in Path(folder).glob(f"gauge_*_{pid}.db"):
            path.unlink(missing_ok=True)


def _has_words(line: socket.socket) -> bool:
    return bool(select.select([line], [], [], 0)[0])
