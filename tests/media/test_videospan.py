"""A stretch of a video: what the whole shows there, for less work; what lies outside is no loss."""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Callable
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import NotMatchableError
from holdfast.media.pool import DecodePool
from holdfast.media.types import DecodedVideo, Reason, VideoFrame, VideoLimits, VideoMode
from holdfast.media.video import VideoDecoder
from holdfast.media.videoluma import picture_of
from holdfast.media.videopackets import FrameSource
from holdfast.media.videoreader import VideoReader
from tests.media.spanforms import FORMS, SKIPPED, WHOLE, form
from tests.media.test_videopackets import blanked, film
from tests.media.test_videoreader import FIRST, Scripted, assert_same, part, row
from tests.media.videos import alone, clip, remuxed, stills

PROBED = 32  # packets that may be decoded in vain at either place


@functools.cache
def whole(name: str, every_s: float, mode: VideoMode) -> DecodedVideo:
    return alone(form(name), every_s=every_s, mode=mode)


def assert_pictures(
    found: DecodedVideo, video: DecodedVideo, span_s: tuple[float, float], *, counted: bool = True
) -> None:
    """``found`` has those frames of ``video`` that lie in the span, to the pixel.

    ``counted``: every packet gave its frame, so that frames have their numbers.
    """
    expected = [frame for frame in video.frames if span_s[0] <= frame.time_s <= span_s[1]]
    assert [frame.time_s for frame in found.frames] == [frame.time_s for frame in expected]
    for one, other in zip(found.frames, expected, strict=True):
        np.testing.assert_array_equal(one.luma, other.luma)
        assert about(one) == about(other)
        assert one.index == other.index or not counted


def about(frame: VideoFrame) -> tuple[int, int, int, bool]:
    return frame.width, frame.height, frame.scale, frame.full_range


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of packets that were decoded."""
    count, decode = [0], FrameSource._decode

    def counted(self: FrameSource, packet: Any) -> list[Any]:
        count[0] += packet is not None
        return decode(self, packet)

    monkeypatch.setattr(FrameSource, "_decode", counted)
    return count


SPANS = ((0, 2), (0.1, 0.3), (2.05, 2.1), (3.3, 5.1), (4, 4.5), (8, 8.2), (7.9, 11), (11.7, 30), (11.9, 30))


@pytest.mark.parametrize("mode", [VideoMode.FULL, VideoMode.QUICK])
@pytest.mark.parametrize("name", FORMS)
def test_a_stretch_shows_what_the_whole_shows_there(name: str, mode: VideoMode) -> None:
    for every_s in (0.0, 0.2, 1.7):
        video = whole(name, every_s, mode)
        for span_s in SPANS:
            found = alone(form(name), every_s=every_s, mode=mode, span_s=span_s)
            assert_pictures(found, video, span_s)
            assert found.incomplete is None


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(("H.264, open groups", "H.264 of unsteady rate in Matroska", "VP8", "H.264 in AVI")),
    every_s=st.sampled_from((0.0, 0.1, 0.5, 1.0)),
    start_s=st.floats(0, 13) | st.integers(0, 130).map(lambda n: n / 10),
    length_s=st.floats(0.001, 5) | st.integers(1, 50).map(lambda n: n / 10),
)
def test_any_stretch_shows_what_the_whole_shows_there(
    name: str, every_s: float, start_s: float, length_s: float
) -> None:
    span_s = (start_s, start_s + length_s)
    found = alone(form(name), every_s=every_s, span_s=span_s)
    assert_pictures(found, whole(name, every_s, VideoMode.FULL), span_s)
    assert found.incomplete is None


@pytest.mark.parametrize("name", SKIPPED)
def test_what_lies_before_is_not_decoded(name: str, tried: list[int]) -> None:
    video = alone(form(name), span_s=(7.9, 8.1))
    assert len(video.frames) == 1
    assert video.frames_decoded <= tried[0] < 40 < len(whole(name, 0.0, VideoMode.FULL).frames)


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_late_in_a_long_file_little_is_decoded(container: str) -> None:
    options = (("preset", "ultrafast"), ("g", "25"), ("bf", "2"))
    data = clip(container=container, seconds=240, size=(48, 40), sound=True, options=options)
    video = alone(data, every_s=0.2, span_s=(200.5, 201.5))
    assert [frame.index for frame in video.frames] == [1003, 1004, 1005, 1006, 1007]
    assert video.frames_decoded < 40
    assert video.duration_s == pytest.approx(201.8)
    assert video.incomplete is None


def test_nothing_is_decoded_for_a_span_between_two_moments(tried: list[int]) -> None:
    video = alone(form("H.264"), span_s=(3.1, 3.9))
    assert (video.frames, video.incomplete, tried) == ((), None, [0])


@pytest.mark.parametrize("name", ["H.264", "H.264 in AVI", "H.264 of false keyframes"])
def test_no_pictures_are_made_outside(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(frame: av.VideoFrame, min_side: int) -> Any:
        made.append(frame.pts)
        return picture_of(frame, min_side)

    monkeypatch.setattr("holdfast.media.video.picture_of", counted)
    assert len(alone(form(name), every_s=0.2, span_s=(5.1, 6.1)).frames) == 5
    assert len(made) == 5


def test_a_still_that_began_long_before_is_seen(tried: list[int]) -> None:
    planes = [np.full((64, 64), value, np.uint8) for value in (30, 90, 200, 60)]
    shown = ((0, planes[0]), (25, planes[1]), (60, planes[2]), (70, planes[3]))
    video = alone(stills(*shown, options=(("g", "1"),)), every_s=0.5, span_s=(4.2, 6.5))
    assert [int(frame.luma[0, 0]) for frame in video.frames] == [90, 90, 90, 200, 200]
    assert [frame.index for frame in video.frames] == [1, 1, 1, 2, 2]
    assert video.frames[0].luma is video.frames[2].luma
    assert tried[0] <= 4


def test_whoever_waits_hears_of_it() -> None:
    for name in ("H.264", "H.264 in AVI"):
        decoder = VideoDecoder(form(name), VideoLimits(), span_s=(8.0, 9.0))
        assert next(decoder.frames()) is None


@pytest.mark.parametrize(
    "name", ["H.264", "H.264 of one group", "VP9", "H.264 in AVI", "H.264 in FLV", "MPEG-1"]
)
@pytest.mark.parametrize("every_s", [0.0, 1.0])
def test_past_the_end_there_is_nothing_and_nothing_is_missed(name: str, every_s: float) -> None:
    for span_s in ((13.0, 20.0), (1e6, 2e6)):
        video = alone(form(name), every_s=every_s, span_s=span_s)
        assert (video.frames, video.incomplete, video.notes) == ((), None, ())
        assert video.duration_s == whole(name, every_s, VideoMode.FULL).duration_s


@pytest.mark.parametrize("container", ["mp4", "matroska", "avi", "flv"])
def test_of_a_cut_file_only_what_is_asked_for_is_missed(container: str) -> None:
    data = film(container)
    cut = data[: int(len(data) * 0.6)]
    video = alone(cut, every_s=0.5)
    assert 2.8 < video.duration_s < 6.5
    for span_s, reason in (
        ((0.0, 1.0), None),
        ((1.2, 2.6), None),
        ((2.0, 30.0), Reason.TRUNCATED),
        ((6.9, 7.5), Reason.TRUNCATED),
    ):
        found = alone(cut, every_s=0.5, span_s=span_s)
        assert_pictures(found, video, span_s)
        assert found.incomplete == reason


@pytest.mark.parametrize("container", ["mp4", "matroska", "flv"])
@pytest.mark.parametrize("every_s", [0.0, 0.5])
def test_of_damage_only_that_in_the_span_is_told(container: str, every_s: float) -> None:
    data = blanked(film("matroska"), 10, 19, container)  # from 2 s to 4 s
    video = alone(data, every_s=every_s)
    for span_s, reason in (
        ((0.0, 1.6), None),
        ((0.5, 1.9), None),
        ((1.0, 2.0), Reason.DAMAGED),
        ((2.1, 3.8), Reason.DAMAGED),
        ((3.5, 5.0), Reason.DAMAGED),
        ((4.0, 4.6), None),
        ((5.0, 30.0), None),
    ):
        found = alone(data, every_s=every_s, span_s=span_s)
        assert_pictures(found, video, span_s, counted=False)
        assert found.incomplete == reason, span_s


@pytest.mark.parametrize("every_s", [0.0, 1.0])
def test_losses_at_either_end_are_told_of_a_span_that_has_them(every_s: float) -> None:
    first, last = (blanked(film("matroska"), n, n + 9, "mp4") for n in (0, 30))
    assert alone(first, every_s=every_s, span_s=(0.0, 2.0)).incomplete == Reason.DAMAGED
    assert alone(first, every_s=every_s, span_s=(1.0, 2.0)).incomplete is None
    assert alone(last, every_s=every_s, span_s=(6.5, 20.0)).incomplete == Reason.DAMAGED
    for span_s in ((4.0, 5.0), (9.0, 20.0)):
        assert alone(last, every_s=every_s, span_s=span_s).incomplete is None


def test_a_file_that_tells_of_more_than_it_has_is_whole_after_that() -> None:
    data = bytearray(film("flv"))
    struct.pack_into(">d", data, data.index(b"duration") + 9, 60.0)
    for span_s, reason in (((1.0, 7.0), None), ((20.0, 30.0), Reason.TRUNCATED), ((70.0, 80.0), None)):
        assert alone(bytes(data), span_s=span_s).incomplete == reason


def test_what_belongs_to_the_time_before_the_keyframe_is_no_damage() -> None:
    data = form("H.264, open groups")
    with av.open(io.BytesIO(data), "r") as file:
        times = [packet.pts for packet in file.demux(video=0) if packet.pts is not None]
    number = times.index(128_000) + 1  # shown before the keyframe at 8 s, and stored after it
    spoiled = blanked(data, number, number, "mp4")
    assert "1 damaged pieces were met" in alone(spoiled).notes
    found = alone(spoiled, every_s=0.2, span_s=(8.0, 9.0))
    assert (found.incomplete, found.notes) == (None, ())


def test_nothing_but_damage_is_not_matchable() -> None:
    with pytest.raises(NotMatchableError, match="no frame of this MATROSKA video") as caught:
        alone(blanked(film("matroska"), 0, 39, "matroska"), span_s=(2.0, 3.0))
    assert caught.value.reason == Reason.DAMAGED


HOSTILE: dict[str, Callable[[], bytes]] = {
    **{name: functools.partial(form, name) for name in WHOLE},
    "no first frame for long": lambda: blanked(blanked(intra(), 110, 239, "mov"), 0, 99, "mov"),
    "nothing after the beginning": lambda: blanked(intra(), 3, 239, "mov"),
    "keyframes that give nothing": lambda: blanked(intra(), 50, 99, "mov"),
    "groups that give nothing": lambda: blanked(film("matroska", 24), 50, 99, "matroska"),
    "times that stand": lambda: stood(film("mp4", 24)),
    "times that go back": lambda: back_in_time(form("VP8")),
}


def back_in_time(data: bytes) -> bytes:
    """The video with two of its frames in each other's place in time."""

    def swap(number: int, packet: Any) -> bool:
        packet.pts += 2000 + {12: 800, 16: -800}.get(number, 0)
        return True

    return remuxed(data, "webm", keep=swap)


def intra() -> bytes:
    """240 keyframes in 48 seconds."""
    return clip("prores", "mov", "yuv422p10le", seconds=48)


def stood(data: bytes) -> bytes:
    at = data.index(b"stts") + 16
    return data[:at] + bytes(4) + data[at + 4 :]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_makes_more_work_than_the_whole(name: str, tried: list[int]) -> None:
    data = HOSTILE[name]()
    video, most = alone(data, every_s=0.2), tried[0] + 2 * PROBED
    for span_s in ((4.5, 5.0), (9.7, 9.9), (19.0, 30.0), (100.0, 200.0)):
        tried[0] = 0
        found = alone(data, every_s=0.2, span_s=span_s)
        assert_pictures(found, video, span_s, counted="nothing" not in name)
        assert tried[0] <= most


@pytest.mark.parametrize("name", ["H.264", "H.264 in AVI"])
def test_limits_hold(name: str, tried: list[int]) -> None:
    data, span_s = form(name), (6.0, 8.0)
    enough = VideoLimits(max_frames=3, max_duration_s=8.0)
    assert alone(data, enough, span_s=span_s).incomplete is None
    for limits, kept in (
        (VideoLimits(max_frames=2), 2),
        (VideoLimits(max_duration_s=7.5), 2),
        (VideoLimits(max_duration_s=3.0), 0),
    ):
        tried[0] = 0
        video = alone(data, limits, span_s=span_s)
        assert [frame.time_s for frame in video.frames] == [6.0, 7.0][:kept]
        assert video.incomplete == Reason.TOO_MANY_FRAMES
        assert video.incomplete_detail.startswith("came to ")
    assert tried[0] < 25
    assert alone(data, VideoLimits(max_duration_s=20.0), span_s=(30.0, 40.0)).incomplete is None


def test_a_video_that_grows_too_large_before_the_span_is_not_looked_at() -> None:
    video = alone(form("two transport streams"), VideoLimits(max_pixels=20_000), span_s=(6.0, 8.0))
    assert (video.frames, video.incomplete) == ((), Reason.TOO_LARGE)


NONSENSE: tuple[dict[str, Any], ...] = (
    {"span_s": (-0.1, 1.0)},
    {"span_s": (1.0, 1.0)},
    {"span_s": (2.0, 1.0)},
    {"span_s": (0.0, float("inf"))},
    {"span_s": (float("nan"), 1.0)},
    {"span_s": (0.0, float("nan"))},
    {"span_s": (1.0,)},
    {"span_s": (0.0, 1.0), "mode": VideoMode.KEYFRAMES},
    {"span_s": (1.0, 2.0), "every_s": 1e-300},
)


@pytest.mark.parametrize("asked", NONSENSE)
def test_spans_that_mean_nothing_are_refused(pool: DecodePool, asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"span|unpack"):
        VideoDecoder(clip(), VideoLimits(), **asked)
    with pytest.raises(ValueError, match=r"span|unpack"), pool.open_video(clip(), **asked):
        pass


@pytest.mark.parametrize("name", ["H.264", "H.264 without keyframes", "VP9", "H.264 in AVI"])
def test_workers_give_the_same(pool: DecodePool, name: str) -> None:
    for span_s in ((7.9, 9.3), (50.0, 60.0)):
        with pool.open_video(form(name), every_s=0.5, span_s=span_s) as reader:
            assert reader.info.codec in ("h264", "vp9")
            assert [frame.time_s for frame in reader] == ([8.0, 8.5, 9.0] if span_s[0] < 50 else [])
            assert reader.outcome().incomplete is None
        assert_same(
            pool.decode_video(form(name), every_s=0.5, span_s=span_s),
            alone(form(name), every_s=0.5, span_s=span_s),
        )


@pytest.mark.parametrize("time_s", [0.5, 2.5])
def test_no_sound_worker_sends_what_lies_outside(time_s: float) -> None:
    worker = Scripted(FIRST, part(row(time_s)))
    asked: dict[str, Any] = {"every_s": 0.5, "mode": VideoMode.FULL, "min_side": 512, "track": 0}
    reader = VideoReader(worker, None, VideoLimits(), **asked, span_s=(1.0, 2.0), on_progress=None)  # type: ignore[arg-type]
    assert len(list(reader)) == 1
    assert reader.outcome().incomplete == Reason.CRASHED
    assert worker.distrusted
