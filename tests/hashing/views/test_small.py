"""The small luma: few enough pixels, the right means, kept and read again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.hashing.border import Box
from holdfast.hashing.views import small as small_module
from holdfast.hashing.views.small import MIN_SIDE, SMALL_PIXELS, SmallLuma, small_luma


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 1500), st.integers(1, 1500))
def test_any_shape_is_shrunk_by_a_whole_number_or_has_none(height: int, width: int) -> None:
    made = small_luma(np.full((height, width), 77, np.uint8))
    if made is None:
        assert min(height, width) < MIN_SIDE * (1 + int((height * width / SMALL_PIXELS) ** 0.5 + 1))
        return
    rows, columns = made.pixels.shape
    assert rows * columns <= SMALL_PIXELS
    assert min(rows, columns) >= MIN_SIDE
    assert height // rows == width // columns or min(height // rows, width // columns) >= 1
    assert (made.pixels == 77).all()
    assert made.page == Box(0, rows, 0, columns)


@settings(max_examples=15, deadline=None)
@given(st.integers(16, 60), st.integers(16, 60), st.integers(0, 999))
def test_means_are_rounded_means_of_cells(height: int, width: int, seed: int) -> None:
    luma = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(small_module, "SMALL_PIXELS", height * width // 3)
        made = small_luma(luma)
    assert made is not None
    rows, columns = height // 2, width // 2
    cells = luma[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).astype(np.int64).sum(axis=(1, 3))
    assert (made.pixels == (cells + 2) // 4).all()


def test_the_aspect_is_that_of_the_original() -> None:
    made = small_luma(np.zeros((100, 100), np.uint8), width=1600, height=800)
    assert made is not None
    assert made.aspect(made.page) == pytest.approx(2.0)
    assert made.aspect(Box(0, 100, 0, 50)) == pytest.approx(1.0)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=64))
def test_nothing_else_is_taken_for_a_small_luma(data: bytes) -> None:
    with pytest.raises(ValueError, match="nothing was read"):
        SmallLuma.from_bytes(data)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 999))
def test_what_is_kept_comes_back(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    kept = SmallLuma(pixels, 3 * width, 5 * height)
    data = kept.to_bytes()
    assert len(data) == 20 + pixels.size
    again = SmallLuma.from_bytes(data)
    assert (again.pixels == pixels).all()
    assert (again.width, again.height) == (3 * width, 5 * height)
