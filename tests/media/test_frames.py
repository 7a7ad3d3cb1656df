"""Animations and pages: each distinct picture once, in order; limits end them with a word."""

from __future__ import annotations

import dataclasses
import time

import pytest
from PIL import Image

from holdfast.media.image import decode_image
from holdfast.media.types import ImageLimits, Reason
from tests.media.samples import gif_of_frames, likeness, scene
from tests.pictures import encoded

LIMITS = ImageLimits()
SEVERAL = ("GIF", "WEBP", "PNG", "AVIF", "TIFF", "HEIF")


def animation(name: str, *frames: Image.Image, **options: object) -> bytes:
    return encoded(frames[0], name, save_all=True, append_images=list(frames[1:]), **options)


@pytest.mark.parametrize("name", SEVERAL)
def test_distinct_frames_are_kept_once_and_in_order(name: str) -> None:
    a, b, c = scene(1), scene(2), scene(3)
    almost_a = a.point(lambda value: min(value + 1, 255))
    decoded = decode_image(animation(name, a, b, a, almost_a, c), LIMITS)
    assert decoded.incomplete is None
    assert [
        likeness(frame.luma, image) > 0.98 for frame, image in zip(decoded.frames, (a, b, c), strict=True)
    ]
    assert [frame.index for frame in decoded.frames][:2] == [0, 1]
    assert decoded.frames[2].index >= 3
    assert decoded.frames_total >= 4


def test_a_hidden_frame_after_many_equal_ones_is_found() -> None:
    data = gif_of_frames(scene(1), repeat=40)[:-1] + gif_of_frames(scene(2), repeat=1)[13 + 768 :]
    decoded = decode_image(data, LIMITS)
    assert [frame.index for frame in decoded.frames] == [0, 40]
    assert likeness(decoded.frames[1].luma, scene(2).convert("L")) > 0.98


def test_ten_thousand_frames_take_a_moment() -> None:
    data = gif_of_frames(scene(1, 80, 60), scene(2, 80, 60), repeat=5000)
    start = time.process_time()
    decoded = decode_image(data, LIMITS)
    assert time.process_time() - start < 3
    assert len(decoded.frames) == 2
    assert decoded.incomplete is Reason.TOO_MANY_FRAMES
    assert "256 frames" in decoded.incomplete_detail


def test_pixels_of_all_frames_together_are_limited() -> None:
    limits = dataclasses.replace(LIMITS, max_total_pixels=3 * 300 * 212 + 5)
    decoded = decode_image(animation("PNG", *(scene(seed) for seed in range(6))), limits)
    assert len(decoded.frames) == 3
    assert decoded.incomplete is Reason.TOO_MANY_FRAMES
    assert decoded.frames_total == 6


def test_an_animation_that_takes_too_long_ends_with_what_was_seen() -> None:
    limits = dataclasses.replace(LIMITS, cpu_s=0.02)
    decoded = decode_image(animation("PNG", *(scene(seed) for seed in range(60))), limits)
    assert 1 <= len(decoded.frames) < 60
    assert decoded.incomplete is Reason.TOO_SLOW


@pytest.mark.parametrize("name", ["GIF", "PNG"])
def test_an_animation_cut_off_keeps_its_whole_frames(name: str) -> None:
    data = animation(name, scene(1), scene(2), scene(3), scene(4))
    decoded = decode_image(data[: len(data) * 6 // 10], LIMITS)
    assert 1 <= len(decoded.frames) < 4
    assert decoded.incomplete is Reason.TRUNCATED
    assert decoded.incomplete_detail


def test_a_gif_cut_off_between_frames_is_incomplete() -> None:
    whole = gif_of_frames(scene(1), scene(2), repeat=1)
    one = gif_of_frames(scene(1), repeat=1)
    decoded = decode_image(whole[: len(one) - 1], LIMITS)
    assert len(decoded.frames) == 1
    assert decoded.incomplete is Reason.TRUNCATED
    assert decode_image(one, LIMITS).incomplete is None


def test_of_a_file_of_several_pictures_the_first_is_looked_at() -> None:
    decoded = decode_image(animation("MPO", scene(1), scene(2)), LIMITS)
    (frame,) = decoded.frames
    assert likeness(frame.luma, scene(1)) > 0.98
    assert "MPO" in decoded.notes[0]
