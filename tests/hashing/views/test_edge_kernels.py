"""Edges and straight runs, against slow plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.hashing.views import edge_kernels
from holdfast.hashing.views.boxes import edge_marks

REACH = 2


@settings(max_examples=25, deadline=None)
@given(st.integers(6, 30), st.integers(1, 12), st.integers(0, 999))
def test_a_mark_is_how_far_a_step_stands_out_from_those_above_and_below(
    height: int, width: int, seed: int
) -> None:
    luma = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    marks = edge_marks(luma)
    assert marks.shape == (height + 1, width)

    def step(y: int, x: int) -> int:
        return abs(int(luma[y, x]) - int(luma[y - 1, x])) if 1 <= y < height else 0

    for y in range(height + 1):
        for x in range(width):
            value = step(y, x) - max(step(y - REACH, x), step(y + REACH, x))
            assert marks[y, x] == min(max(value, -8), 8)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(-8, 8), min_size=9, max_size=9), min_size=1, max_size=6), st.integers(1, 20)
)
def test_the_best_run_of_a_line_is_the_best_of_all_runs(lines: list[list[int]], least: int) -> None:
    marks = np.array(lines, np.int8)
    scores = np.full(len(lines), -1, np.int64)
    edge_kernels.straight_runs(marks, least, scores)
    for line, score in zip(lines, scores.tolist(), strict=True):
        best = max(sum(line[i:j]) - (j - i) for i in range(9) for j in range(i + 1, 10))
        assert score == (best if best >= least else 0)


def test_boxes_are_rated_by_their_sides_and_kept_apart() -> None:
    sums = np.zeros((4, 101), np.int64)
    sums[1:3] = 8 * np.arange(101)  # perfect edges at two lines in each direction
    lines = np.array([0, 20, 80, 100])
    found = np.zeros((5, 5), np.float32)
    count = edge_kernels.best_boxes(lines, lines, sums, sums, 0.6, 0.12, found)
    assert count == 5
    assert found[0, 1:].tolist() == [20, 80, 20, 80]
    assert found[0, 0] == np.float32(1 + 0.5 + 0.2 * 0.6)
    assert (np.diff(found[:, 0]) <= 0).all()
