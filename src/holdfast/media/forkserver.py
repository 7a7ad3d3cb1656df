"""Where decode workers come from: a small process that has loaded the codecs once and forks on request.

The service starts it by exec with an empty environment, so a worker inherits no secret, no
descriptor and no thread of the service, however many threads that has. It never sees a byte from
outside itself, and its messages are JSON. See docs/decisions/0002-decode-workers.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from holdfast.errors import WorkerError
from holdfast.media import wire
from holdfast.media.sandbox import WorkerSetup

__all__ = ["ForkServer", "serve"]

_START_TIMEOUT_S = 60.0
_REQUEST_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 2.0
_CHECK_PARENT_MS = 2000
_DESCRIPTORS = 3
_PROGRAM = (
    "import json,sys; sys.path[:]=json.loads(sys.argv[2]); "
    "from holdfast.media.forkserver import serve; serve(int(sys.argv[1]))"
)


class ForkServer:
    """The service's handle of one running fork server. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._errors: IO[bytes] = tempfile.TemporaryFile(prefix="holdfast-")  # noqa: SIM115  # closed in close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._channel = ours
        paths = [str(Path(entry).resolve()) for entry in sys.path if entry]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _PROGRAM, str(theirs.fileno()), json.dumps(paths)],
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C in a terminal is for the service alone
            )
        except OSError as error:
            ours.close()
            self._errors.close()
            raise WorkerError(f"The decode workers cannot start: {error}. Nothing was decoded.") from error
        finally:
            theirs.close()
        try:
            self._expect(_START_TIMEOUT_S)
        except WorkerError:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def fork(self, descriptors: tuple[int, int, int], setup: WorkerSetup) -> int:
        """Start a worker that holds ``descriptors`` (its socket, input, output); returns its process id."""
        with self._lock:
            return int(self._request({"fork": asdict(setup)}, descriptors)["pid"])

    def reap(self, pid: int) -> int:
        """End a worker if it still runs; returns its exit status, negative for the signal that ended it."""
        with self._lock:
            return int(self._request({"reap": pid})["status"])

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, or goes within a moment: its channel ends before it does."""
        try:
            self._process.wait(timeout=_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """End the server and, with it, every worker. May be called twice."""
        self._channel.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _request(self, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> dict[str, Any]:
        try:
            wire.send(self._channel, message, descriptors)
        except OSError as error:
            raise WorkerError(f"The process that starts decode workers is gone ({error}).") from error
        return self._expect(_REQUEST_TIMEOUT_S)

    def _expect(self, timeout_s: float) -> dict[str, Any]:
        try:
            answer = wire.receive(self._channel, timeout_s)
        except (OSError, wire.MalformedMessageError) as error:
            self._channel.close()  # a late answer must not be taken for that of the next request
            raise WorkerError(f"The process that starts decode workers does not answer ({error}).") from error
        if answer is None or "error" in answer:
            told = answer["error"] if answer else self._last_words()
            raise WorkerError(
                f"The decode workers cannot run: {told}. Nothing was decoded. See `holdfast doctor`."
            )
        return answer

    def _last_words(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            self._errors.seek(0)
            lines = self._errors.read(65536).decode(errors="replace").strip().splitlines()
            if lines:
                return lines[-1]
        return "the process ended without a word"


def serve(descriptor: int) -> None:
    """Run as the fork server, until the service closes its end of ``descriptor``."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # NumPy must start no threads: a fork would lose them
    channel = socket.socket(fileno=descriptor)
    channel.set_inheritable(False)
    parent_pid = os.getppid()
    try:
        from holdfast.media.warmup import warm_up
        from holdfast.media.worker import run_worker

        warm_up("image")
    except Exception as error:  # noqa: BLE001  # reported to the service, which raises it
        wire.send(channel, {"error": f"{type(error).__name__}: {error}"})
        return
    wire.send(channel, {"ready": True})
    children: set[int] = set()
    ready = select.poll()
    ready.register(channel, select.POLLIN)
    while True:
        if not ready.poll(_CHECK_PARENT_MS):
            if os.getppid() != parent_pid:  # somebody else still holds the other end
                return
            continue
        request, descriptors = wire.receive_with_descriptors(channel, _DESCRIPTORS)
        if request is None:
            return
        if "reap" in request:
            wire.send(channel, {"status": _reap(int(request["reap"]), children)})
            continue
        try:
            setup = WorkerSetup(**request["fork"])
            warm_up(setup.medium)
            pid = _fork(setup, descriptors, run_worker)
            children.add(pid)
            answer: dict[str, Any] = {"pid": pid}
        except (OSError, ImportError) as error:  # no memory, no process, or no codec to be had
            answer = {"error": f"no further process can be started ({error})"}
        for each in descriptors:
            os.close(each)
        wire.send(channel, answer)


def _fork(setup: WorkerSetup, descriptors: list[int], run: Any) -> int:
    server_pid = os.getpid()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            run(*descriptors, setup, server_pid)
            status = 0
        finally:
            os._exit(status)
    return pid


def _reap(pid: int, children: set[int]) -> int:
    """Kill a child that still runs and take its status; only this process reaps, so the number is its own."""
    children.remove(pid)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
