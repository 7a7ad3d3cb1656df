"""Videos that change alike though no two frames are near: copies with much put over them, and strangers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest

from holdfast.matching.video.alike import (
    LEAST_DEVIATIONS,
    MOST_BITS,
    MOST_FRAMES,
    MOST_S,
    Alike,
    alike,
    as_they_stand,
    plain_views,
)
from holdfast.matching.video.bank import VideoBank
from holdfast.matching.video.compare import by_change
from holdfast.matching.video.judge import SPECIFIC_DECADES, VideoTier
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.search import search

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _View:
    values: np.ndarray
    family: str = "as_is"
    words: str = "as is"
    is_changed: bool = False
    look: object = "here"

    @property
    def codes(self) -> np.ndarray:
        return np.packbits(self.values > 0, axis=1)

    @property
    def quality(self) -> np.ndarray:
        return np.full(len(self.values), 80)

    def agreeing(self, rows: np.ndarray, codes: np.ndarray) -> float:
        return 1.0

    @property
    def time_s(self) -> np.ndarray:
        return np.arange(len(self.values)) / 2


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(19)


def _course(rng: np.random.Generator, seconds: int) -> FloatArray:
    """Coefficients (2 * seconds, 256) twice a second of something that moves."""
    modes, drift = rng.normal(0, 0.5, (8, 256)), np.zeros((2 * seconds, 8))
    for row in range(1, len(drift)):
        drift[row] = 0.6 * drift[row - 1] + 0.8 * rng.normal(0, 1, 8)
    return rng.normal(0, 0.6, 256) + np.asarray(drift @ modes)


def _listed(course: FloatArray) -> VideoReference:
    codes = np.packbits(course[::2] > 0, axis=1)
    return VideoReference.of(codes, np.full(len(codes), 80), np.arange(len(codes), dtype=np.float64))


def _plain(asked: VideoQuery) -> list[VideoQuery]:
    return as_they_stand(asked, plain_views(asked))


def _alike(asked: VideoQuery, listed: VideoReference) -> Alike | None:
    return alike(_plain(asked), listed)


def _asked(course: FloatArray, family: str = "as_is") -> VideoQuery:
    view = _View(course.astype(np.float32))
    made = VideoQuery.of(
        view.codes[np.newaxis],
        view.quality[np.newaxis],
        view.time_s,
        step_s=0.5,
        families=(family,),
        words=("view",),
    )
    return replace(made, fit=lambda number, rows, codes: None if len(rows) else view)


def _covered(rng: np.random.Generator, course: FloatArray, share: float = 0.55) -> FloatArray:
    """As if stickers lay over it: a share of the coefficients is moved far, and all move somewhat less."""
    moved = np.where(rng.random(256) < share, rng.normal(0, 4.0, 256), 0.0)
    return 0.6 * course + moved + rng.normal(0, 0.1, course.shape)


def test_a_copy_under_stickers_is_a_match_by_its_change_alone(rng: np.random.Generator) -> None:
    for _ in range(5):
        course = _course(rng, 16)
        match = by_change(_plain(_asked(_covered(rng, course))), _listed(course))
        assert match is not None and match.tier is VideoTier.MATCH
        assert match.speed == 1 and match.offset_s == pytest.approx(0, abs=0.26)
        assert match.family == "other" and match.view == "by how it changes"
        assert match.specific == SPECIFIC_DECADES  # one observation is counted once


def test_where_nothing_that_stands_still_speaks_for_it_it_is_no_more_than_possible(
    rng: np.random.Generator,
) -> None:
    """As where two films have the same animated thing over them, or the rest is black."""
    for _ in range(5):
        course = _course(rng, 16)
        asked, listed = _plain(_asked(_covered(rng, course, 1.0))), _listed(course)
        found = alike(asked, listed)
        assert found is not None and found.support.bits.mean() > MOST_BITS
        match = by_change(asked, listed)
        assert match is not None and match.tier is VideoTier.POSSIBLE


@pytest.mark.parametrize("videos", [2, 40, 200])
def test_it_is_asked_of_all_candidates(rng: np.random.Generator, videos: int) -> None:
    """Such a copy is near to nothing: it may be any of them."""
    course = _course(rng, 16)
    others = [_course(rng, 16) for _ in range(videos - 1)]
    listed = [np.packbits(one[::2] > 0, axis=1) for one in (*others, course)]
    bank = VideoBank.of((n, codes, np.full(16, 80), np.arange(16.0)) for n, codes in enumerate(listed))
    (found,) = search(_asked(_covered(rng, course, 0.7)), bank)
    assert found.video_id == videos - 1 and found.match.tier is VideoTier.MATCH


def test_moments_that_are_not_shown_do_not_count(rng: np.random.Generator) -> None:
    course = _course(rng, 30)
    whole = _plain(_asked(_covered(rng, course)))[0]
    gone = (whole.time_s >= 8) & (whole.time_s < 20)
    weight = np.where(gone, 0, whole.frames.weight).astype(np.float32)
    part = replace(whole, frames=replace(whole.frames, weight=weight))
    found = alike([part], _listed(course))
    assert found is not None
    shown = found.support.columns
    assert not ((shown > 8) & (shown < 20)).any() and len(shown) >= 16
    assert np.abs(found.query.time_s[found.support.rows] - shown).max() <= 0.5


def test_an_excerpt_is_found_at_its_place(rng: np.random.Generator) -> None:
    course = _course(rng, 40)
    found = _alike(_asked(_covered(rng, course[30:60])), _listed(course))
    assert found is not None
    line, pairs = found.line, found.support
    assert line.offset_s == pytest.approx(15, abs=0.26)
    assert line.decades >= LEAST_DEVIATIONS**2 / (2 * math.log(10)) - 3  # a thousand offsets at most
    assert (pairs.columns - pairs.rows / 2 == pytest.approx(15, abs=0.51)) and len(pairs) >= 14


def test_strangers_stay_far_below(rng: np.random.Generator) -> None:
    listed = [_listed(_course(rng, 20)) for _ in range(40)]
    for _ in range(20):
        asked = _asked(_course(rng, 15))
        assert all(_alike(asked, one) is None for one in listed)


def test_a_common_event_is_no_common_course(rng: np.random.Generator) -> None:
    """Two films with one cut each, at the same moment: what changes where is another matter."""
    for _ in range(40):
        one, other = (np.repeat(rng.normal(0, 1, (2, 256)), 16, axis=0) for _ in range(2))
        assert _alike(_asked(one + rng.normal(0, 0.05, one.shape)), _listed(other)) is None


def test_where_it_is_not_asked(rng: np.random.Generator) -> None:
    course = _course(rng, 16)
    asked, listed = _asked(_covered(rng, course)), _listed(course)
    assert _alike(asked, listed) is not None
    assert _alike(replace(asked, fit=None), listed) is None
    assert _alike(replace(asked, fit=lambda *_: None), listed) is None
    assert _alike(_asked(_covered(rng, course), "uncrop"), listed) is None
    assert _alike(asked, _listed(course[:10])) is None  # five moments
    assert _alike(asked, _listed(np.repeat(course, 20, axis=0)[: 2 * MOST_FRAMES + 2])) is None
    times = np.arange(16.0) * (MOST_S / 10)
    codes = np.packbits(course[::2] > 0, axis=1)
    assert _alike(asked, VideoReference.of(codes, np.full(16, 80), times)) is None  # hours with few frames
    still = np.repeat(course[:1], 32, axis=0)
    assert _alike(_asked(still), listed) is None and _alike(asked, _listed(still)) is None
