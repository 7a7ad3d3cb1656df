"""Damaged and cut files: what can be seen is seen, and what cannot is told."""

from __future__ import annotations

import functools
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import NotMatchableError
from holdfast.media.types import DecodedVideo, Reason, VideoMode
from tests.media.videos import alone, clip, nearest, remuxed

KEYS = (("x264-params", "keyint=10:min-keyint=10:scenecut=0:bframes=0"),)
HEAD_FIRST = (("moov_size", "8192"),)
NULL_PACKETS = (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 1000


@functools.cache
def film(container: str = "mp4", seconds: int = 8) -> bytes:
    """A keyframe every two seconds; the head of an MP4 comes first, so that it can be cut."""
    options = HEAD_FIRST if container == "mp4" else ()
    return clip(container=container, seconds=seconds, options=KEYS, container_options=options)


@pytest.mark.parametrize("container", ["mp4", "matroska", "avi", "flv", "asf"])
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_file_that_ends_early_is_seen_up_to_there(container: str, share: float) -> None:
    data = film(container)
    video = alone(data[: int(len(data) * share)])
    assert 2 <= len(video.frames) < 8
    whole = video.frames[:-1]  # of the last there may be only a part
    assert [nearest(frame) for frame in whole] == [n % 6 for n in range(len(whole))]
    assert video.incomplete == Reason.TRUNCATED


def test_a_cut_between_two_packets_is_noticed() -> None:
    data = film("avi")
    video = alone(data[: data.rindex(b"00dc", 0, len(data) // 2)])
    assert video.incomplete == Reason.TRUNCATED
    assert re.fullmatch(r"the file ends early: [\d,]+ bytes are not there", video.incomplete_detail)


def test_what_is_missing_is_said() -> None:
    data = film()
    video = alone(data[: int(len(data) * 0.6)])
    assert video.incomplete == Reason.TRUNCATED
    assert video.incomplete_detail.startswith("the file ends early: ")
    assert video.incomplete_detail.endswith(" s of 8.0 s are there")


def test_triage_notices_an_early_end_too() -> None:
    data = film()
    video = alone(data[: int(len(data) * 0.6)], mode=VideoMode.KEYFRAMES)
    assert video.incomplete == Reason.TRUNCATED


def test_a_fraction_that_is_missing_is_no_loss() -> None:
    assert alone(remuxed(film(), keep=lambda number, _: number < 38)).incomplete is None


def blanked(data: bytes, first: int, last: int, container: str) -> bytes:
    """The film with the bytes of packets ``first`` to ``last`` overwritten."""
    spoiled: list[tuple[int, bytes]] = []

    def note(number: int, packet: Any) -> bool:
        spoiled.append((number, bytes(packet)))
        return True

    whole, place = remuxed(data, container, keep=note), 0
    for number, body in spoiled:
        place = whole.index(body, place)
        if first <= number <= last:
            whole = whole[:place] + b"\xff" * len(body) + whole[place + len(body) :]
        place += len(body)
    return whole


@pytest.mark.parametrize("container", ["mp4", "matroska", "flv"])
def test_packets_that_give_nothing_hide_their_moments(container: str) -> None:
    video = alone(blanked(film("matroska"), 10, 19, container))
    assert [(frame.time_s, nearest(frame)) for frame in video.frames] == [
        (0, 0), (1, 1), (4, 4), (5, 5), (6, 0), (7, 1),
    ]  # fmt: skip
    assert video.incomplete == Reason.DAMAGED
    assert video.incomplete_detail == "damaged: 2 of about 8 moments could not be seen, or not whole"
    assert "10 damaged pieces were met" in video.notes


@pytest.mark.parametrize(("first", "last"), [(0, 9), (30, 39)])
@pytest.mark.parametrize("every_s", [0.0, 1.0])
def test_losses_at_either_end_are_told(first: int, last: int, every_s: float) -> None:
    video = alone(blanked(film("matroska"), first, last, "mp4"), every_s=every_s)
    assert video.incomplete == Reason.DAMAGED
    assert len(video.frames) == (30 if every_s == 0 else 6)


@pytest.mark.parametrize("container", ["mp4", "matroska", "mpegts"])
def test_what_viewers_show_before_the_first_whole_frame_is_looked_at(container: str) -> None:
    video = alone(remuxed(film("matroska"), container, keep=lambda number, _: number >= 2))
    assert video.incomplete == Reason.DAMAGED
    assert video.duration_s == pytest.approx(7.6)
    assert [nearest(frame) for frame in video.frames if frame.time_s >= 2] == [2, 3, 4, 5, 0, 1]


def test_nothing_but_damage_is_not_matchable() -> None:
    with pytest.raises(NotMatchableError, match="no frame of this MATROSKA video") as caught:
        alone(blanked(film("matroska"), 0, 39, "matroska"))
    assert caught.value.reason == Reason.DAMAGED


def test_a_program_that_is_described_anew_goes_on() -> None:
    other_pid = (("mpegts_start_pid", "0x200"),)
    later = clip(container="mpegts", seconds=3, container_options=other_pid)
    video = alone(clip(container="mpegts", seconds=3) + NULL_PACKETS + later)
    assert [nearest(frame) for frame in video.frames] == [0, 1, 2, 0, 1, 2]
    assert video.incomplete is None
    assert "time stamps jump" in video.notes[0]


def test_a_track_that_begins_after_the_head_was_read_is_told() -> None:
    rate = (("b", "20M"), ("qmin", "1"), ("qmax", "2"))
    first = clip("mpeg2video", "mpegts", fps=25, seconds=6, size=(640, 480), options=rate)
    ids = (("mpegts_start_pid", "0x200"), ("mpegts_pmt_start_pid", "0x1100"))
    other = clip(container="mpegts", seconds=3, container_options=ids)
    video = alone(first + other, mode=VideoMode.KEYFRAMES)
    assert video.info.tracks == 1
    assert video.incomplete == Reason.TRUNCATED
    assert video.incomplete_detail == "a further track begins on the way, and was not looked at"
    assert alone(clip(container="mpegts") + other).info.tracks == 2


CONTAINERS = ("mp4", "matroska", "avi", "flv", "mpegts", "asf")


@settings(max_examples=150, deadline=None)
@given(
    container=st.sampled_from(CONTAINERS),
    mode=st.sampled_from(list(VideoMode)),
    cut=st.floats(0, 1),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
)
def test_damaged_files_are_always_an_answer(
    container: str, mode: VideoMode, cut: float, edits: list[tuple[float, int]]
) -> None:
    whole = film(container)
    data = bytearray(whole[: max(1, int(len(whole) * (0.3 + 0.7 * cut)))])
    for place, value in edits:
        data[int(place * len(data))] = value
    assert_an_answer(bytes(data), mode)


@settings(max_examples=100, deadline=None)
@given(container=st.sampled_from(CONTAINERS), length=st.integers(4, 600), body=st.binary(max_size=400))
def test_random_bytes_are_always_an_answer(container: str, length: int, body: bytes) -> None:
    assert_an_answer(film(container)[:length] + body, VideoMode.FULL)


def assert_an_answer(data: bytes, mode: VideoMode) -> None:
    try:
        video: DecodedVideo = alone(data, mode=mode)
    except NotMatchableError as error:
        assert str(error).startswith("Not matchable: ")
        assert Reason(error.reason)
    else:
        assert video.frames
        assert [frame.time_s for frame in video.frames] == sorted(frame.time_s for frame in video.frames)
