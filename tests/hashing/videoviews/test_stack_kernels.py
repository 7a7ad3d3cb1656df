"""The loops over a stack of frames, beside the same in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.hashing.videoviews.stack_kernels import detail_into, flat_lines, motion_into


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 40), st.integers(2, 40))
def test_sums_spread_and_detail(seed: int, frames: int, height: int, width: int) -> None:
    stack = np.random.default_rng(seed).integers(0, 256, (frames, height, width), dtype=np.uint8)
    total, spread = np.empty((height, width), np.int64), np.empty((height, width), np.uint8)
    motion_into(stack, total, spread)
    assert np.array_equal(total / frames, stack.mean(axis=0))
    assert np.array_equal(spread, np.ptp(stack, axis=0))
    detail = np.empty((height, width - 2), np.int64)
    detail_into(stack, detail)
    values = stack.astype(np.int16)
    bends = np.abs(values[:, :, 1:-1] * 2 - values[:, :, :-2] - values[:, :, 2:])
    assert np.array_equal(detail / frames, np.minimum(bends, 24).mean(axis=0))


@pytest.mark.parametrize("turned", [False, True])
@given(st.integers(0, 2**32 - 1), st.integers(0, 20))
def test_uniform_lines(turned: bool, seed: int, flat: int) -> None:
    rng = np.random.default_rng(seed)
    lines = rng.integers(0, 256, (20, 30), dtype=np.uint8)
    lines[:flat] = rng.integers(0, 250, dtype=np.uint8) + rng.integers(0, 6, (flat, 30), dtype=np.uint8)
    asked = lines[::-1] if turned else lines
    is_flat = asked.std(axis=1) < 6
    expected = len(is_flat) if is_flat.all() else int(is_flat.argmin())
    assert flat_lines(asked, 6.0, -1.0, 0.0) == expected


@given(st.integers(0, 2**32 - 1), st.integers(0, 250))
def test_lines_of_one_grey_and_no_other(seed: int, grey: int) -> None:
    rng = np.random.default_rng(seed)
    lines = np.repeat(rng.integers(0, 256, (20, 1), dtype=np.uint8), 30, axis=1)
    is_near = np.abs(lines[:, 0].astype(int) - grey) <= 12
    expected = len(is_near) if is_near.all() else int(is_near.argmin())
    assert flat_lines(lines, 6.0, float(grey), 12) == expected
