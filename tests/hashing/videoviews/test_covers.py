"""What covers a part of the picture is left out, by what the listed codes of several moments tell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.hashing.border import Box
from holdfast.hashing.pdq import pdq_from_blocks
from holdfast.hashing.videoviews import covers
from holdfast.hashing.videoviews.closer import close_views
from holdfast.hashing.videoviews.covers import CELLS, LEAST_MOMENTS, MOST_MOMENTS, uncovered
from holdfast.hashing.videoviews.looks import Look
from holdfast.hashing.views.faces import Faces, cosine_matrix
from holdfast.hashing.views.refine import code_signs
from holdfast.hashing.views.small import small_luma
from tests.hashing.videoviews.films import film, frames

Float32Array = npt.NDArray[np.float32]
COUNT = 12
BOX = Box(0, 160, 0, 240)
PLAIN = Look(BOX, np.eye(3), (160, 240), "as_is", "as is")


def _blocks(lumas: list[np.ndarray]) -> Float32Array:
    small = [small_luma(one, width=240, height=160) for one in lumas]
    made = [Faces(one, (BOX,)) for one in small if one is not None]
    return np.concatenate([face.blocks(0, np.eye(3)[np.newaxis]) for face in made])


def _codes(blocks: Float32Array) -> np.ndarray:
    return pdq_from_blocks(np.ascontiguousarray(blocks))[0]


def _bits(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.bitwise_count(one ^ other).sum(axis=1).mean())


def _behind(lumas: list[np.ndarray], figure: list[np.ndarray], top: int, left: int) -> list[np.ndarray]:
    """With a part of another film, 110 x 90, in front of each frame."""
    out = []
    for luma, front in zip(lumas, figure, strict=True):
        page = luma.copy()
        page[top : top + 110, left : left + 90] = front[:110, :90]
        out.append(page)
    return out


@pytest.mark.parametrize(("top", "left"), [(50, 0), (50, 150), (0, 70)])
def test_a_figure_in_front_of_a_film_is_left_out(top: int, left: int) -> None:
    lumas = film(61, COUNT)
    listed = _codes(_blocks(lumas))
    covered = _blocks(_behind(lumas, film(62, COUNT), top, left))
    before = _bits(_codes(covered), listed)
    shown = uncovered(covered, np.arange(COUNT), listed)
    assert shown is not None and shown.shape == (COUNT, 64, 64) and shown.dtype == np.float32
    assert before > 50 and _bits(_codes(shown), listed) < before - 10


def test_frames_between_the_moments_are_seen_as_well() -> None:
    lumas = film(63, 3 * COUNT)
    covered = _blocks(_behind(lumas, film(64, 3 * COUNT), 50, 0))
    listed = _codes(_blocks(lumas))
    shown = uncovered(covered, np.arange(0, 3 * COUNT, 3), listed[::3])
    assert shown is not None
    assert _bits(_codes(shown), listed) < _bits(_codes(covered), listed) - 8


@pytest.mark.parametrize("seed", range(65, 71))
def test_strangers_are_no_nearer(seed: int) -> None:
    """Nothing of the picture agrees, so little is left."""
    assert (
        uncovered(_blocks(film(seed, COUNT)), np.arange(COUNT), _codes(_blocks(film(seed + 100, COUNT))))
        is None
    )


def test_where_little_of_the_picture_agrees_nothing_is_concluded() -> None:
    thing = film(71, COUNT)
    one = _blocks(_behind(film(72, COUNT), thing, 40, 100))
    other = _blocks(_behind(film(73, COUNT), thing, 40, 100))
    assert uncovered(one, np.arange(COUNT), _codes(other)) is None


def test_flat_parts_of_a_page_have_no_say() -> None:
    lumas = [np.full((160, 240), 60, np.uint8) for _ in range(4)]
    for luma, front in zip(lumas, film(81, 4), strict=True):
        luma[:80, :120] = front[:80, :120]
    textured = covers._textured(_blocks(lumas)).reshape(CELLS, CELLS)
    assert textured[:4, :4].all() and not textured[5:].any() and not textured[:, 5:].any()
    weights = np.ones(CELLS * CELLS, np.float32)
    assert covers._left(weights) == pytest.approx(1) and covers._left(weights[:0]) == 0
    weights[:16] = 0
    assert covers._left(weights) == pytest.approx(0.75)


def test_a_regular_picture_among_them_does_not_outweigh_the_rest() -> None:
    """All its coefficients are nothing, but not those of its cells."""
    stripes = np.tile(np.where(np.arange(240) // 12 % 2, 200, 40).astype(np.uint8), (160, 1))
    blocks = _blocks([stripes, *film(84, 4)])
    signs = code_signs(_codes(blocks))
    with_it, without = (np.trace(covers._sums(blocks[n:], signs[n:])[0]) for n in (0, 1))
    assert with_it < 3 * without


def test_a_moment_has_no_say_in_how_it_is_seen() -> None:
    """Each quarter is seen with the weights of the others: its own codes may be anything."""
    lumas = film(74, COUNT)
    listed = _codes(_blocks(lumas))
    covered = _blocks(_behind(lumas, film(75, COUNT), 50, 0))
    changed = listed.copy()
    changed[:3] = _codes(_blocks(film(76, 3)))
    before, after = (uncovered(covered, np.arange(COUNT), codes) for codes in (listed, changed))
    assert before is not None and after is not None
    assert np.array_equal(before[:3], after[:3]) and not np.array_equal(before[3:], after[3:])


def test_too_few_moments_tell_nothing() -> None:
    blocks = _blocks(film(77, COUNT))
    rows = np.arange(LEAST_MOMENTS - 1)
    assert uncovered(blocks, rows, _codes(blocks)[rows]) is None
    assert (
        uncovered(blocks, np.append(rows, COUNT - 1), _codes(blocks)[np.append(rows, COUNT - 1)]) is not None
    )


def test_of_very_many_moments_a_sample_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def sums(blocks: Float32Array, signs: Float32Array) -> object:
        asked.append(len(blocks))
        return original(blocks, signs)

    original = covers._sums
    monkeypatch.setattr(covers, "_sums", sums)
    blocks = np.tile(_blocks(film(78, COUNT)), (20, 1, 1))
    assert uncovered(blocks, np.arange(len(blocks)), _codes(blocks)) is not None
    assert sum(asked) == MOST_MOMENTS


@pytest.mark.parametrize("level", [0.0, 128.0])
def test_pictures_without_features_are_no_trouble(level: float) -> None:
    blocks = np.full((6, 64, 64), level, np.float32)
    assert uncovered(blocks, np.arange(6), np.zeros((6, 32), np.uint8)) is None


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_the_coefficients_of_the_cells_are_those_of_each_cell_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    block = rng.uniform(0, 255, (1, 64, 64)).astype(np.float32)
    cells = covers._cell_coefficients(block)[0]
    windows, cosines = covers._windows(), cosine_matrix()
    across, down = rng.integers(0, CELLS, 2)
    alone = (block[0] - block.mean()) * np.outer(windows[down], windows[across])
    wanted = (cosines @ alone @ cosines.T).ravel()
    assert np.allclose(cells[down * CELLS + across], wanted, atol=0.05)
    whole = (cosines @ (block[0] - block.mean()) @ cosines.T).ravel()
    assert np.allclose(cells.sum(axis=0), whole, atol=0.2)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_the_weights_are_the_least_squares_of_those_from_zero_on(seed: int) -> None:
    """By the conditions of Karush, Kuhn and Tucker."""
    rng = np.random.default_rng(seed)
    terms = rng.normal(size=(600, CELLS * CELLS))
    wanted = terms @ np.maximum(rng.normal(0.3, 0.6, CELLS * CELLS), 0) + rng.normal(size=600)
    square, shared = terms.T @ terms, terms.T @ wanted
    weights = covers._solved(square, shared)
    ridge = covers.RIDGE * np.trace(square) / len(square)
    mean = max(float(shared.sum() / square.sum()), 1e-3)
    slope = square @ weights - shared + ridge * (weights - mean)
    size = float(np.abs(shared).max())
    assert (weights >= 0).all() and (slope > -0.01 * size).all()
    assert (np.abs(slope[weights > 1e-3]) < 0.01 * size).all()


def test_a_view_without_its_cover_says_so_and_decides_nothing() -> None:
    lumas = film(79, COUNT)
    listed = _codes(_blocks(lumas))
    (seen,) = close_views(frames(_behind(lumas, film(80, COUNT), 50, 0)), [PLAIN])
    shown = seen.uncovered(np.arange(COUNT), listed)
    assert shown is not None
    assert (shown.words, shown.family, shown.is_changed) == ("as is, partly covered", "other", True)
    assert np.array_equal(shown.time_s, seen.time_s) and shown.codes.shape == seen.codes.shape
    assert _bits(shown.codes, listed) < _bits(seen.codes, listed) - 5
    assert shown.uncovered(np.arange(COUNT), listed) is None  # it is done once
    assert seen.uncovered(np.arange(2), listed[:2]) is None
