"""The service's handle of one decode worker: start it, ask it, judge its end."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy.typing as npt

from holdfast.errors import NotMatchableError, WorkerError
from holdfast.media import wire
from holdfast.media.forkserver import ForkServer
from holdfast.media.sandbox import SandboxStatus, WorkerSetup
from holdfast.media.shared import FileSource, SharedBuffer, read_array
from holdfast.media.types import ImageLimits, Reason, VideoLimits

__all__ = ["RemoteWorker"]

_HELLO_TIMEOUT_S = 30.0
_MOST_TASKS = 2000
_MOST_CPU_S = 120
_MOST_PEAK_BYTES = 768 * 1024 * 1024  # a worker that once grew so large gives its memory back by ending
_MOST_BUFFER_BYTES = 256 * 1024 * 1024
_MOST_ARRAYS = 100_000
_LONGEST_MESSAGE = 500
_OVER_TIME = (-signal.SIGPROF, -signal.SIGXCPU)


class RemoteWorker:
    """One worker process. Used by one thread at a time."""

    def __init__(
        self, server: ForkServer, limits: ImageLimits | VideoLimits, file: BinaryIO | None = None
    ) -> None:
        """Start it. Raises `WorkerError` where workers cannot run at all.

        With ``file`` its input is that file, and nothing else can be handed to it. Raises `UsageError` as
        `FileSource`.
        """
        self._server, self._limits = server, limits
        self._tasks = 0
        self._status: int | None = None
        self.is_orphan = False  # it ended because the fork server did: no fault of its task
        self.worn_out = False
        self.peak_bytes = 0  # the most memory it has taken, as it says
        source = None if file is None else FileSource(file)
        with contextlib.ExitStack() as opened:  # descriptors may run out: none is to stay open then
            self._input: SharedBuffer | FileSource = source or SharedBuffer("holdfast-input")
            opened.callback(self._input.close)
            self._output = SharedBuffer("holdfast-output")
            opened.callback(self._output.close)
            self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            opened.pop_all()
        self._most_output_bytes = limits.output_bytes
        setup = WorkerSetup(
            input_bytes=source.size() if source else limits.max_bytes,
            output_bytes=self._most_output_bytes,
            memory_bytes=limits.max_memory_bytes,
            cpu_s=int(_MOST_CPU_S + limits.cpu_s + 2),
            medium="video" if isinstance(limits, VideoLimits) else "image",
        )
        try:
            descriptors = (theirs.fileno(), self._input.descriptor, self._output.descriptor)
            self.pid = server.fork(descriptors, setup)
        except BaseException:
            self._release()
            raise
        finally:
            theirs.close()
        self.sandbox = self._greet()

    def is_alive(self) -> bool:
        """False where it ended while idle (an idle worker has nothing to say, so any event is its end)."""
        watch = select.poll()
        watch.register(self._channel, select.POLLIN)
        return not watch.poll(0)

    def run(
        self, task: str, data: bytes | memoryview, arguments: dict[str, Any]
    ) -> tuple[Any, list[npt.NDArray[Any]]]:
        """The task's answer and arrays. Raises `NotMatchableError`. Close it if `worn_out` is true then."""
        self._tasks += 1
        size_bytes = self._hand_over(data)
        return self._checked(self._ask(self._request(task, size_bytes, arguments), self._limits.wall_s))

    def run_in_parts(
        self, task: str, data: bytes | memoryview | None, arguments: dict[str, Any]
    ) -> Iterator[tuple[Any, list[npt.NDArray[Any]]]]:
        """The parts of the task's answer, as they come; ``data`` None: of the file that it was given.

        Only waiting for the worker counts as time. Raises `NotMatchableError`, also after some parts.
        """
        message = self._request(task, self._hand_over(data), arguments)
        left_s, more = self._limits.wall_s, True
        while more:
            since = time.monotonic()
            answer = self._ask(message, left_s)
            left_s = max(left_s - (time.monotonic() - since), 0.001)
            more, message = answer.get("more") is True, {"next": True}
            yield self._checked(answer)

    def _hand_over(self, data: bytes | memoryview | None) -> int:
        """Put the input where the worker sees it; its size in bytes."""
        if isinstance(self._input, SharedBuffer) and data is not None:
            self._input.write(data)
            return len(data)
        return self._input.size()

    def _request(self, task: str, size_bytes: int, arguments: dict[str, Any]) -> dict[str, Any]:
        return {
            "task": task,
            "size_bytes": size_bytes,
            "cpu_s": self._limits.cpu_s,
            "section": self._limits.section,
            "arguments": arguments,
        }

    def _checked(self, answer: dict[str, Any]) -> tuple[Any, list[npt.NDArray[Any]]]:
        try:
            self._wear(answer)
            if "reason" in answer:
                raise NotMatchableError(Reason(answer["reason"]), _printable(answer["message"]))
            return answer["value"], self._arrays(answer["arrays"])
        except (KeyError, TypeError, ValueError) as error:
            raise self.distrust() from error

    def distrust(self) -> NotMatchableError:
        """To be raised for an answer that no sound worker gives; the worker is not used again."""
        self.worn_out = True
        return NotMatchableError(
            Reason.CRASHED,
            "Not matchable: the decoder gave an answer that makes no sense. Its worker was ended.",
        )

    def close(self) -> int:
        """End it and free everything; returns its exit status. Called once."""
        status = self._end()
        self._release()
        return status

    def _end(self) -> int:
        """Exit status of the process, which ends if it still runs."""
        if self._status is None:
            try:
                self._status = self._server.reap(self.pid)
            except WorkerError:
                self._status, self.is_orphan = -signal.SIGKILL, self._server.has_ended
        return self._status

    def _arrays(self, places: object) -> list[npt.NDArray[Any]]:
        if not isinstance(places, list) or len(places) > _MOST_ARRAYS:
            raise ValueError("a worker's arrays are not described properly")
        arrays: list[npt.NDArray[Any]] = []
        left = self._most_output_bytes
        for place in places:
            arrays.append(read_array(self._output, place, left))
            left -= arrays[-1].nbytes
        return arrays

    def _greet(self) -> SandboxStatus:
        try:
            hello = wire.receive(self._channel, _HELLO_TIMEOUT_S)
            if hello is not None:
                return SandboxStatus.from_json(hello["sandbox"])
            problem = "it ended at once"
        except (OSError, ValueError, TypeError, KeyError) as error:
            problem = str(error)
        status = self.close()
        raise WorkerError(f"A decode worker cannot run: {problem} (status {status}). Nothing was decoded.")

    def _ask(self, request: dict[str, Any], wall_s: float) -> dict[str, Any]:
        """The worker's answer. Raises `NotMatchableError` where it ends, or takes too long, on this task."""
        answer, over_time = None, False
        try:
            self._channel.settimeout(wall_s)
            wire.send(self._channel, request)
            answer = wire.receive(self._channel, wall_s)
        except TimeoutError:
            over_time = True
        except OSError:
            answer = None
        except wire.MalformedMessageError as error:
            raise self.distrust() from error
        if answer is not None:
            return answer
        self.worn_out = True
        status = None if over_time else self._end()
        if self.is_orphan:
            raise NotMatchableError(
                Reason.CRASHED,
                "Not matchable: the process that decoders come from ended, and this one with it.",
            )
        raise _post_mortem(status, self._limits)

    def _wear(self, answer: dict[str, Any]) -> None:
        self.peak_bytes = int(answer["peak_bytes"])
        self.worn_out = (
            self._tasks >= _MOST_TASKS
            or float(answer["cpu_s"]) > _MOST_CPU_S
            or self.peak_bytes > _MOST_PEAK_BYTES
            or max(self._input.size(), self._output.size()) > _MOST_BUFFER_BYTES
        )

    def _release(self) -> None:
        self._channel.close()
        self._input.close()
        self._output.close()


def _printable(text: object) -> str:
    """A worker's words, fit for a log or a terminal."""
    return "".join(c if c.isprintable() else " " for c in str(text)[:_LONGEST_MESSAGE])


def _post_mortem(status: int | None, limits: ImageLimits | VideoLimits) -> NotMatchableError:
    """Why a worker gave no answer: its exit status, None where it was ended for taking too long."""
    if status is None:
        return NotMatchableError(
            Reason.TOO_SLOW,
            f"Not matchable: not decoded within {limits.wall_s:g} s ({limits.section}.wall_s).",
        )
    if status in _OVER_TIME:
        return NotMatchableError(
            Reason.TOO_SLOW,
            f"Not matchable: not decoded within {limits.cpu_s:g} s of CPU time ({limits.section}.cpu_s).",
        )
    how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
    return NotMatchableError(Reason.CRASHED, f"Not matchable: the decoder died on these bytes ({how}).")
