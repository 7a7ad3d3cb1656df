"""Listed videos that are one picture, and pictures that come again."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.compare import compare
from holdfast.matching.video.evidence import MOST_DECADES
from holdfast.matching.video.judge import STILL_DECADES, VideoTier
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.search import search
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


def test_a_picture_that_is_most_of_a_listed_video_is_no_title(rng: np.random.Generator) -> None:
    """A quiet scene with something that changes: what its picture says counts beyond the bound."""
    quiet = changed(rng, np.repeat(random_codes(rng, 1), 12, axis=0), 22)
    match = compare(query(changed(rng, np.repeat(quiet, 2, axis=0), 4)), reference(quiet))
    assert match is not None and match.tier is VideoTier.MATCH
    assert match.states == 1 and MOST_DECADES < match.decades <= 2 * MOST_DECADES
    title = np.concatenate([quiet[:5], random_codes(rng, 7)])  # under half of it
    again = compare(query(changed(rng, np.repeat(title[:5], 2, axis=0), 4)), reference(title))
    assert again is not None and again.decades <= MOST_DECADES


def test_pictures_that_come_again_do_not_make_other_footage_a_match(rng: np.random.Generator) -> None:
    pictures = random_codes(rng, 4)
    for _ in range(40):
        listed = changed(rng, pictures[rng.integers(0, 4, 60)], 10)
        asked = np.repeat(changed(rng, pictures[rng.integers(0, 4, 12)], 10), 2, axis=0)
        match = compare(query(asked), reference(listed))
        assert match is not None and match.tier is not VideoTier.MATCH


def _regular(frames: int) -> np.ndarray:
    """A picture of stripes, near which many pictures come by chance: no distance says much."""
    return np.tile(np.array([0xAA] * 32, np.uint8), (frames, 1))


def _as_is(codes: np.ndarray, family: str) -> VideoQuery:
    times = np.arange(len(codes)) / 2
    quality = np.full((1, len(codes)), 80)
    return VideoQuery.of(codes[np.newaxis], quality, times, step_s=0.5, families=(family,), words=("seen",))


def test_a_regular_picture_is_a_match_by_the_rule_for_photographs(rng: np.random.Generator) -> None:
    listed = _regular(12)
    near, far = changed(rng, _regular(20), 26), changed(rng, _regular(20), 34)
    match = compare(_as_is(near, "as_is"), reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH and match.is_classic
    for asked in (_as_is(near, "uncrop"), _as_is(far, "as_is")):
        found = compare(asked, reference(listed))
        assert found is None or (found.tier is not VideoTier.MATCH and not found.is_classic)


def test_that_rule_knows_no_size_of_the_bank(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = VideoBank.of([(1, _regular(12), np.full(12, 80), np.arange(12.0))])
    monkeypatch.setattr(VideoBank, "frames", property(lambda _: 1_000_000_000))
    found = search(_as_is(changed(rng, _regular(20), 26), "as_is"), bank)
    assert [one.match.tier for one in found] == [VideoTier.MATCH]
    assert found[0].expected_false_alarms > 1


def _event(rng: np.random.Generator, room: np.ndarray) -> np.ndarray:
    """A room for 30 s, through which somebody walks for six."""
    listed = changed(rng, np.repeat(room, 30, axis=0), 6)
    start = int(rng.integers(4, 20))
    listed[start : start + 6] = changed(rng, np.repeat(room, 6, axis=0), 50)
    return listed


def test_where_little_happens_what_happens_decides(rng: np.random.Generator) -> None:
    matches = 0
    for _ in range(20):
        room = random_codes(rng, 1)
        listed = _event(rng, room)
        copy = compare(query(changed(rng, np.repeat(listed, 2, axis=0), 20)), reference(listed))
        assert copy is not None and copy.tier is VideoTier.MATCH
        other = compare(query(np.repeat(_event(rng, room), 2, axis=0)), reference(listed))
        matches += other is not None and other.tier is VideoTier.MATCH
    assert matches == 0
