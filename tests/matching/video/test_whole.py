"""Regular pictures, of which no distance says much: the same all through is a match all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.compare import compare
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.search import search
from holdfast.matching.video.whole import LEAST_FRAMES, whole
from tests.matching.video.videos import changed, query, random_codes, reference


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def _regular(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Stripes with something small that moves: codes of which strangers come near by chance."""
    stripes = np.zeros((1, 256), np.uint8)
    stripes[0, ::2] = 1
    return changed(rng, np.packbits(np.repeat(stripes, frames, axis=0), axis=1), 20)


def _plain(codes: np.ndarray, quality: int = 80) -> VideoQuery:
    return replace(query(codes, quality=quality), families=("as_is",))


def test_the_same_all_through_is_a_match_however_regular(rng: np.random.Generator) -> None:
    listed = _regular(rng, 12)
    match = compare(_plain(changed(rng, np.repeat(listed, 2, axis=0), 8)), reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH and match.is_classic
    assert match.query_start_s == 0 and match.query_end_s == pytest.approx(12, abs=0.5)
    assert match.reference_start_s == pytest.approx(0, abs=0.5)


def test_it_is_one_in_a_large_bank_too(rng: np.random.Generator) -> None:
    listed = _regular(rng, 12)
    videos = [(n, random_codes(rng, 40), np.full(40, 80), np.arange(40.0)) for n in range(100)]
    bank = VideoBank.of([*videos, (777, listed, np.full(12, 80), np.arange(12.0))])
    found = search(_plain(changed(rng, np.repeat(listed, 2, axis=0), 8)), bank)
    assert [(one.video_id, one.match.tier) for one in found] == [(777, VideoTier.MATCH)]


def test_a_match_that_is_too_little_for_the_bank_is_one_by_it_and_keeps_its_evidence(
    rng: np.random.Generator,
) -> None:
    listed = random_codes(rng, 5)
    asked = _plain(changed(rng, np.repeat(listed, 2, axis=0), 8))
    alone = compare(asked, reference(listed))
    assert alone is not None and alone.tier is VideoTier.MATCH and not alone.is_classic
    among = compare(asked, reference(listed), bank_frames=10**60)
    assert among is not None and among.is_classic and among.tier is VideoTier.MATCH
    assert among.score == pytest.approx(alone.score)


@pytest.mark.parametrize("bits", [21, 31])
def test_what_is_further_is_not_the_same(rng: np.random.Generator, bits: int) -> None:
    listed = random_codes(rng, 12)
    copy = changed(rng, np.repeat(listed, 2, axis=0), bits)
    assert whole(_plain(copy), reference(listed)) is None


def test_most_of_either_must_be_in_the_other(rng: np.random.Generator) -> None:
    listed = random_codes(rng, 20)
    assert whole(_plain(np.repeat(listed[:16], 2, axis=0)), reference(listed)) is not None
    assert whole(_plain(np.repeat(listed[:15], 2, axis=0)), reference(listed)) is None
    longer = np.concatenate([listed, random_codes(rng, 6)])
    assert whole(_plain(longer), reference(listed)) is None


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_at_any_speed(rng: np.random.Generator, speed: float) -> None:
    listed = random_codes(rng, 24)
    found = whole(_plain(listed[np.arange(0, 24, speed / 2).astype(int)]), reference(listed))
    assert found is not None and found[0].speed == pytest.approx(speed, abs=0.1)


def test_what_blinks_shows_others_in_between_and_comes_again(rng: np.random.Generator) -> None:
    """Listed once a second, and asked twice: half of the frames are near none of the listed ones."""
    one, other = random_codes(rng, 1), random_codes(rng, 1)
    listed = np.concatenate([one, other] * 8)
    blinking = random_codes(rng, 32)
    blinking[::2] = changed(rng, listed, 4)
    match = compare(_plain(blinking), reference(listed))
    assert match is not None and match.tier is VideoTier.MATCH and match.is_classic
    blinking[0:8] = random_codes(rng, 8)  # four of sixteen seconds show something else
    assert whole(_plain(blinking), reference(listed)) is None


def test_what_does_not_change_alike_is_not_the_same(rng: np.random.Generator) -> None:
    pictures = changed(rng, np.repeat(random_codes(rng, 1), 12, axis=0), 17)
    one, other = pictures[rng.integers(0, 12, 30)], pictures[rng.integers(0, 12, 30)]
    assert whole(_plain(np.repeat(one, 2, axis=0)), reference(one)) is not None
    assert whole(_plain(np.repeat(other, 2, axis=0)), reference(one)) is None


def test_only_plain_views_count(rng: np.random.Generator) -> None:
    listed = random_codes(rng, 12)
    asked = query(random_codes(rng, 12), listed)  # named "view 0" and "view 1": no plain ones
    assert asked.families == ("view 0", "view 1")
    assert whole(asked, reference(listed)) is None


def test_too_few_or_featureless_frames_say_nothing(rng: np.random.Generator) -> None:
    few, many = random_codes(rng, LEAST_FRAMES - 1), random_codes(rng, 12)
    assert whole(_plain(few), reference(few)) is None
    assert whole(_plain(many, quality=29), reference(many)) is None
    assert whole(_plain(many, quality=30), reference(many)) is not None
