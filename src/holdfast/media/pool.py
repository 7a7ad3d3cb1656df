"""Decoding of what comes from outside, in child processes that can do nothing else.

A crash, a bomb or an endless loop in a decoder is an answer about one file (`NotMatchableError`),
never the end of the service. Importing this module loads no codec.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from types import TracebackType
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from holdfast.errors import NotMatchableError, WorkerError
from holdfast.media.forkserver import ForkServer
from holdfast.media.messages import image_from_message, sound_from_message, whole
from holdfast.media.remote import RemoteWorker
from holdfast.media.sandbox import SandboxStatus
from holdfast.media.shared import size_of
from holdfast.media.types import (
    DecodedImage,
    DecodedVideo,
    ImageLimits,
    Reason,
    SoundSketch,
    VideoFrame,
    VideoLimits,
    VideoMode,
)
from holdfast.media.videoreader import Progress, VideoReader

__all__ = ["DecodePool"]

T = TypeVar("T")


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
        _check_size(len(data), self.limits)
        arguments = {"limits": self._limits_message, "exact": exact}
        with self._seat() as seat:
            worker, (value, arrays) = _answer(
                lambda: self._worker(seat), lambda worker: worker.run("image", data, arguments)
            )
            try:
                return image_from_message(value, arrays, self.limits)
            except ValueError as error:
                raise worker.distrust() from error

    def preview_image(
        self, data: bytes | memoryview, *, max_side_px: int
    ) -> tuple[npt.NDArray[np.uint8], bool]:
        """The first picture in ``data``, small and in colour: see `holdfast.media.preview.make_preview`.

        Raises as `decode_image`.
        """
        _check_size(len(data), self.limits)
        arguments = {"limits": self._limits_message, "max_side_px": max_side_px}
        with self._seat() as seat:
            worker, (value, arrays) = _answer(
                lambda: self._worker(seat), lambda worker: worker.run("preview", data, arguments)
            )
            try:
                picture = arrays[whole(value["picture"], 0, len(arrays) - 1)]
                is_several = value["is_several"] is True
            except (KeyError, TypeError, ValueError) as error:
                raise worker.distrust() from error
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
                raise worker.distrust()
            if max(picture.shape[:2]) > max_side_px:
                raise worker.distrust()
            return picture, is_several

    def sketch_sound(self, data: bytes | memoryview, limits: VideoLimits) -> SoundSketch:
        """The spectrogram of a sound, as far as ``limits.max_duration_s``: see `holdfast.media.sound`.

        Every sound gets a fresh worker. Raises as `decode_image`.
        """
        _check_size(len(data), limits)
        with self._seat(), contextlib.ExitStack() as ends:
            worker, (value, arrays) = _answer(
                lambda: self._fresh_worker(limits, ends),
                lambda worker: worker.run("sound", data, {"max_s": limits.max_duration_s}),
            )
            try:
                return sound_from_message(value, arrays)
            except ValueError as error:
                raise worker.distrust() from error

    @contextlib.contextmanager
    def open_video(
        self,
        source: bytes | memoryview | BinaryIO,
        limits: VideoLimits | None = None,
        *,
        every_s: float = 1.0,
        mode: VideoMode = VideoMode.FULL,
        min_side: int = 512,
        track: int = 0,
        span_s: tuple[float, float] | None = None,
        on_progress: Progress | None = None,
    ) -> Iterator[VideoReader]:
        """The frames shown at 0, ``every_s``, 2 ``every_s``, ... (0: all): an iterator, in a ``with`` block.

        ``source`` is the file as bytes, or open for reading. Every video gets a fresh worker, which
        ends with the block. Frames are reduced by a whole number while neither side falls under
        ``min_side`` pixels: 512 keeps PDQ within a bit or so. ``track`` says which of ``info.tracks`` tracks
        is looked at: 0 is what players show, then come further videos, then covers. To have seen a whole
        file, look at each. ``span_s``, (start, end), is for a closer look: only moments with start <= moment
        <= end come, none where the video ends before, and what lies outside is not told as missing; not
        with keyframes. See `holdfast.media.video.VideoDecoder`. ``on_progress`` is called in this thread,
        about twice a second. Raises ValueError for numbers that mean nothing, `NotMatchableError` for
        content that gives no frame within ``limits``, `WorkerError` where the workers cannot run at all.
        """
        limits = limits or VideoLimits()
        if isinstance(source, (bytes, memoryview)):
            data, file = memoryview(source), None
            size_bytes = len(data)
        else:
            data, file = None, source
            size_bytes = size_of(source)
        _check_size(size_bytes, limits)

        def read(worker: RemoteWorker) -> VideoReader:
            return VideoReader(
                worker,
                data,
                limits,
                every_s=every_s,
                mode=mode,
                min_side=min_side,
                track=track,
                span_s=span_s,
                on_progress=on_progress,
            )

        with self._seat(), contextlib.ExitStack() as ends:
            yield _answer(lambda: self._fresh_worker(limits, ends, file), read)[1]

    def decode_video(
        self,
        source: bytes | memoryview | BinaryIO,
        limits: VideoLimits | None = None,
        *,
        every_s: float = 1.0,
        mode: VideoMode = VideoMode.FULL,
        min_side: int = 512,
        track: int = 0,
        span_s: tuple[float, float] | None = None,
        on_progress: Progress | None = None,
    ) -> DecodedVideo:
        """A short video with all its frames in memory; see `open_video`, which is for any length.

        Ends with what was seen, incomplete, where the frames take more than ``limits.max_kept_bytes``.
        """
        limits = limits or VideoLimits()
        frames: list[VideoFrame] = []
        left_bytes = limits.max_kept_bytes
        with self.open_video(
            source,
            limits,
            every_s=every_s,
            mode=mode,
            min_side=min_side,
            track=track,
            span_s=span_s,
            on_progress=on_progress,
        ) as reader:
            for frame in reader:
                if not frames or frame.luma is not frames[-1].luma:
                    left_bytes -= frame.luma.nbytes
                if left_bytes < 0:
                    return _cut_off(reader, frames, limits)
                frames.append(frame)
            return replace(reader.outcome(), frames=tuple(frames))

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

    @contextlib.contextmanager
    def _seat(self) -> Iterator[_Seat]:
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
            seat.worker = self._new_worker(self.limits)
        return seat.worker

    def _fresh_worker(
        self, limits: VideoLimits, ends: contextlib.ExitStack, file: BinaryIO | None = None
    ) -> RemoteWorker:
        """A worker for one task, which ends with ``ends``."""
        worker = self._new_worker(limits, file)
        ends.callback(worker.close)
        return worker

    def _new_worker(self, limits: ImageLimits | VideoLimits, file: BinaryIO | None = None) -> RemoteWorker:
        """A new worker; from a new fork server if the old one is gone."""
        with self._lock:
            if self._server is not None:
                try:
                    return RemoteWorker(self._server, limits, file)
                except WorkerError:
                    self._server.close()
            self._server = None
            self._server = ForkServer()
            return RemoteWorker(self._server, limits, file)


def _answer(
    worker_of: Callable[[], RemoteWorker], ask: Callable[[RemoteWorker], T]
) -> tuple[RemoteWorker, T]:
    """A worker, and what it answers: once more, of another one, where the fork server died meanwhile.

    Where that happens twice, it is the answer: the file may be to blame after all. The second try has all of
    the time that the first had.
    """
    worker = worker_of()
    try:
        return worker, ask(worker)
    except NotMatchableError:
        if not worker.is_orphan:
            raise
    worker = worker_of()
    return worker, ask(worker)


def _cut_off(reader: VideoReader, frames: list[VideoFrame], limits: VideoLimits) -> DecodedVideo:
    end_s = frames[-1].time_s if frames else 0.0
    return DecodedVideo(
        info=reader.info,
        frames=tuple(frames),
        duration_s=end_s,
        frames_decoded=frames[-1].index + 1 if frames else 0,
        incomplete=Reason.TOO_MANY_FRAMES,
        incomplete_detail=f"looked at the first {end_s:.0f} s: their pictures take more than "
        f"{limits.max_kept_bytes:,} bytes (video.max_kept_bytes)",
    )


def _check_size(size_bytes: int, limits: ImageLimits | VideoLimits) -> None:
    """The two answers that need no worker."""
    if size_bytes == 0:
        raise NotMatchableError(Reason.EMPTY, "Not matchable: the file is empty.")
    if size_bytes > limits.max_bytes:
        raise NotMatchableError(
            Reason.TOO_LARGE,
            f"Not matchable: {size_bytes:,} bytes, the limit is {limits.max_bytes:,}. Nothing was "
            f"decoded. Raise {limits.section}.max_bytes to look at it.",
        )


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
