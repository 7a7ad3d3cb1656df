"""Segments against the plain search, with plans and limits forced so that few codes take every path."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.matching import oracle
from holdfast.matching.bits import shuffled
from holdfast.matching.build import build_segment
from holdfast.matching.plan import Plan
from holdfast.matching.segment import WORK_COUNTERS, Segment
from tests.matching.codes import Codes, clustered, random_codes

NEVER = 10**12  # comparisons: then tables are searched, whatever they cost

SOUND = [
    Plan((16,) * 16, (8,) * 16),
    Plan((18, *(17,) * 14), (9, *(8,) * 14)),
    Plan((24,) * 10 + (16,), (10,) * 10 + (8,)),
    Plan((16,) * 16, (8,) * 16, 4),  # positions in blocks of 16 codes
    Plan((9,) * 4 + (11,) * 20, (9,) * 24, 7),
]


def _segment(
    codes: Codes, ids: npt.ArrayLike, plan: Plan, *, cap: int = NEVER, limit: int = NEVER
) -> Segment:
    own = np.asarray(ids, np.int64)
    parts = [(codes, own)]
    return build_segment(lambda: parts, len(codes), int(own.max(initial=0)), plan=plan, cap=cap, limit=limit)


def _search(
    segment: Segment, queries: Codes, radius: int
) -> tuple[list[npt.NDArray[np.int64]], npt.NDArray[np.int64]]:
    words = shuffled(queries)
    words.setflags(write=False)
    work = np.zeros(WORK_COUNTERS, np.int64)
    hits = segment.search(words, radius, work)
    ids = segment.ids[hits[:, 1]].astype(np.int64)
    order = np.lexsort((ids, hits[:, 2], hits[:, 0]))
    return [hits[order, 0], ids[order], hits[order, 2]], work


def _same(found: list[npt.NDArray[np.int64]], expected: tuple[npt.NDArray[np.int64], ...]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 150),
    centres=st.integers(1, 8),
    radius=st.integers(0, 63),
    plan=st.sampled_from(SOUND),
    cap=st.sampled_from([1, 3, 10, NEVER]),
    limit=st.sampled_from([200, 3000, NEVER]),
)
def test_everything_within_the_radius_is_found_once(
    seed: int, count: int, centres: int, radius: int, plan: Plan, cap: int, limit: int
) -> None:
    generator = np.random.default_rng(seed)
    everything = clustered(generator, count + 5, centres, 60)
    codes, queries = everything[:count], np.concatenate([everything[count:], everything[: min(count, 3)]])
    ids = generator.integers(0, 2 * count + 1, count)  # unsorted, some twice
    segment = _segment(codes, ids, plan, cap=cap, limit=limit)
    found, _ = _search(segment, queries, radius)
    assert _same(found, oracle.range_search(codes, ids, queries, radius))


@pytest.mark.parametrize("plan", SOUND)
@pytest.mark.parametrize("even", [False, True])
def test_tables_are_used_and_right_at_every_radius(plan: Plan, even: bool) -> None:
    generator = np.random.default_rng(3)
    codes = clustered(generator, 400, 4, 64)
    if even:
        codes[:, 31] ^= (np.bitwise_count(codes).sum(axis=1) & 1).astype(np.uint8)
    queries = np.concatenate([codes[:3], random_codes(generator, 1), clustered(generator, 2, 1, 3)])
    segment = _segment(codes, np.arange(400), plan)
    assert (segment.parity == 0) == even
    for radius in range(64):
        found, work = _search(segment, queries, radius)
        assert _same(found, oracle.range_search(codes, np.arange(400), queries, radius))
        look_ups, _, _, dense_scanned, fully_scanned, damage = work.tolist()
        assert look_ups > 0
        assert dense_scanned == fully_scanned == damage == 0


@pytest.mark.parametrize("parity", [0, 1])
def test_one_bit_less_is_searched_when_no_distance_can_be_the_radius(parity: int) -> None:
    generator = np.random.default_rng(4)
    codes = random_codes(generator, 1000, even=True)
    codes[:, 0] ^= np.uint8(parity)
    segment = _segment(codes, np.arange(1000), SOUND[1])
    assert segment.parity == parity
    same, other = codes[:1], codes[:1] ^ np.eye(1, 32, dtype=np.uint8)
    _, work_same = _search(segment, same, 31)
    _, work_other = _search(segment, other, 31)
    assert work_same[0] < work_other[0]  # 30 bits for a query of the same parity, all 31 for the other
    found, _ = _search(segment, other, 1)
    assert found[1].tolist() == [0]


def test_more_hits_than_there_is_room_for() -> None:
    generator = np.random.default_rng(5)
    codes = np.repeat(random_codes(generator, 3), [5, 3000, 200], axis=0)
    segment = _segment(codes, np.arange(len(codes)), SOUND[0])
    queries = np.concatenate([codes[[0, 10, 10, 3100]], random_codes(generator, 2)])
    found, _ = _search(segment, queries, 31)
    assert _same(found, oracle.range_search(codes, np.arange(len(codes)), queries, 31))


def test_a_query_that_costs_too_much_turns_to_a_scan() -> None:
    generator = np.random.default_rng(6)
    codes = clustered(generator, 3000, 1, 20)
    plan = Plan((16,) * 16, (8,) * 16)
    segment = _segment(codes, np.arange(3000), plan, limit=5000)
    queries = np.concatenate([codes[:1], ~codes[:1], codes[1:2]])
    found, work = _search(segment, queries, 31)
    assert _same(found, oracle.range_search(codes, np.arange(3000), queries, 31))
    # The two in the cluster, the first one again because its hits did not fit; the far one was cheap.
    assert work[4] == 3 * 3000


def test_removed_codes_are_not_found_and_counted_once() -> None:
    generator = np.random.default_rng(7)
    codes = clustered(generator, 300, 3, 20)
    ids = np.repeat(np.arange(150), 2)
    for cap in (5, NEVER):
        segment = _segment(codes, ids, SOUND[0], cap=cap)
        assert (segment.dense > 0) == (cap == 5)
        less = segment.without(np.array([3, 7, 149, 4000, 2**40])).without(np.array([7, 8]))
        assert (segment.living, less.living) == (300, 300 - 8)
        gone = np.isin(ids, [3, 7, 8, 149])
        found, _ = _search(less, codes[:50], 31)
        assert _same(found, oracle.range_search(codes[~gone], ids[~gone], codes[:50], 31))
        before, _ = _search(segment, codes[:50], 31)
        assert _same(before, oracle.range_search(codes, ids, codes[:50], 31))
        assert less.without(np.array([3])) is less
        assert sum(int(less.alive(start, start + 100).sum()) for start in (0, 96, 200)) >= 290


def test_wide_ids_are_kept() -> None:
    codes = random_codes(np.random.default_rng(8), 100)
    ids = np.arange(100) + 2**40
    found, _ = _search(_segment(codes, ids, SOUND[0]), codes[5:6], 0)
    assert found[1].tolist() == [2**40 + 5]


def test_damaged_tables_raise_and_never_read_elsewhere() -> None:
    from holdfast.errors import IndexFileError

    codes = random_codes(np.random.default_rng(9), 500)
    good = _segment(codes, np.arange(500), SOUND[0])
    offsets, positions = good.arrays.offsets.copy(), good.arrays.positions.copy()
    offsets[:] = 2**31 - 1
    positions[:] = 255
    for arrays in (good.arrays._replace(offsets=offsets), good.arrays._replace(positions=positions)):
        damaged = dataclasses.replace(good, arrays=arrays.read_only(), _arguments={})
        with pytest.raises(IndexFileError, match="damaged"):
            _search(damaged, codes[:50], 31)
