"""Tiers, times, speeds and views on made-up codes."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.matching.video.compare import compare
from holdfast.matching.video.judge import VideoTier
from tests.matching.video.videos import changed, query, random_codes, reference, scene


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


def test_a_copy_is_found_with_its_times_and_view(rng: np.random.Generator) -> None:
    listed = random_codes(rng, 30)
    copy = changed(rng, np.repeat(listed[8:20], 2, axis=0), 44)
    host = random_codes(rng, 10)
    asked = query(random_codes(rng, 44), np.concatenate([host, copy, random_codes(rng, 10)]))
    match = compare(asked, reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH
    assert match.view == "view 1" and match.states == 12
    assert match.speed == pytest.approx(1, abs=0.05)
    assert match.query_start_s == pytest.approx(5, abs=0.5)
    assert match.query_end_s == pytest.approx(17, abs=0.5)
    assert match.reference_start_s == pytest.approx(8, abs=0.75)
    assert match.reference_end_s == pytest.approx(20, abs=0.75)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.0, 1.25, 2.0])
def test_speeds(rng: np.random.Generator, speed: float) -> None:
    listed = random_codes(rng, 40)
    moments = np.arange(0, 30, 0.5 * speed)
    copy = changed(rng, listed[moments.astype(int)], 30)
    match = compare(query(copy), reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH
    assert match.speed == pytest.approx(speed, rel=0.06)


def test_backwards(rng: np.random.Generator) -> None:
    listed = random_codes(rng, 20)
    match = compare(query(np.repeat(listed[::-1], 2, axis=0)), reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH
    assert match.speed == pytest.approx(-1, abs=0.05)


def test_stills_in_another_order(rng: np.random.Generator) -> None:
    listed = random_codes(rng, 60)
    stills = np.repeat(changed(rng, listed[[40, 3, 55, 20, 31]], 10), 4, axis=0)
    match = compare(query(stills), reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH
    assert match.speed == 0 and match.states == 5
    assert (match.reference_start_s, match.reference_end_s) == (3, 56)


def test_strangers_say_nothing(rng: np.random.Generator) -> None:
    for _ in range(50):
        match = compare(query(random_codes(rng, 20), random_codes(rng, 20)), reference(random_codes(rng, 60)))
        assert match is None or match.tier is VideoTier.NONE


def test_one_picture_is_no_more_than_possible(rng: np.random.Generator) -> None:
    listed = random_codes(rng, 30)
    asked = random_codes(rng, 20)
    asked[7] = listed[12]
    match = compare(query(asked), reference(listed))
    assert match is not None and match.tier is VideoTier.POSSIBLE


def test_one_still_all_the_time_is_no_more_than_possible(rng: np.random.Generator) -> None:
    listed = np.concatenate([random_codes(rng, 10), np.repeat(random_codes(rng, 1), 10, axis=0)])
    asked = np.repeat(listed[15:16], 30, axis=0)
    match = compare(query(asked), reference(listed))
    assert match is not None and match.tier is VideoTier.POSSIBLE


def test_other_footage_of_a_scene_is_never_a_match(rng: np.random.Generator) -> None:
    for _ in range(40):
        room = scene(rng, 60)
        match = compare(query(np.repeat(room[30:], 2, axis=0)), reference(room[:30]))
        assert match is not None and match.tier is not VideoTier.MATCH


def test_a_copy_of_a_scene_is_a_match(rng: np.random.Generator) -> None:
    room = scene(rng, 30)
    copy = changed(rng, np.repeat(room, 2, axis=0), 8)
    match = compare(query(copy), reference(room))
    assert match is not None and match.tier is VideoTier.MATCH


def test_featureless_frames_say_nothing(rng: np.random.Generator) -> None:
    listed = random_codes(rng, 10)
    assert compare(query(np.repeat(listed, 2, axis=0), quality=3), reference(listed)) is None


def test_empty_videos() -> None:
    empty = np.empty((0, 32), np.uint8)
    assert compare(query(empty), reference(empty)) is None
