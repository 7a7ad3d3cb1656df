"""The scan of whole lists: the plain oracle finds the same, crowds are cut as it says, changes are seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.matching import oracle
from holdfast.matching.flat import BATCH_QUERIES, FlatHits, distance_histograms, flat_search, living_codes
from holdfast.matching.hamming import TAIL_ROWS, HammingIndex
from tests.matching.codes import Codes, clustered, flipped, random_codes


def _assert_as_oracle(found: FlatHits, codes: Codes, ids: object, queries: Codes, radius: int) -> None:
    rows, some, bits = oracle.range_search(codes, np.asarray(ids), queries, radius)
    assert np.array_equal(found.rows, rows)
    assert np.array_equal(found.ids, some)
    assert np.array_equal(found.distances, bits)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 255, 256, 257, 3000])
@pytest.mark.parametrize("radius", [0, 31, 64, 110, 128, 255])
def test_finds_what_the_oracle_finds(count: int, radius: int) -> None:
    generator = np.random.default_rng(count)
    codes = np.concatenate(
        [clustered(generator, count // 2, 3, 140), random_codes(generator, -(-count // 2))]
    )
    queries = np.concatenate([codes[:5], random_codes(generator, 20)])
    found = flat_search([living_codes(codes)], queries, radius, room=max(1, count))
    _assert_as_oracle(found, codes, np.arange(count), queries, radius)
    assert (found.complete_bits == radius).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 600), st.integers(1, 40), st.integers(0, 255))
def test_each_query_has_its_own_radius(seed: int, count: int, queries: int, widest: int) -> None:
    generator = np.random.default_rng(seed)
    codes, asked = clustered(generator, count, 2, 200), random_codes(generator, queries)
    radii = generator.integers(0, widest + 1, queries)
    found = flat_search([living_codes(codes)], asked, radii, room=max(1, count))
    for query, radius in enumerate(radii.tolist()):
        _, ids, bits = oracle.range_search(codes, np.arange(count), asked[query : query + 1], radius)
        here = found.rows == query
        assert np.array_equal(found.ids[here], ids)
        assert np.array_equal(found.distances[here], bits)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 900), st.integers(1, 12), st.integers(0, 255))
def test_a_crowd_is_cut_to_the_nearest_and_says_so(seed: int, count: int, room: int, radius: int) -> None:
    generator = np.random.default_rng(seed)
    codes, queries = clustered(generator, count, 2, 30), random_codes(generator, 3)
    if count:
        queries[0] = codes[0]
    found = flat_search([living_codes(codes)], queries, radius, room=room)
    for query in range(3):
        rows, ids, bits = oracle.range_search(codes, np.arange(count), queries[query : query + 1], radius)
        here = found.rows == query
        assert np.array_equal(found.distances[here], bits[:room])  # the nearest, and of equals the first
        assert np.array_equal(found.ids[here], ids[:room])
        complete = found.complete_bits[query]
        assert (bits <= complete).sum() == (found.distances[here] <= complete).sum()
        assert (complete < radius) == (len(rows) > room or (here.sum() == room and complete < radius))


def test_equal_codes_beyond_all_room_are_found_and_never_complete() -> None:
    code = random_codes(np.random.default_rng(1), 1)
    found = flat_search([living_codes(np.repeat(code, 10_000, axis=0))], code, 60, room=8)
    assert found.ids.tolist() == list(range(8))
    assert found.complete_bits.tolist() == [-1]


def test_more_queries_than_one_pass_answers() -> None:
    generator = np.random.default_rng(2)
    codes = random_codes(generator, 300)
    queries = random_codes(generator, BATCH_QUERIES + 50)
    queries[BATCH_QUERIES + 7] = codes[123]
    found = flat_search([living_codes(codes)], queries, 100, room=300)
    _assert_as_oracle(found, codes, np.arange(300), queries, 100)


def test_an_index_is_searched_as_it_stands_without_what_was_removed() -> None:
    generator = np.random.default_rng(3)
    codes = random_codes(generator, TAIL_ROWS + 5000)
    ids = generator.permutation(len(codes)) * 3
    index = HammingIndex.from_codes(codes, ids)
    more, more_ids = random_codes(generator, 900), np.arange(900) + 10**11
    index.add(more, more_ids)
    before = index.living()
    gone = np.concatenate([ids[::7], more_ids[::5]])
    assert index.remove(gone) == len(gone)
    everything, every_id = np.concatenate([codes, more]), np.concatenate([ids, more_ids])
    queries = np.concatenate([codes[:8], more[:6], random_codes(generator, 4)])
    _assert_as_oracle(flat_search(before, queries, 95), everything, every_id, queries, 95)
    left = ~np.isin(every_id, gone)
    found = flat_search(index.living(), queries, 95)
    _assert_as_oracle(found, everything[left], every_id[left], queries, 95)
    index.merge()
    assert np.array_equal(flat_search(index.living(), queries, 95).ids, found.ids)


def test_agrees_with_the_index_where_both_reach() -> None:
    generator = np.random.default_rng(4)
    codes = clustered(generator, 20_000, 50, 60)
    index = HammingIndex.from_codes(codes)
    rows, ids, bits = index.range_search(codes[:40], 40)
    found = flat_search(index.living(), codes[:40], 40, room=5000)
    assert all(map(np.array_equal, (found.rows, found.ids, found.distances), (rows, ids, bits)))


def test_histograms_count_every_living_code() -> None:
    generator = np.random.default_rng(5)
    index = HammingIndex.from_codes(random_codes(generator, 5000))
    index.remove(np.arange(0, 5000, 3))
    living = np.setdiff1d(np.arange(5000), np.arange(0, 5000, 3))
    queries = random_codes(generator, 6)
    counts = distance_histograms(index.living(), queries)
    assert counts.shape == (6, 257)
    assert (counts.sum(axis=1) == len(living)).all()
    (part,) = index.living()
    rows = part.codes[np.isin(part.ids, living)]
    asked = living_codes(queries).codes
    for query in range(6):
        bits = np.bitwise_count(rows ^ asked[query]).sum(axis=1)
        assert np.array_equal(counts[query], np.bincount(bits, minlength=257))


def test_the_farthest_code_is_counted() -> None:
    code = random_codes(np.random.default_rng(6), 1)
    assert distance_histograms([living_codes(~code)], code)[0, 256] == 1
    near = flipped(code[0], [3])[None]
    assert distance_histograms([living_codes(near)], code)[0, 1] == 1
    assert len(flat_search([living_codes(~code)], code, 255)) == 0


def test_nothing_to_search_or_to_ask() -> None:
    some = random_codes(np.random.default_rng(7), 3)
    assert len(flat_search([], some, 64)) == 0
    assert flat_search([], some, 64).complete_bits.tolist() == [64, 64, 64]
    assert len(flat_search([living_codes(some)], some[:0], 64)) == 0
    assert HammingIndex().living() == ()


def test_bad_arguments_are_refused() -> None:
    some = random_codes(np.random.default_rng(8), 3)
    lists = [living_codes(some)]
    for radius in (-1, 256):
        with pytest.raises(ValueError, match="radius must be"):
            flat_search(lists, some, radius)
    with pytest.raises(ValueError, match="room"):
        flat_search(lists, some, 10, room=0)
    with pytest.raises(ValueError, match="codes must be"):
        flat_search(lists, some[:, :31], 10)
    with pytest.raises(ValueError, match="3 codes came with ids"):
        living_codes(some, [1, 2])
