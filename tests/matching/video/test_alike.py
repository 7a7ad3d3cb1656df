"""Videos that change alike though no two frames are near: copies with much put over them, and strangers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest

from holdfast.matching.video.alike import LEAST_DEVIATIONS, MOST_FRAMES, alike
from holdfast.matching.video.compare import compare
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _View:
    values: np.ndarray
    family: str = "as_is"
    words: str = "as is"
    is_changed: bool = False

    @property
    def codes(self) -> np.ndarray:
        return np.packbits(self.values > 0, axis=1)

    @property
    def quality(self) -> np.ndarray:
        return np.full(len(self.values), 80)

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


def _asked(course: FloatArray, family: str = "as_is") -> VideoQuery:
    view = _View(course.astype(np.float32))
    plain = VideoQuery.of(
        view.codes[np.newaxis],
        view.quality[np.newaxis],
        view.time_s,
        step_s=0.5,
        families=(family,),
        words=("view",),
    )
    return replace(plain, fit=lambda number, rows, codes: None if len(rows) else view)


def _covered(rng: np.random.Generator, course: FloatArray) -> FloatArray:
    """As if stickers lay over it: each coefficient is moved far, and moves somewhat less."""
    return 0.5 * course + rng.normal(0, 3.0, 256) + rng.normal(0, 0.1, course.shape)


def test_a_copy_under_stickers_is_a_match_by_its_change_alone(rng: np.random.Generator) -> None:
    for _ in range(5):
        course = _course(rng, 16)
        asked, listed = _asked(_covered(rng, course)), _listed(course)
        near = compare(asked, listed, fit=False)
        assert near is None or near.tier is not VideoTier.MATCH
        match = compare(asked, listed)
        assert match is not None and match.tier is VideoTier.MATCH
        assert match.speed == 1 and match.offset_s == pytest.approx(0, abs=0.26)


def test_an_excerpt_is_found_at_its_place(rng: np.random.Generator) -> None:
    course = _course(rng, 40)
    found = alike(_asked(_covered(rng, course[30:60])), _listed(course))
    assert found is not None
    _, line, pairs = found
    assert line.offset_s == pytest.approx(15, abs=0.26)
    assert (pairs.columns - pairs.rows / 2 == pytest.approx(15, abs=0.51)) and len(pairs) >= 14


def test_strangers_stay_far_below(rng: np.random.Generator) -> None:
    listed = [_listed(_course(rng, 20)) for _ in range(40)]
    for _ in range(20):
        asked = _asked(_course(rng, 15))
        assert all(alike(asked, one) is None for one in listed)


def test_a_common_event_is_no_common_course(rng: np.random.Generator) -> None:
    """Two films with one cut each, at the same moment: what changes where is another matter."""
    for _ in range(40):
        one, other = (np.repeat(rng.normal(0, 1, (2, 256)), 16, axis=0) for _ in range(2))
        assert alike(_asked(one + rng.normal(0, 0.05, one.shape)), _listed(other)) is None


def test_where_it_is_not_asked(rng: np.random.Generator) -> None:
    course = _course(rng, 16)
    asked, listed = _asked(_covered(rng, course)), _listed(course)
    assert alike(asked, listed) is not None
    assert alike(replace(asked, fit=None), listed) is None
    assert alike(replace(asked, fit=lambda *_: None), listed) is None
    assert alike(_asked(_covered(rng, course), "uncrop"), listed) is None
    assert alike(asked, _listed(course[:10])) is None  # five moments
    assert alike(asked, _listed(np.repeat(course, 20, axis=0)[: 2 * MOST_FRAMES + 2])) is None
    still = np.repeat(course[:1], 32, axis=0)
    assert alike(_asked(still), listed) is None and alike(asked, _listed(still)) is None
    assert LEAST_DEVIATIONS > 5
