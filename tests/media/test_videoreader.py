"""Videos through the decode workers: the same answers, in parts, and an answer to whatever goes wrong."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast.errors import NotMatchableError, UsageError
from holdfast.media import videomessages
from holdfast.media.pool import DecodePool
from holdfast.media.types import DecodedVideo, Reason, VideoLimits, VideoMode
from holdfast.media.videoreader import VideoReader
from tests.media.test_videopackets import film
from tests.media.videos import SCRIPTS, alone, clip, nearest, remuxed, scene, sound, stills

LIMITS = VideoLimits()
MEBIBYTE = 1024**2


def assert_same(one: DecodedVideo, other: DecodedVideo) -> None:
    assert replace(one, frames=()) == replace(other, frames=())
    for a, b in zip(one.frames, other.frames, strict=True):
        np.testing.assert_array_equal(a.luma, b.luma)
        fields = ("time_s", "index", "width", "height", "scale", "full_range")
        assert [getattr(a, name) for name in fields] == [getattr(b, name) for name in fields]


def refusal(pool: DecodePool, source: Any, limits: VideoLimits = LIMITS) -> NotMatchableError:
    with pytest.raises(NotMatchableError) as caught:
        pool.decode_video(source, limits)
    assert str(caught.value).startswith("Not matchable: ")
    return caught.value


FORMS: dict[str, Callable[[], bytes]] = {
    "H.264": clip,
    "H.265, 10 bits": lambda: clip(
        "libx265", "mp4", "yuv420p10le", options=(("x265-params", "log-level=none"),)
    ),
    "AV1": lambda: clip("libsvtav1", "mp4", options=(("preset", "12"),)),
    "VP9": lambda: clip("libvpx-vp9", "webm", options=(("cpu-used", "8"),)),
    "RealVideo": lambda: clip("rv20", "rm"),
    "RGB": lambda: clip("ffv1", "matroska", "bgr0"),
    "a cover": lambda: remuxed(clip(), cover=scene(3)),
    "a cut": lambda: film("matroska")[: len(film("matroska")) * 6 // 10],
    "two sizes": lambda: clip(container="mpegts") + clip(container="mpegts", size=(192, 160)),
}


@pytest.mark.parametrize("mode", list(VideoMode))
@pytest.mark.parametrize("name", FORMS)
def test_every_form_decodes_the_same_inside_the_sandbox(pool: DecodePool, name: str, mode: VideoMode) -> None:
    data = FORMS[name]()
    assert_same(pool.decode_video(data, mode=mode, every_s=0.5), alone(data, mode=mode, every_s=0.5))


def test_a_file_is_read_where_it_lies(pool: DecodePool, tmp_path: Path) -> None:
    path = tmp_path / "film.bin"
    path.write_bytes(clip())
    with path.open("rb") as file:
        assert_same(pool.decode_video(file), alone(clip()))
        assert_same(
            pool.decode_video(file, mode=VideoMode.KEYFRAMES), alone(clip(), mode=VideoMode.KEYFRAMES)
        )
    with path.open("r+b") as file, pytest.raises(UsageError, match="open for reading alone"):
        pool.decode_video(file)


def test_other_tracks_pass_through(pool: DecodePool) -> None:
    data = remuxed(clip(), cover=scene(3))
    assert_same(pool.decode_video(data, track=1), alone(data, track=1))
    with pytest.raises(NotMatchableError, match="no more"):
        pool.decode_video(data, track=2)


def test_a_video_comes_in_parts(pool: DecodePool) -> None:
    data = stills(*((n, np.full((1000, 1000), n, np.uint8)) for n in range(50)))
    with pool.open_video(data, every_s=0.1, min_side=1000) as reader:
        assert reader.info.codec == "h264"
        first = [next(reader) for _ in range(10)]
        with pytest.raises(ValueError, match="after its last frame"):
            reader.outcome()
        rest = list(reader)
        assert [int(frame.luma[0, 0]) for frame in (*first, *rest)] == list(range(50))
        assert reader.outcome().frames_decoded == 50
        assert list(reader) == []


def test_progress_is_told(pool: DecodePool) -> None:
    told: list[tuple[float, float | None]] = []
    pool.decode_video(clip(), on_progress=lambda reached_s, length_s: told.append((reached_s, length_s)))
    assert told == sorted(told)
    assert told[-1] == (4.0, 4.0)


def test_a_reader_that_is_left_leaves_no_worker(pool: DecodePool) -> None:
    with pool.open_video(clip()) as reader:
        pid = reader._worker.pid
        next(reader)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(RuntimeError, match="mine"), pool.open_video(clip()):
        raise RuntimeError("mine")


@pytest.mark.parametrize(
    "asked", [{"every_s": -1.0}, {"every_s": float("nan")}, {"min_side": 0}, {"track": -1}]
)
def test_numbers_that_mean_nothing_are_refused(pool: DecodePool, asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="begin at 0"):
        pool.decode_video(clip(), **asked)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_named_like_a_video_are_no_media(pool: DecodePool, name: str, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(SCRIPTS[name])
    with path.open("rb") as file:
        assert refusal(pool, file).reason == Reason.NOT_MEDIA


def test_nothing_and_nothing_to_see(pool: DecodePool) -> None:
    assert refusal(pool, b"").reason == Reason.EMPTY
    assert refusal(pool, sound()).reason == Reason.NOT_MEDIA
    assert refusal(pool, clip()[:40]).reason == Reason.DAMAGED
    assert refusal(pool, b"text " * 100).reason == Reason.NOT_MEDIA
    assert refusal(pool, clip(), VideoLimits(max_bytes=100)).reason == Reason.TOO_LARGE


def test_one_frame_is_a_video(pool: DecodePool) -> None:
    video = pool.decode_video(clip(seconds=1, fps=1))
    assert [(frame.time_s, nearest(frame)) for frame in video.frames] == [(0.0, 0)]
    assert video.incomplete is None


def test_black_is_a_video(pool: DecodePool) -> None:
    video = pool.decode_video(stills(*((n, np.zeros((64, 64), np.uint8)) for n in range(30))))
    assert [int(frame.luma.max()) for frame in video.frames] == [0, 0, 0]
    assert video.incomplete is None


def test_ten_hours(pool: DecodePool) -> None:
    data = clip(
        stamps=tuple(range(0, 36_000_000, 120_000)), size=(48, 40), options=(("preset", "ultrafast"),)
    )
    video = pool.decode_video(data, VideoLimits(max_duration_s=12 * 3600))
    assert len(video.frames) == pytest.approx(36_000, abs=121)
    assert len({id(frame.luma) for frame in video.frames}) < 700  # one for each frame and each part
    assert video.incomplete is None
    short = pool.decode_video(data)
    assert len(short.frames) == 6 * 3600 + 1
    assert short.incomplete == Reason.TOO_MANY_FRAMES
    assert short.incomplete_detail.startswith("looked at the first 21601 s of 35")
    assert short.incomplete_detail.endswith("video.max_duration_s is reached")
    fast = pool.decode_video(data, VideoLimits(max_duration_s=12 * 3600), every_s=0.0)
    assert len(fast.frames) == fast.frames_decoded == 300


def test_8k_is_looked_at_within_a_gibibyte(pool: DecodePool) -> None:
    small = np.random.default_rng(1).integers(0, 256, (54, 96), np.uint8)
    large = np.kron(small, np.ones((80, 80), np.uint8))
    with pool.open_video(stills((0, large), (10, large), options=(("preset", "ultrafast"),))) as reader:
        frames = list(reader)
    assert (frames[0].width, frames[0].height, frames[0].scale) == (7680, 4320, 8)
    np.testing.assert_array_equal(frames[0].luma, np.kron(small, np.ones((10, 10), np.uint8)))
    assert 64 * MEBIBYTE < reader.peak_bytes < 1024 * MEBIBYTE


def test_too_many_pixels_are_no_match_for_the_memory(pool: DecodePool) -> None:
    large = stills((0, np.zeros((3000, 4000), np.uint8)), options=(("preset", "ultrafast"),))
    assert refusal(pool, large, VideoLimits(max_pixels=11_999_999)).reason == Reason.TOO_LARGE
    assert refusal(pool, large, VideoLimits(max_memory_bytes=24 * MEBIBYTE)).reason == Reason.OUT_OF_MEMORY


def noise(frames: int) -> bytes:
    random = np.random.default_rng(2)
    planes = ((n, random.integers(0, 256, (400, 400), np.uint8)) for n in range(frames))
    return stills(*planes, options=(("preset", "ultrafast"),))


def test_processor_time_is_limited_and_what_was_seen_is_kept(
    pool: DecodePool,
) -> None:
    data = remuxed(noise(50), "mpegts") * 40
    assert refusal(pool, data, VideoLimits(cpu_s=0.01)).reason == Reason.TOO_SLOW
    video = pool.decode_video(data, VideoLimits(cpu_s=1.0, max_kept_bytes=2**34), every_s=0.0, min_side=400)
    assert video.incomplete == Reason.TOO_SLOW
    assert 0 < len(video.frames) < 2000
    assert "then: not decoded within 1 s of CPU time" in video.incomplete_detail


def test_what_a_dying_worker_has_shown_is_kept(pool: DecodePool) -> None:
    data = stills(*((n, np.full((1000, 1000), n, np.uint8)) for n in range(80)))
    with pool.open_video(data, every_s=0.1, min_side=1000) as reader:
        frames = [next(reader)]
        os.kill(reader._worker.pid, signal.SIGKILL)
        frames += list(reader)
        end = reader.outcome()
    assert 1 <= len(frames) < 80
    assert end.incomplete == Reason.CRASHED
    assert end.duration_s == pytest.approx(frames[-1].time_s + 0.1, abs=0.2)
    assert "SIGKILL" in end.incomplete_detail


def test_time_on_the_clock_is_limited(pool: DecodePool) -> None:
    data = stills(*((n, np.full((1000, 1000), n, np.uint8)) for n in range(80)))
    for wall_s in (1.0, 10.0, 100.0):  # long enough for the first part, which a busy machine may need
        with (
            contextlib.suppress(NotMatchableError),
            pool.open_video(data, replace(LIMITS, wall_s=wall_s), every_s=0.1, min_side=1000) as reader,
        ):
            os.kill(reader._worker.pid, signal.SIGSTOP)
            start = time.monotonic()
            list(reader)
            assert time.monotonic() - start < wall_s + 60  # it would stand still for ever
            assert reader.outcome().incomplete == Reason.TOO_SLOW
            return
    pytest.fail("not even the first part came")


def test_frames_that_take_too_much_memory_are_cut_off(pool: DecodePool) -> None:
    data = noise(20)
    video = pool.decode_video(data, VideoLimits(max_kept_bytes=5 * 160_000), every_s=0.1, min_side=400)
    assert len(video.frames) == 5
    assert video.incomplete == Reason.TOO_MANY_FRAMES
    assert "video.max_kept_bytes" in video.incomplete_detail


class Scripted:
    """A worker that answers as it is told; what it may not answer must not get through."""

    def __init__(self, *parts: dict[str, Any], luma: np.ndarray | None = None) -> None:
        self._parts, self._arrays = parts, [np.zeros((40, 48), np.uint8) if luma is None else luma]
        self.distrusted = False

    def run_in_parts(self, *_: object) -> Iterator[tuple[Any, list[Any]]]:
        for part in self._parts:
            yield part, self._arrays

    def distrust(self) -> NotMatchableError:
        self.distrusted = True
        return NotMatchableError(Reason.CRASHED, "Not matchable: nonsense.")


INFO: dict[str, Any] = {
    "format": "MP4",
    "codec": "h264",
    "width": 48,
    "height": 40,
    "duration_s": 2.0,
    "fps": 1.0,
    "tracks": 1,
}
END: dict[str, Any] = {"frames_decoded": 2, "incomplete": None, "detail": "", "notes": []}


def row(time_s: float = 0.0, **changed: Any) -> list[Any]:
    fields = {"number": 0, "time_s": time_s, "index": 0, "width": 48, "height": 40, "scale": 1, "full": False}
    return list((fields | changed).values())


def part(*rows: list[Any], **more: Any) -> dict[str, Any]:
    return {"frames": list(rows), "reached_s": 1.0, **more}


def reader_of(worker: Scripted, limits: VideoLimits = LIMITS) -> VideoReader:
    asked: dict[str, Any] = {"every_s": 1.0, "mode": VideoMode.FULL, "min_side": 512, "track": 0}
    return VideoReader(worker, None, limits, **asked, on_progress=None)  # type: ignore[arg-type]


def test_a_sound_worker_is_believed() -> None:
    worker = Scripted(part(row(), info=INFO), part(row(1.0), end=END))
    reader = reader_of(worker)
    assert [frame.time_s for frame in reader] == [0.0, 1.0]
    assert reader.outcome().frames_decoded == 2
    assert not worker.distrusted


FIRST = part(row(1.0), info=INFO)
UNSOUND: dict[str, tuple[dict[str, Any], ...]] = {
    "back in time": (FIRST, part(row(0.5), end=END)),
    "back in time at once": (part(row(1.0), row(0.0), info=INFO),),
    "no end": (FIRST,),
    "more frames than asked for": (FIRST, part(*(row(1.0 + n) for n in range(9)), end=END)),
    "no description": (part(row(), end=END),),
    "another shape": (FIRST, part(row(1.0, height=41), end=END)),
    "another array": (FIRST, part(row(1.0, number=1), end=END)),
    "time without end": (FIRST, part(row(float("inf")), end=END)),
    "no number": (FIRST, part(row(float("nan")), end=END)),
    "text for a number": (FIRST, part(row(1.0, index="1"), end=END)),
    "truth for a number": (FIRST, part(row(1.0, scale=True), end=END)),
    "number for truth": (FIRST, part(row(1.0, full=1), end=END)),
    "unknown reason": (FIRST, part(row(1.0), end=END | {"incomplete": "whim"})),
    "long text": (FIRST, part(row(1.0), end=END | {"detail": "x" * 1000})),
    "unknown container": (part(row(), info=INFO | {"format": "HLS"}, end=END),),
    "unknown coding": (part(row(), info=INFO | {"codec": "x"}, end=END),),
    "endless": (part(row(), info=INFO | {"duration_s": 1e300}, end=END),),
    "no tracks": (part(row(), info=INFO | {"tracks": 0}, end=END),),
    "a field too much": (part(row(), info=INFO | {"x": 1}, end=END),),
    "no frames": ({"reached_s": 1.0, "info": INFO},),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_what_no_sound_worker_sends_is_not_believed(name: str) -> None:
    worker = Scripted(*UNSOUND[name])
    limits = VideoLimits(max_frames=9)
    try:
        reader = reader_of(worker, limits)
        seen = [frame.time_s for frame in reader]
        assert seen == [1.0]  # of the sound part before
        assert reader.outcome().incomplete == Reason.CRASHED
    except NotMatchableError as error:
        assert error.reason == Reason.CRASHED
    assert worker.distrusted


def test_parts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Output:
        def __init__(self) -> None:
            self.count = 0

        def add(self, luma: np.ndarray) -> int:
            self.count += 1
            return self.count - 1

    class Decoder:
        info = alone(clip()).info
        reached_s = 0.0

        def frames(self) -> Iterator[Any]:
            yield from alone(clip(), every_s=0.0).frames
            yield None

        def outcome(self) -> DecodedVideo:
            return alone(clip())

    for setting, value, parts in (
        ("_PART_FRAMES", 3, 7),
        ("_PART_BYTES", 5 * 96 * 80, 5),
        ("_PART_S", 0.0, 22),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(videomessages, setting, value)
            steps = videomessages.video_parts(Decoder(), Output(), clock=lambda: 0.0)  # type: ignore[arg-type]
            messages = list(steps)
            assert len(messages) + 1 == parts
            assert "info" in messages[0]
            assert all("info" not in message for message in messages[1:])
