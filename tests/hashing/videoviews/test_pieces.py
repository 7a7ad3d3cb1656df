"""A minute of frames at a time, with what lies between them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from holdfast.hashing.videoviews.pieces import OVERLAP_FRAMES, PIECE_FRAMES, Piece, every_s, pieces
from holdfast.media.types import VideoFrame, VideoMode


def _frames(count: int, step_s: float, side: int = 32) -> Iterator[VideoFrame]:
    lumas = np.zeros((count, side, side), np.uint8)
    return (VideoFrame(number * step_s, number, lumas[number], side, side) for number in range(count))


def _cut(count: int) -> list[Piece]:
    return list(pieces(_frames(count, every_s(VideoMode.QUICK)), VideoMode.QUICK))


def test_every_other_frame_is_looked_at_and_the_rest_lies_between() -> None:
    (piece,) = _cut(9)
    assert [frame.time_s for frame in piece.frames] == [0, 0.5, 1, 1.5, 2]
    assert [one.time_s for one in piece.between] == [0.25, 0.75, 1.25, 1.75]


def test_a_piece_begins_with_the_end_of_the_one_before() -> None:
    first, second = _cut(2 * PIECE_FRAMES + 60)
    assert len(first.frames) == PIECE_FRAMES
    assert second.frames[:OVERLAP_FRAMES] == first.frames[-OVERLAP_FRAMES:]
    times = [one.time_s for one in second.between]
    assert times[0] == second.frames[0].time_s + 0.25
    assert times == sorted(times) and len(times) == len(second.frames)


def test_nothing_is_left_over_where_a_video_ends_with_a_piece() -> None:
    assert len(_cut(2 * PIECE_FRAMES)) == 1


def test_frames_of_another_size_begin_a_piece() -> None:
    mixed = [*_frames(5, 0.25), *(_frames(5, 0.25, 48))]
    one, other = pieces(mixed, VideoMode.QUICK)
    assert one.frames[0].luma.shape == (32, 32) and other.frames[0].luma.shape == (48, 48)
    assert all(between.small.pixels.shape == (48, 48) for between in other.between)


def test_all_keyframes_are_looked_at() -> None:
    (piece,) = pieces(_frames(7, 0.7), VideoMode.KEYFRAMES)
    assert len(piece.frames) == 7 and not piece.between


def test_frames_too_small_to_look_at_are_no_error() -> None:
    (piece,) = pieces(_frames(4, 0.25, 4), VideoMode.QUICK)
    assert len(piece.frames) == 2 and not piece.between


def test_a_frame_of_another_size_between_ends_nothing() -> None:
    odd = [
        next(_frames(1, 0.25, 48)) if number % 2 else frame for number, frame in enumerate(_frames(40, 0.25))
    ]
    times = [
        VideoFrame(number / 4, number, frame.luma, frame.width, frame.height)
        for number, frame in enumerate(odd)
    ]
    (piece,) = pieces(times, VideoMode.QUICK)
    assert len(piece.frames) == 20 and not piece.between


def test_a_frame_that_still_stands_is_not_kept_again() -> None:
    luma = np.zeros((32, 32), np.uint8)
    (piece,) = pieces((VideoFrame(n / 4, 0, luma, 32, 32) for n in range(9)), VideoMode.QUICK)
    assert len(piece.frames) == 5 and not piece.between
