"""The index as its users see it: exact, in order, safe under changes."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from holdfast.matching import oracle
from holdfast.matching.hamming import TAIL_ROWS, HammingIndex
from tests.matching.codes import Codes, clustered, flipped, random_codes, spread

Found = tuple[npt.NDArray[np.int64], ...]


def same(found: Found, expected: Found) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.fixture(scope="module", params=[False, True], ids=["any", "even"])
def planted(request: pytest.FixtureRequest) -> tuple[HammingIndex, Codes]:
    """200,000 random codes with tables, and the codes."""
    codes = random_codes(np.random.default_rng(1), 200_000, even=request.param)
    return HammingIndex.from_codes(codes), codes


def test_neighbours_at_every_distance_are_found(planted: tuple[HammingIndex, Codes]) -> None:
    index, codes = planted
    generator = np.random.default_rng(2)
    sources = generator.integers(0, len(codes), 64 * 20)
    distances = np.arange(len(sources)) % 64
    queries = np.stack(
        [
            flipped(codes[source], generator.choice(256, distance, replace=False))
            for source, distance in zip(sources, distances, strict=True)
        ]
    )
    for radius in (0, 1, 15, 30, 31, 32, 45):
        rows, ids, bits = index.range_search(queries, radius)
        near = distances <= radius
        assert np.array_equal(np.unique(rows), np.flatnonzero(near))
        assert np.array_equal(ids, sources[near])
        assert np.array_equal(bits, distances[near])


def test_the_worst_spreads_over_the_chunks_are_found(planted: tuple[HammingIndex, Codes]) -> None:
    index, codes = planted
    (segment,) = index._state.segments
    generator = np.random.default_rng(3)
    chunks = len(segment.plan.widths)
    spreads = [[0] * i + [31 // (chunks - 1) + 1] * (chunks - 1 - i) + [0] * 1 for i in range(3)]
    for _ in range(300):
        flips = np.bincount(generator.integers(0, chunks, 31), minlength=chunks)
        spreads.append(flips.tolist())
    for near, far in ((1, 31 - 15), (2, 3), (3, 1)):
        for chunk in range(chunks):  # as evenly as can be, with one chunk, or one and the next, apart
            flips = np.full(chunks, near)
            flips[chunk] = 0
            flips[(chunk + 1) % chunks] = far
            spreads.append(flips.tolist())
    spreads = [flips for flips in spreads if sum(flips) <= 45]
    sources = generator.integers(0, len(codes), len(spreads))
    queries = np.stack(
        [
            flipped(codes[source], spread(segment.plan, flips, generator))
            for source, flips in zip(sources, spreads, strict=True)
        ]
    )
    distances = np.array([sum(flips) for flips in spreads])
    for radius in (31, 45):
        rows, ids, bits = index.range_search(queries, radius)
        near_rows = np.flatnonzero(distances <= radius)
        assert np.array_equal(rows, near_rows)
        assert np.array_equal(ids, sources[near_rows])
        assert np.array_equal(bits, distances[near_rows])


def test_results_are_in_order_and_of_one_type() -> None:
    codes = clustered(np.random.default_rng(4), 12_000, 6, 40)
    ids = np.random.default_rng(5).permutation(12_000) // 2
    index = HammingIndex.from_codes(codes, ids)
    found = index.range_search(codes[:30])
    assert same(found, oracle.range_search(codes, ids, codes[:30], 31))
    assert [part.dtype for part in found] == [np.int64] * 3


def test_nothing_is_searched_for_or_in() -> None:
    nothing = HammingIndex.from_codes(np.zeros((0, 32), np.uint8))
    assert len(nothing) == 0
    assert [len(part) for part in nothing.range_search(np.zeros((2, 32), np.uint8))] == [0, 0, 0]
    one = HammingIndex.from_codes(np.zeros((1, 32), np.uint8))
    assert [len(part) for part in one.range_search(np.zeros((0, 32), np.uint8))] == [0, 0, 0]
    nothing.merge()
    assert nothing.remove([1]) == 0


def test_wrong_calls_are_refused_and_change_nothing() -> None:
    index = HammingIndex.from_codes(np.zeros((2, 32), np.uint8))
    code = np.zeros((1, 32), np.uint8)
    for wrong in (-1, 64):
        with pytest.raises(ValueError, match=r"0\.\.63"):
            index.range_search(code, wrong)
    with pytest.raises(ValueError, match="uint8"):
        index.range_search(code.astype(np.int64))
    with pytest.raises(ValueError, match="2 ids"):
        index.add(code, [1, 2])
    with pytest.raises(ValueError, match="0 or more"):
        index.add(code, [-1])
    with pytest.raises(ValueError, match="whole numbers"):
        index.add(code, [0.5])
    assert len(index) == 2


def test_threads_share_a_batch(planted: tuple[HammingIndex, Codes]) -> None:
    index, codes = planted
    queries = np.concatenate([codes[:50], random_codes(np.random.default_rng(6), 21), codes[50:70]])
    assert same(index.range_search(queries, 31, threads=3), index.range_search(queries, 31))
    assert same(index.range_search(queries[:1], 31, threads=3), index.range_search(queries[:1], 31))


def test_additions_one_by_one_become_segments_that_stay_few() -> None:
    generator = np.random.default_rng(7)
    codes = random_codes(generator, 6 * TAIL_ROWS)
    index = HammingIndex()
    for start in range(0, len(codes), 5000):
        index.add(codes[start : start + 5000], np.arange(start, min(start + 5000, len(codes))))
    assert len(index) == len(codes)
    stats = index.stats()
    assert stats["segments"] <= 4
    assert stats["tail"] <= TAIL_ROWS
    queries = codes[generator.integers(0, len(codes), 300)]
    assert same(index.range_search(queries), oracle_found(codes, queries))


def oracle_found(codes: Codes, queries: Codes) -> Found:
    return oracle.range_search(codes, np.arange(len(codes)), queries, 31)


def test_searches_see_all_of_a_change_or_nothing_of_it(tmp_path: Path) -> None:
    """Writers keep a pair of codes under one id in different parts of the index, or no such pair at all."""
    generator = np.random.default_rng(8)
    filler = random_codes(generator, 20_000)
    pair = random_codes(generator, 2)
    index = HammingIndex.from_codes(filler, np.arange(20_000))
    stop = threading.Event()
    wrong: list[object] = []

    def search() -> None:
        while not stop.is_set():
            found = index.range_search(pair, 5)
            if len(found[0]) not in (0, 2) or len(index.range_search(filler[:3], 0)[0]) != 3:
                wrong.append(found)

    searchers = [threading.Thread(target=search) for _ in range(2)]
    for thread in searchers:
        thread.start()
    try:
        for turn in range(30):
            index.add(pair, [10**6, 10**6])
            if turn % 10 == 5:
                index.merge()
            if turn % 10 == 8:
                index.save(tmp_path / "index.hfx")
            assert index.remove([10**6]) == 2
    finally:
        stop.set()
        for thread in searchers:
            thread.join()
    assert not wrong
    assert len(index) == 20_000


def test_changes_during_a_merge_are_kept() -> None:
    generator = np.random.default_rng(9)
    codes = random_codes(generator, 300_000)
    index = HammingIndex.from_codes(codes[:250_000])
    merging = threading.Thread(target=index.merge)
    merging.start()
    step, added = 0, 250_000
    while step == 0 or (merging.is_alive() and added < 290_000):
        index.add(codes[added : added + 100], np.arange(added, added + 100))
        index.remove([step])
        step, added = step + 1, added + 100
    merging.join()
    assert len(index) == added - step
    found = index.range_search(codes[[0, step - 1, step, 249_999, 250_000, added - 1]], 0)
    assert found[1].tolist() == [step, 249_999, 250_000, added - 1]


def test_work_and_stats_are_counted() -> None:
    codes = random_codes(np.random.default_rng(10), 20_000)
    index = HammingIndex.from_codes(codes)
    index.range_search(codes[:10])
    work = index.work
    assert work.look_ups > 1000
    assert work.candidates >= 10
    assert work.fully_scanned == work.dense_scanned == 0
    stats = index.stats()
    assert (stats["entries"], stats["segments"], stats["removed"]) == (20_000, 1, 0)
    index.remove(np.arange(5))
    assert index.stats()["removed"] == 5
