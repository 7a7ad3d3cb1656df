"""Codes by their ids, against a dictionary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.matching.flat import living_codes
from holdfast.matching.hamming import HammingIndex
from holdfast.screening.codes import codes_of


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=40), min_size=1, max_size=4), st.data())
def test_every_id_has_its_code(parts: list[list[int]], data: st.DataObject) -> None:
    """In whatever order ids lie, and however often they changed sides of a border."""
    codes = np.random.default_rng(len(parts)).integers(0, 256, (61, 32), np.uint8)
    lists = [living_codes(codes[ids], ids) for ids in parts]
    held = sorted({one for ids in parts for one in ids})
    asked = data.draw(st.lists(st.sampled_from(held), max_size=50))
    assert np.array_equal(codes_of(lists, np.array(asked, np.int64)), codes[asked])


@pytest.mark.parametrize("number", [0, 5, 40_000])
def test_codes_of_an_index_with_segments_and_newly_added(number: int) -> None:
    random = np.random.default_rng(number)
    codes = random.integers(0, 256, (number + 9, 32), np.uint8)
    ids = random.permutation(number + 9)
    index = HammingIndex.from_codes(codes[:number], ids[:number])
    index.add(codes[number:], ids[number:])
    assert np.array_equal(codes_of(index.living(), ids), codes)
