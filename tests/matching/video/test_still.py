"""Listed videos that are one picture, and pictures that come again."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.matching.video.compare import compare
from holdfast.matching.video.judge import STILL_DECADES, VideoTier
from tests.matching.video.videos import changed, query, random_codes, reference


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(31)


def _still(rng: np.random.Generator, frames: int, bits: int = 2) -> np.ndarray:
    return changed(rng, np.repeat(random_codes(rng, 1), frames, axis=0), bits)


def test_a_still_video_is_judged_as_a_photograph(rng: np.random.Generator) -> None:
    listed = _still(rng, 12)
    match = compare(query(changed(rng, np.repeat(listed[:1], 20, axis=0), 50)), reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH
    assert match.states == 1 and match.decades >= STILL_DECADES


def test_an_excerpt_of_it_inside_another_video_too(rng: np.random.Generator) -> None:
    listed = _still(rng, 12)
    excerpt = changed(rng, np.repeat(listed[:1], 8, axis=0), 40)
    match = compare(
        query(np.concatenate([random_codes(rng, 12), excerpt, random_codes(rng, 12)])), reference(listed)
    )
    assert match is not None and match.tier is VideoTier.MATCH


@pytest.mark.parametrize("frames", [2, 3, 4])
def test_a_few_seconds_are_not_taken_for_a_picture(rng: np.random.Generator, frames: int) -> None:
    listed = _still(rng, frames)
    match = compare(query(changed(rng, np.repeat(listed, 2, axis=0), 30)), reference(listed))
    assert match is not None and match.tier is not VideoTier.MATCH


def test_a_picture_that_is_far_is_no_match(rng: np.random.Generator) -> None:
    listed = _still(rng, 12)
    match = compare(query(changed(rng, np.repeat(listed[:1], 20, axis=0), 76)), reference(listed))
    assert match is None or match.tier is not VideoTier.MATCH


def test_where_something_moves_for_a_fifth_of_the_time_it_is_no_picture(rng: np.random.Generator) -> None:
    listed = np.concatenate([_still(rng, 9), random_codes(rng, 3)])
    match = compare(query(changed(rng, np.repeat(listed[:1], 20, axis=0), 40)), reference(listed))
    assert match is not None and match.tier is VideoTier.POSSIBLE


def test_pictures_that_come_again_do_not_make_other_footage_a_match(rng: np.random.Generator) -> None:
    pictures = random_codes(rng, 4)
    for _ in range(40):
        listed = changed(rng, pictures[rng.integers(0, 4, 60)], 10)
        asked = np.repeat(changed(rng, pictures[rng.integers(0, 4, 12)], 10), 2, axis=0)
        match = compare(query(asked), reference(listed))
        assert match is not None and match.tier is not VideoTier.MATCH
