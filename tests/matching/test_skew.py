"""Crowds: the worst lists stay exact, and within the bound that `segment` states."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.matching import oracle
from holdfast.matching.hamming import HammingIndex, SearchWork
from holdfast.matching.plan import CANDIDATE_COST, LOOK_UP_COST, cost_limit
from tests.matching.codes import Codes, flipped, random_codes

COUNT = 100_000
ONE_BATCH = 32 * LOOK_UP_COST + 128 * CANDIDATE_COST  # what may be counted after the limit was passed


def _work_of_one(index: HammingIndex, query: Codes, radius: int) -> SearchWork:
    index.range_search(query, radius)  # makes room for the hits; a query is repeated for want of it
    before = index.work
    index.range_search(query, radius)
    after = index.work
    return SearchWork(*(getattr(after, name) - getattr(before, name) for name in SearchWork.__slots__))


def _assert_exact_and_bounded(index: HammingIndex, codes: Codes, queries: Codes, radius: int = 31) -> None:
    found = index.range_search(queries, radius)
    expected = oracle.range_search(codes, np.arange(len(codes)), queries, radius)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    (segment,) = index._state.segments
    for row in range(len(queries)):
        work = _work_of_one(index, queries[row : row + 1], radius)
        hits = int((expected[0] == row).sum())
        repeats = 1 if hits <= 64 else 2  # the hits of the first try did not fit
        tables = work.look_ups * LOOK_UP_COST + work.candidates * CANDIDATE_COST
        # Look-ups of batches that were under way when the limit was passed are counted, but end there.
        assert tables <= repeats * (cost_limit(COUNT) + 12 * ONE_BATCH)
        assert work.dense_scanned in (0, segment.dense, repeats * segment.dense)
        assert work.fully_scanned in (0, COUNT, repeats * COUNT)


def _crowd(generator: np.random.Generator, members: int, free_chunks: int) -> Codes:
    """Codes that share all chunks but a few, and are far from each other there."""
    centre = random_codes(generator, 1)[0]
    crowd = np.repeat(centre[None], members, axis=0)
    everywhere = random_codes(generator, members)
    bits = np.arange(256 - 16 * free_chunks, 256)
    mask = flipped(np.zeros(32, np.uint8), bits)
    result: Codes = (crowd & ~mask) | (everywhere & mask)
    return result


@pytest.mark.parametrize("free_chunks", [1, 4, 8, 12])
def test_a_tenth_of_all_entries_share_most_chunks(free_chunks: int) -> None:
    generator = np.random.default_rng(free_chunks)
    crowd = _crowd(generator, COUNT // 10, free_chunks)
    codes = np.concatenate([random_codes(generator, COUNT - len(crowd)), crowd])
    generator.shuffle(codes)
    index = HammingIndex.from_codes(codes)
    (segment,) = index._state.segments
    assert COUNT // 10 <= segment.dense < COUNT // 10 + 500  # strangers that share a crowded chunk too
    near = flipped(crowd[0], np.arange(0, 256, 9))
    queries = np.concatenate([crowd[:3], near[None], codes[:5], random_codes(generator, 5)])
    _assert_exact_and_bounded(index, codes, queries)
    # Who is far from the crowd does not pay for it.
    stranger = _work_of_one(index, ~near[None], 31)
    assert stranger.dense_scanned == stranger.fully_scanned == 0


def test_a_hundred_thousand_times_the_same_code() -> None:
    generator = np.random.default_rng(20)
    same = np.repeat(random_codes(generator, 1), COUNT, axis=0)
    index = HammingIndex.from_codes(same)
    queries = np.stack([same[0], flipped(same[0], np.arange(31)), flipped(same[0], np.arange(32)), ~same[0]])
    _assert_exact_and_bounded(index, same, queries)
    assert index.stats()["dense"] == COUNT


def test_all_zeros_and_all_ones_among_others() -> None:
    generator = np.random.default_rng(21)
    codes = random_codes(generator, COUNT)
    codes[::50], codes[1::60] = 0, 255
    index = HammingIndex.from_codes(codes)
    zero = np.zeros(32, np.uint8)
    queries = np.stack([zero, ~zero, flipped(zero, np.arange(0, 250, 9)), flipped(zero, np.arange(100))])
    _assert_exact_and_bounded(index, codes, queries)
    _assert_exact_and_bounded(index, codes, queries, 63)


def test_crowds_just_under_the_cap_are_bounded_too() -> None:
    """Many crowds, none so large that its buckets are hot: what they cost is bounded by the cost limit."""
    generator = np.random.default_rng(22)
    codes = np.concatenate([_crowd(generator, 400, 6) for _ in range(COUNT // 400)])
    index = HammingIndex.from_codes(codes)
    assert index.stats()["hot_keys"] == 0
    queries = np.concatenate([codes[::20_000], random_codes(generator, 3)])
    _assert_exact_and_bounded(index, codes, queries)
    _assert_exact_and_bounded(index, codes, queries, 50)


def test_few_distinct_bits() -> None:
    """Only 20 of 256 bits ever differ: every chunk has few values, so everything is crowded."""
    generator = np.random.default_rng(23)
    free = flipped(np.zeros(32, np.uint8), generator.choice(256, 20, replace=False))
    codes = random_codes(generator, COUNT) & free
    index = HammingIndex.from_codes(codes)
    queries = np.concatenate([codes[:2], random_codes(generator, 2)])
    _assert_exact_and_bounded(index, codes, queries, 3)
