"""Any sequence of additions, removals, merges and saves, held against a plain list."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from holdfast.matching import oracle
from holdfast.matching.hamming import TAIL_ROWS, HammingIndex
from tests.matching.codes import clustered, random_codes


class Changes(RuleBasedStateMachine):
    """Ids are drawn from few, so that they recur; codes lie in clusters, so that they are neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "index.hfx"
        self.index = HammingIndex()
        self.codes = np.zeros((0, 32), np.uint8)
        self.ids = np.zeros(0, np.int64)
        self.saved = False

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(seed=st.integers(0, 50), count=st.integers(0, 40))
    def add(self, seed: int, count: int) -> None:
        generator = np.random.default_rng(seed)
        codes = clustered(np.random.default_rng(seed % 3), count, 3, 40)
        ids = generator.integers(0, 60, count)
        self.index.add(codes, ids)
        self.codes, self.ids = np.concatenate([self.codes, codes]), np.concatenate([self.ids, ids])

    @precondition(lambda self: len(self.ids) < TAIL_ROWS)
    @rule(seed=st.integers(0, 5))
    def add_many(self, seed: int) -> None:
        codes = random_codes(np.random.default_rng(seed), TAIL_ROWS + 1)
        ids = np.arange(TAIL_ROWS + 1) % 5000
        self.index.add(codes, ids)
        self.codes, self.ids = np.concatenate([self.codes, codes]), np.concatenate([self.ids, ids])

    @rule(ids=st.lists(st.integers(0, 70), max_size=5))
    def remove(self, ids: list[int]) -> None:
        gone = np.isin(self.ids, ids)
        assert self.index.remove(np.array(ids, np.int64)) == int(gone.sum())
        self.codes, self.ids = self.codes[~gone], self.ids[~gone]

    @rule()
    def merge(self) -> None:
        self.index.merge()
        assert self.index.stats()["segments"] <= 1
        assert self.index.stats()["removed"] == 0

    @rule()
    def save(self) -> None:
        self.index.save(self.path, {"entries": len(self.index)})
        self.saved = True

    @precondition(lambda self: self.saved)
    @rule()
    def save_and_open(self) -> None:
        self.index.save(self.path)
        self.index = HammingIndex.open(self.path)
        self.index.verify()

    @invariant()
    def the_index_holds_what_the_list_holds(self) -> None:
        assert len(self.index) == len(self.ids)

    @rule(radius=st.integers(0, 63), seed=st.integers(0, 50))
    def search(self, radius: int, seed: int) -> None:
        queries = np.concatenate(
            [self.codes[seed::400][:8], clustered(np.random.default_rng(seed % 3), 3, 3, 40)]
        )
        found = self.index.range_search(queries, radius)
        expected = oracle.range_search(self.codes, self.ids, queries, radius)
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
