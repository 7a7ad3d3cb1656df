"""Decoding of what comes from outside, in child processes that can do nothing else.

A crash, a bomb or an endless loop in a decoder is an answer about one file (`NotMatchableError`),
never the end of the service. Importing this module loads no codec.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from dataclasses import asdict
from types import TracebackType
from typing import Any

from holdfast.errors import NotMatchableError, WorkerError
from holdfast.media.forkserver import ForkServer
from holdfast.media.messages import image_from_message
from holdfast.media.remote import RemoteWorker
from holdfast.media.sandbox import SandboxStatus
from holdfast.media.types import DecodedImage, ImageLimits, Reason

__all__ = ["DecodePool"]


class _Seat:
    """A place for one worker, empty until it is needed."""

    worker: RemoteWorker | None = None


class DecodePool:
    """A fixed number of decode workers, started when first used. Thread-safe.

    One thread is served by one worker at a time; threads beyond ``workers`` wait their turn.
    """

    def __init__(self, limits: ImageLimits | None = None, workers: int | None = None) -> None:
        """``workers`` is the number of processors that this process may use, by default."""
        self.limits = limits or ImageLimits()
        self._limits_message = asdict(self.limits)
        self.workers = workers or _processors()
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._server: ForkServer | None = None
        self._closed = False
        self._seats = [_Seat() for _ in range(self.workers)]
        self._free: queue.LifoQueue[_Seat] = queue.LifoQueue()
        for seat in reversed(self._seats):
            self._free.put(seat)

    def decode_image(self, data: bytes | memoryview, exact: bool = False) -> DecodedImage:
        """The distinct pictures in ``data`` as luma: see `holdfast.media.image.decode_image`.

        Raises `NotMatchableError` for content that gives no picture within the limits, `WorkerError`
        where the workers cannot run at all.
        """
        self._check_size(data)
        with self._seat() as seat:
            worker = self._worker(seat)
            value, arrays = worker.run("image", data, {"limits": self._limits_message, "exact": exact})
            try:
                return image_from_message(value, arrays, self.limits)
            except ValueError as error:
                raise worker.distrust() from error

    def sandbox_status(self) -> SandboxStatus:
        """Which layers of the sandbox hold. Starts a worker if none runs. Raises `WorkerError`."""
        with self._seat() as seat:
            return self._worker(seat).sandbox

    def worker_pids(self) -> list[int]:
        """Process ids of the workers that run now."""
        workers = [seat.worker for seat in self._seats]
        return [worker.pid for worker in workers if worker is not None]

    @property
    def server_pid(self) -> int | None:
        """Process id of the fork server, None before the first use."""
        server = self._server
        return server.pid if server else None

    def close(self) -> None:
        """End all processes, after the tasks under way. Later use raises `WorkerError`."""
        with self._lock:
            if self._closed or os.getpid() != self._owner:
                return
            self._closed = True
        for _ in self._seats:
            seat = self._free.get()
            if seat.worker is not None:
                seat.worker.close()
                seat.worker = None
        for seat in self._seats:  # wake whoever still waits: they find the pool closed
            self._free.put(seat)
        if self._server is not None:
            self._server.close()
            self._server = None

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def _check_size(self, data: bytes | memoryview) -> None:
        """The two answers that need no worker."""
        if len(data) == 0:
            raise NotMatchableError(Reason.EMPTY, "Not matchable: the file is empty.")
        if len(data) > self.limits.max_bytes:
            raise NotMatchableError(
                Reason.TOO_LARGE,
                f"Not matchable: {len(data):,} bytes, the limit is {self.limits.max_bytes:,}. Nothing was "
                "decoded. Raise media.max_bytes to look at it.",
            )

    @contextlib.contextmanager
    def _seat(self) -> Any:
        if os.getpid() != self._owner:
            raise WorkerError(
                "This decode pool belongs to another process. Make a new DecodePool after a fork."
            )
        seat = self._free.get()
        try:
            if self._closed:
                raise WorkerError("This decode pool is closed. Nothing was decoded.")
            yield seat
        finally:
            if seat.worker is not None and seat.worker.worn_out:
                seat.worker.close()
                seat.worker = None
            self._free.put(seat)

    def _worker(self, seat: _Seat) -> RemoteWorker:
        """The seat's worker, replaced if it ended while idle."""
        if seat.worker is not None and not seat.worker.is_alive():
            seat.worker.close()
            seat.worker = None
        if seat.worker is None:
            seat.worker = self._start_worker()
        return seat.worker

    def _start_worker(self) -> RemoteWorker:
        """A new worker; from a new fork server if the old one is gone."""
        with self._lock:
            if self._server is not None:
                try:
                    return RemoteWorker(self._server, self.limits)
                except WorkerError:
                    self._server.close()
            self._server = None
            self._server = ForkServer()
            return RemoteWorker(self._server, self.limits)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
