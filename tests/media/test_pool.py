"""The decode workers: the same answers as without them, and an answer to everything that goes wrong."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import signal
import subprocess
import sys
import termios
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from holdfast.errors import NotMatchableError, WorkerError
from holdfast.media import forkserver, remote
from holdfast.media import pool as pool_module
from holdfast.media.image import decode_image
from holdfast.media.pool import DecodePool
from holdfast.media.remote import RemoteWorker
from holdfast.media.types import DecodedImage, ImageLimits, Reason
from tests.media.samples import FORMATS, MODES, gif_of_frames, in_mode, scene, stored
from tests.media.videos import clip
from tests.pictures import encoded, picture

LIMITS = ImageLimits()
ON_LINUX = sys.platform.startswith("linux")


def assert_same(one: DecodedImage, other: DecodedImage) -> None:
    assert dataclasses.replace(one, frames=()) == dataclasses.replace(other, frames=())
    for a, b in zip(one.frames, other.frames, strict=True):
        np.testing.assert_array_equal(a.luma, b.luma)
        assert (a.fine is None) == (b.fine is None)
        if a.fine is not None:
            np.testing.assert_array_equal(a.fine, b.fine)
        assert dataclasses.replace(a, luma=b.luma, fine=b.fine) == b


def refusal(pool: DecodePool, data: bytes) -> NotMatchableError:
    with pytest.raises(NotMatchableError) as caught:
        pool.decode_image(data)
    return caught.value


def wait_until(condition: Callable[[], bool], timeout_s: float = 120) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (ON_LINUX and status.read_text().rpartition(")")[2].split()[0] == "Z")


def has_work(pool: DecodePool) -> bool:
    """Whether a request lies in the line to the pool's one worker, which stands still."""
    worker = pool._seats[0].worker
    assert worker is not None
    waiting = fcntl.ioctl(worker._channel, termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(waiting, sys.byteorder) > 0


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_decodes_the_same_inside_the_sandbox(pool: DecodePool, name: str) -> None:
    assert_same(pool.decode_image(stored(name)), decode_image(stored(name), LIMITS))


@pytest.mark.parametrize("name", MODES)
def test_every_mode_decodes_the_same_inside_the_sandbox(pool: DecodePool, name: str) -> None:
    assert_same(pool.decode_image(in_mode(name)), decode_image(in_mode(name), LIMITS))


def test_animations_damage_and_scale_pass_through(pool: DecodePool) -> None:
    image = picture(2, 1100, 1040)
    translucent = scene().convert("RGBA")
    translucent.putalpha(100)
    files = [
        gif_of_frames(scene(1), scene(2), repeat=2),
        encoded(scene(), "JPEG")[:3000],
        encoded(image, "JPEG"),
        encoded(translucent, "PNG"),
        encoded(scene(1), "MPO", save_all=True, append_images=[scene(2)]),
    ]
    for data in files:
        assert_same(pool.decode_image(data), decode_image(data, LIMITS))
    assert pool.decode_image(files[2]).frames[0].scale == 2
    assert pool.decode_image(files[2], exact=True).frames[0].scale == 1
    assert_same(pool.decode_image(memoryview(files[2])), decode_image(files[2], LIMITS))


def test_refusals_pass_through(pool: DecodePool) -> None:
    assert refusal(pool, b"").reason == Reason.EMPTY
    assert refusal(pool, b"a text " * 100).reason == Reason.NOT_MEDIA
    assert refusal(pool, stored("PNG")[:30]).reason == Reason.DAMAGED
    with DecodePool(dataclasses.replace(LIMITS, max_bytes=100), workers=1) as small:
        assert refusal(small, stored("PNG")).reason == Reason.TOO_LARGE
        assert small.worker_pids() == []


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    name=st.sampled_from(FORMATS),
    cut=st.floats(0, 1),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
)
def test_damaged_files_are_always_an_answer(
    pool: DecodePool, name: str, cut: float, edits: list[tuple[float, int]]
) -> None:
    data = bytearray(stored(name)[: max(1, int(len(stored(name)) * (0.3 + 0.7 * cut)))])
    for place, value in edits:
        data[int(place * len(data))] = value
    try:
        decoded = pool.decode_image(bytes(data))
    except NotMatchableError as error:
        assert str(error).startswith("Not matchable: ")
        assert Reason(error.reason)
    else:
        assert decoded.frames


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(head=st.sampled_from(FORMATS), body=st.binary(max_size=400))
def test_random_bytes_are_always_an_answer(pool: DecodePool, head: str, body: bytes) -> None:
    for data in (body or b"x", stored(head)[:16] + body):
        try:
            assert pool.decode_image(data).frames
        except NotMatchableError as error:
            assert Reason(error.reason)


def test_a_worker_that_dies_is_an_answer_and_is_replaced() -> None:
    with DecodePool(workers=1) as pool, ThreadPoolExecutor(1) as threads:
        pool.decode_image(stored("PNG"))
        (pid,) = pool.worker_pids()
        os.kill(pid, signal.SIGSTOP)  # so that it surely is at work when it dies
        asked = threads.submit(pool.decode_image, stored("PNG"))
        wait_until(lambda: has_work(pool))
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(NotMatchableError, match="SIGKILL") as caught:
            asked.result(timeout=120)
        assert caught.value.reason == Reason.CRASHED
        assert pool.decode_image(stored("PNG")).frames
        assert pool.worker_pids() != [pid]


def test_where_the_server_dies_the_file_is_not_to_blame() -> None:
    with DecodePool(workers=1) as pool, ThreadPoolExecutor(1) as threads:
        pool.decode_image(stored("PNG"))
        (worker,), server = pool.worker_pids(), pool.server_pid
        assert server is not None
        os.kill(worker, signal.SIGSTOP)  # so that it surely is at work when its server dies
        asked = threads.submit(pool.decode_image, stored("PNG"))
        wait_until(lambda: has_work(pool))
        os.kill(server, signal.SIGKILL)
        assert asked.result(timeout=120).frames
        assert pool.server_pid != server and pool.worker_pids() != [worker]


@pytest.mark.parametrize("kind", ["bytes", "file"])
def test_nor_is_a_video_of_which_nothing_came_yet(tmp_path: Path, kind: str) -> None:
    (tmp_path / "film.mp4").write_bytes(clip())
    with DecodePool(workers=1) as pool, (tmp_path / "film.mp4").open("rb") as file:
        pool.decode_image(stored("PNG"))
        pool.decode_video(clip())  # whatever is loaded once is open now
        open_before = len(list(Path("/proc/self/fd").iterdir())) if ON_LINUX else 0
        server, started = pool.server_pid, list[int]()
        assert server is not None
        original = RemoteWorker.run_in_parts

        def run_in_parts(self: RemoteWorker, *arguments: Any) -> Iterator[Any]:
            started.append(self.pid)
            if len(started) == 1:
                os.kill(server, signal.SIGKILL)
                wait_until(lambda: not is_running(self.pid))
            return original(self, *arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RemoteWorker, "run_in_parts", run_in_parts)
            assert pool.decode_video(clip() if kind == "bytes" else file).frames
        assert len(started) == 2 and pool.server_pid != server
        pool.decode_image(stored("PNG"))
        assert not ON_LINUX or len(list(Path("/proc/self/fd").iterdir())) <= open_before


def test_a_late_answer_of_the_server_is_not_taken_for_another_one() -> None:
    with DecodePool(workers=1) as pool:
        pool.decode_image(stored("PNG"))
        server, (worker,) = pool._server, pool.worker_pids()
        assert server is not None
        os.kill(server.pid, signal.SIGSTOP)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(forkserver, "_REQUEST_TIMEOUT_S", 0.2)
            patch.setattr(forkserver, "_END_TIMEOUT_S", 0.2)
            with pytest.raises(WorkerError, match="does not answer"):
                server.reap(worker)
            assert not server.has_ended
        os.kill(server.pid, signal.SIGCONT)  # it answers now, and nobody is to hear it
        with pytest.raises(WorkerError, match="is gone"):
            server.reap(worker)
        wait_until(lambda: not is_running(worker))
        assert pool.decode_image(stored("PNG")).frames
        assert pool.server_pid != server.pid and pool.worker_pids() != [worker]


def test_where_the_server_dies_twice_the_file_may_be_to_blame() -> None:
    died = NotMatchableError(Reason.CRASHED, "Not matchable: the decoder died on these bytes.")

    class Orphan:
        is_orphan = True

    asked: list[Orphan] = []

    def ask(worker: Orphan) -> None:
        asked.append(worker)
        raise died

    with pytest.raises(NotMatchableError) as caught:
        pool_module._answer(cast("Any", Orphan), cast("Any", ask))
    assert caught.value is died and len(asked) == 2


@pytest.mark.parametrize("which", ["worker", "server"])
def test_what_dies_while_idle_is_replaced_unnoticed(which: str) -> None:
    with DecodePool(workers=1) as pool:
        pool.decode_image(stored("PNG"))
        (worker,) = pool.worker_pids()
        pid = worker if which == "worker" else pool.server_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        # A worker dies a moment after its server: until then it is not idle that it dies.
        wait_until(lambda: not is_running(pid) and not is_running(worker))
        assert pool.decode_image(stored("PNG")).frames
        assert pool.worker_pids() != [worker]


def test_memory_is_limited() -> None:
    flat = encoded(Image.new("RGBA", (6000, 5000), "teal"), "PNG")
    with DecodePool(dataclasses.replace(LIMITS, max_memory_bytes=100 * 1024**2), workers=1) as pool:
        assert refusal(pool, flat).reason == Reason.OUT_OF_MEMORY
        assert pool.decode_image(stored("PNG")).frames


def test_processor_time_is_limited() -> None:
    slow = encoded(picture(1, 1800, 1400), "JPEG2000")
    with DecodePool(dataclasses.replace(LIMITS, cpu_s=0.2), workers=1) as pool:
        error = refusal(pool, slow)
        assert error.reason == Reason.TOO_SLOW
        assert "CPU" in str(error)
        assert pool.decode_image(stored("JPEG")).frames


def test_time_on_the_clock_is_limited() -> None:
    with DecodePool(dataclasses.replace(LIMITS, wall_s=0.3), workers=1) as pool:
        pool.sandbox_status()
        os.kill(pool.worker_pids()[0], signal.SIGSTOP)
        start = time.monotonic()
        assert refusal(pool, stored("PNG")).reason == Reason.TOO_SLOW
        assert time.monotonic() - start < 60  # it would stand still for ever
        pool.limits = LIMITS  # the next worker's: a busy machine takes longer than that for a picture
        assert pool.decode_image(stored("PNG")).frames


def test_workers_are_retired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_MOST_TASKS", 3)
    with DecodePool(workers=1) as pool:
        seen = set()
        for _ in range(6):
            pool.decode_image(stored("JPEG"))
            seen.update(pool.worker_pids())
        assert len(seen) == 2


def test_many_threads_share_few_workers() -> None:
    files = [encoded(scene(seed), "PNG") for seed in range(6)]
    expected = [decode_image(data, LIMITS) for data in files]
    with DecodePool(workers=2) as pool, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(pool.decode_image, files * 8))
        assert len(pool.worker_pids()) <= 2
    for answer, wanted in zip(answers, expected * 8, strict=True):
        assert_same(answer, wanted)


def test_nothing_is_left_after_close() -> None:
    before = len(list(Path("/proc/self/fd").iterdir())) if ON_LINUX else 0
    pool = DecodePool(workers=2)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(pool.decode_image, [stored("PNG")] * 6))
    pids = [*pool.worker_pids(), pool.server_pid]
    pool.close()
    pool.close()
    wait_until(lambda: not any(is_running(pid) for pid in pids if pid))
    if ON_LINUX:
        assert len(list(Path("/proc/self/fd").iterdir())) == before
    with pytest.raises(WorkerError, match="closed"):
        pool.decode_image(stored("PNG"))


def test_when_the_service_is_killed_so_are_its_workers() -> None:
    program = """
        import time
        from holdfast.media.pool import DecodePool
        pool = DecodePool(workers=1)
        pool.sandbox_status()
        print(pool.server_pid, *pool.worker_pids(), flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        pids = [int(word) for word in service.stdout.readline().split()]
        assert len(pids) == 2
        service.kill()
    wait_until(lambda: not any(is_running(pid) for pid in pids))


def test_a_child_of_fork_may_not_use_its_parents_pool(pool: DecodePool) -> None:
    pool.decode_image(stored("PNG"))
    program = """
        import os, sys
        from holdfast.errors import WorkerError
        from holdfast.media.pool import DecodePool
        pool = DecodePool(workers=1)
        pool.sandbox_status()
        pid = os.fork()
        if pid == 0:
            try:
                pool.decode_image(b"x")
            except WorkerError:
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        pool.sandbox_status()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=240)


def test_workers_that_cannot_start_are_no_answer_about_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with DecodePool(workers=1) as pool, pytest.raises(WorkerError, match="cannot start"):
        pool.decode_image(stored("PNG"))


def test_the_reason_is_told_where_codecs_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if "site-packages" not in entry])
    with DecodePool(workers=1) as pool, pytest.raises(WorkerError, match="No module named"):
        pool.decode_image(stored("PNG"))


def test_without_its_plugin_jpeg_xl_is_an_answer() -> None:
    program = """
        import sys
        sys.modules["pillow_jxl"] = None
        from holdfast.errors import NotMatchableError
        from holdfast.media.image import decode_image
        from holdfast.media.types import ImageLimits
        try:
            decode_image(bytes((0xFF, 0x0A)) + bytes(50), ImageLimits())
        except NotMatchableError as error:
            assert error.reason == "not_media" and "pillow-jxl-plugin" in str(error)
        else:
            raise SystemExit("no answer")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=240)


def test_importing_the_pool_loads_no_codec() -> None:
    program = "import holdfast.media.types, holdfast.media.pool, sys; sys.exit('PIL' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=240)
