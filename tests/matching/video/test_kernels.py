"""The compiled loops against the plain oracle, and the states against those of the hash itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.hashing.video import VideoHash
from holdfast.hashing.videostates import states_of
from holdfast.matching.video import kernels
from holdfast.matching.video.align import BIN_S, PRIOR, SPEEDS
from tests.matching.video import oracle


def test_states_are_those_of_the_hash() -> None:
    rng = np.random.default_rng(7)
    base = rng.integers(0, 256, (6, 32), dtype=np.uint8)
    codes = base[rng.integers(0, 6, 40)]
    codes[:, :4] ^= rng.integers(0, 256, (40, 4), dtype=np.uint8)
    video = VideoHash(np.arange(40), np.arange(40.0), np.full(40, 80, np.int32), codes)
    found = np.empty(40, np.int32)
    count = kernels.states_into(codes.view(np.uint64), 12, found)
    expected = states_of(video, 12)
    assert count == len(expected)
    assert found.tolist() == expected.state.tolist() == oracle.states(codes, 12)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), frames=st.integers(1, 12), size=st.integers(1, 12))
def test_the_best_line_is_the_oracles(seed: int, frames: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (1, frames, 32), dtype=np.uint8)
    references = rng.integers(0, 256, (size, 32), dtype=np.uint8)
    for row in range(frames):
        if rng.random() < 0.7:
            codes[0, row] = references[rng.integers(size)]
            codes[0, row, 0] = rng.integers(256)
    # One class and distinct evidence for each distance, so that ties mean equal distances.
    table = np.maximum(0, 9 - np.arange(257, dtype=np.float32) / 11)[np.newaxis]
    query_s, reference_s = np.sort(rng.uniform(0, 9, frames)).round(1), np.arange(size, dtype=np.float64)
    query_state = rng.integers(0, frames, (1, frames)).astype(np.int32)
    reference_state = rng.integers(0, size, size).astype(np.int32)
    zeros, weights = np.zeros((1, frames), np.int32), np.ones((1, frames), np.float32)
    lines = np.zeros((1, 5))
    kernels.align_views(
        codes.view(np.uint64), zeros, weights, query_s, query_state, references.view(np.uint64),
        np.zeros(size, np.int32), np.ones(size, np.float32), reference_s, reference_state, table,
        np.float32(8), np.float32(5), np.array(SPEEDS), np.array(PRIOR), BIN_S, 3, lines,
    )  # fmt: skip
    distances = np.bitwise_count(codes[0][:, np.newaxis] ^ references).sum(axis=2)
    pairs = [
        (row, column, float(table[0, distances[row, column]]))
        for row in range(frames)
        for column in range(size)
        if table[0, distances[row, column]] > 0
    ]
    state = query_state[0].tolist(), reference_state.tolist()
    times = query_s.tolist(), reference_s.tolist()
    line = oracle.best_line(pairs, *times, SPEEDS, PRIOR, BIN_S) if pairs else []
    assert lines[0, 0] == pytest.approx(oracle.distinct_sum(line, *state, 8), abs=1e-4)
    strong = [(row, column, evidence - 5) for row, column, evidence in pairs if evidence > 5]
    assert lines[0, 3] == pytest.approx(oracle.distinct_sum(strong, *state, 3), abs=1e-4)
