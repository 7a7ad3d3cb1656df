"""What covers a part of the picture is left out, by what the listed codes of several moments tell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.hashing.videoviews import covers
from holdfast.hashing.videoviews.cells import CELLS, RIDGE, normal_equations
from holdfast.hashing.videoviews.closer import close_views
from holdfast.hashing.videoviews.covers import LEAST_MOMENTS, MOST_MOMENTS, uncovered
from tests.hashing.videoviews.films import PLAIN_LOOK, behind, blocks_of, codes_of, film, frames, mean_bits

COUNT = 12
Float32Array = npt.NDArray[np.float32]


@pytest.mark.parametrize(("top", "left"), [(50, 0), (50, 150), (0, 70)])
def test_a_figure_in_front_of_a_film_is_left_out(top: int, left: int) -> None:
    lumas = film(61, COUNT)
    listed = codes_of(blocks_of(lumas))
    covered = blocks_of(behind(lumas, film(62, COUNT), top, left))
    before = mean_bits(codes_of(covered), listed)
    shown = uncovered(covered, np.arange(COUNT), listed)
    assert shown is not None and shown.shape == (COUNT, 64, 64) and shown.dtype == np.float32
    assert before > 50 and mean_bits(codes_of(shown), listed) < before - 10


def test_frames_between_the_moments_are_seen_as_well() -> None:
    lumas = film(63, 3 * COUNT)
    covered = blocks_of(behind(lumas, film(64, 3 * COUNT), 50, 0))
    listed = codes_of(blocks_of(lumas))
    shown = uncovered(covered, np.arange(0, 3 * COUNT, 3), listed[::3])
    assert shown is not None
    assert mean_bits(codes_of(shown), listed) < mean_bits(codes_of(covered), listed) - 8


@pytest.mark.parametrize("seed", range(65, 71))
def test_strangers_are_no_nearer(seed: int) -> None:
    """Nothing of the picture agrees, so little is left."""
    assert (
        uncovered(
            blocks_of(film(seed, COUNT)), np.arange(COUNT), codes_of(blocks_of(film(seed + 100, COUNT)))
        )
        is None
    )


def test_where_little_of_the_picture_agrees_nothing_is_concluded() -> None:
    thing = film(71, COUNT)
    one = blocks_of(behind(film(72, COUNT), thing, 40, 100))
    other = blocks_of(behind(film(73, COUNT), thing, 40, 100))
    assert uncovered(one, np.arange(COUNT), codes_of(other)) is None


def test_what_is_left_is_the_share_that_equal_weights_amount_to() -> None:
    weights = np.ones(CELLS * CELLS, np.float32)
    assert covers._left(weights) == pytest.approx(1) and covers._left(weights[:0]) == 0
    weights[:16] = 0
    assert covers._left(weights) == pytest.approx(0.75)


def test_a_moment_has_no_say_in_how_it_is_seen() -> None:
    """Each quarter is seen with the weights of the others: its own codes may be anything."""
    lumas = film(74, COUNT)
    listed = codes_of(blocks_of(lumas))
    covered = blocks_of(behind(lumas, film(75, COUNT), 50, 0))
    changed = listed.copy()
    changed[:3] = codes_of(blocks_of(film(76, 3)))
    before, after = (uncovered(covered, np.arange(COUNT), codes) for codes in (listed, changed))
    assert before is not None and after is not None
    assert np.array_equal(before[:3], after[:3]) and not np.array_equal(before[3:], after[3:])


def test_too_few_moments_tell_nothing() -> None:
    blocks = blocks_of(film(77, COUNT))
    rows = np.arange(LEAST_MOMENTS - 1)
    assert uncovered(blocks, rows, codes_of(blocks)[rows]) is None
    assert (
        uncovered(blocks, np.append(rows, COUNT - 1), codes_of(blocks)[np.append(rows, COUNT - 1)])
        is not None
    )


def test_of_very_many_moments_a_sample_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def sums(blocks: Float32Array, signs: Float32Array) -> object:
        asked.append(len(blocks))
        return original(blocks, signs)

    original = normal_equations
    monkeypatch.setattr(covers, "normal_equations", sums)
    blocks = np.tile(blocks_of(film(78, COUNT)), (20, 1, 1))
    assert uncovered(blocks, np.arange(len(blocks)), codes_of(blocks)) is not None
    assert sum(asked) == MOST_MOMENTS


@pytest.mark.parametrize("level", [0.0, 128.0])
def test_pictures_without_features_are_no_trouble(level: float) -> None:
    blocks = np.full((6, 64, 64), level, np.float32)
    assert uncovered(blocks, np.arange(6), np.zeros((6, 32), np.uint8)) is None


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_the_weights_are_the_least_squares_of_those_from_zero_on(seed: int) -> None:
    """By the conditions of Karush, Kuhn and Tucker."""
    rng = np.random.default_rng(seed)
    terms = rng.normal(size=(600, CELLS * CELLS))
    wanted = terms @ np.maximum(rng.normal(0.3, 0.6, CELLS * CELLS), 0) + rng.normal(size=600)
    square, shared = terms.T @ terms, terms.T @ wanted
    weights = covers._solved(square, shared)
    ridge = RIDGE * np.trace(square) / len(square)
    mean = max(float(shared.sum() / square.sum()), 1e-3)
    slope = square @ weights - shared + ridge * (weights - mean)
    size = float(np.abs(shared).max())
    assert (weights >= 0).all() and (slope > -0.01 * size).all()
    assert (np.abs(slope[weights > 1e-3]) < 0.01 * size).all()


def test_a_view_without_its_cover_says_so_and_decides_nothing() -> None:
    lumas = film(79, COUNT)
    listed = codes_of(blocks_of(lumas))
    (seen,) = close_views(frames(behind(lumas, film(80, COUNT), 50, 0)), [PLAIN_LOOK])
    shown = seen.uncovered(np.arange(COUNT), listed)
    assert shown is not None
    assert (shown.words, shown.family, shown.is_changed) == ("as is, partly covered", "other", True)
    assert np.array_equal(shown.time_s, seen.time_s) and shown.codes.shape == seen.codes.shape
    assert mean_bits(shown.codes, listed) < mean_bits(seen.codes, listed) - 5
    assert shown.uncovered(np.arange(COUNT), listed) is None  # it is done once
    assert seen.uncovered(np.arange(2), listed[:2]) is None
