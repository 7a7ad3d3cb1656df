"""How much of a picture agrees with listed codes."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.hashing.videoviews.agreeing import agreeing_share
from holdfast.hashing.videoviews.closer import close_views
from holdfast.hashing.videoviews.fitting import FittedView
from tests.hashing.videoviews.films import PLAIN_LOOK, blocks_of, codes_of, film, frames

COUNT = 12


def _over(lumas: list[np.ndarray], other: list[np.ndarray], rows: slice, columns: slice) -> list[np.ndarray]:
    """With a part of another film in its own place in front."""
    out = []
    for luma, front in zip(lumas, other, strict=True):
        page = luma.copy()
        page[rows, columns] = front[rows, columns]
        out.append(page)
    return out


ALL = slice(None)
PARTS = [
    (slice(80, None), ALL, 0.5),
    (ALL, slice(0, 80), 1 / 3),
    (slice(40, None), ALL, 0.75),
    (slice(0, 80), slice(0, 120), 0.25),
]


@pytest.mark.parametrize(("rows", "columns", "share"), PARTS)
@pytest.mark.parametrize("seed", [91, 94])
def test_two_films_under_the_same_thing_agree_where_it_lies(
    seed: int, rows: slice, columns: slice, share: float
) -> None:
    thing = film(seed, COUNT)
    asked, listed = (_over(film(seed + n, COUNT), thing, rows, columns) for n in (1, 2))
    found = agreeing_share(blocks_of(asked), codes_of(blocks_of(listed)))
    assert found == pytest.approx(share, abs=0.15)


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_a_copy_agrees_all_over_and_a_stranger_hardly_anywhere(seed: int) -> None:
    lumas = film(seed, COUNT)
    rng = np.random.default_rng(seed)
    noisy = [
        np.clip(luma * 0.8 + 30 + rng.normal(0, 12, luma.shape), 0, 255).astype(np.uint8) for luma in lumas
    ]
    assert agreeing_share(blocks_of(noisy), codes_of(blocks_of(lumas))) > 0.95
    assert agreeing_share(blocks_of(film(seed + 50, COUNT)), codes_of(blocks_of(lumas))) < 0.35


def test_flat_parts_have_no_say() -> None:
    """A film on a quarter of a grey page: that quarter is all that there is to agree."""
    pages = [np.full((160, 240), 90, np.uint8) for _ in range(COUNT)]
    shown = _over(pages, film(111, COUNT), slice(0, 80), slice(0, 120))
    assert agreeing_share(blocks_of(shown), codes_of(blocks_of(shown))) > 0.9


def test_of_next_to_nothing_nothing_is_said_against_it() -> None:
    assert agreeing_share(np.full((3, 64, 64), 90, np.float32), np.zeros((3, 32), np.uint8)) == 1.0


def test_a_view_that_kept_its_pictures_can_tell() -> None:
    lumas, thing = film(112, COUNT), film(113, COUNT)
    listed = codes_of(blocks_of(lumas))
    (seen,) = close_views(frames(_over(lumas, thing, slice(80, None), ALL)), [PLAIN_LOOK])
    rows = np.arange(0, COUNT, 2)
    assert 0.3 < seen.agreeing(rows, listed[rows]) < 0.7
    bare = FittedView(seen.codes, seen.quality, seen.values, seen.time_s, False, PLAIN_LOOK)
    assert bare.agreeing(rows, listed[rows]) == 1.0
