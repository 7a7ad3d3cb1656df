"""The PDQ authors' own haystack and needles, by their tools' definition: all within the distance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdfast.matching.hamming import HammingIndex

pytestmark = pytest.mark.shared_data


def _integers(path: Path) -> list[int]:
    return [int(line, 16) for line in path.read_text(encoding="ascii").split()]


def test_haystack_and_needles_match_as_by_brute_force(shared_data: Path) -> None:
    """Source: pdq/cpp/index/mih.h: report each hash whose Hamming distance is at most the given one."""
    folder = shared_data / "images" / "pdq-reference" / "reg-test-input"
    haystack, needles = _integers(folder / "haystack.txt"), _integers(folder / "needles.txt")
    assert (len(haystack), len(needles)) == (1350, 100)
    codes = np.array([list(value.to_bytes(32, "big")) for value in haystack], np.uint8)
    queries = np.array([list(value.to_bytes(32, "big")) for value in needles], np.uint8)
    # Among 100 times as many strangers, so that tables are searched and not everything is scanned.
    strangers = np.random.default_rng(1).integers(0, 256, (135_000, 32), dtype=np.uint8)
    both = HammingIndex.from_codes(np.concatenate([codes, strangers]))
    for index in (HammingIndex.from_codes(codes), both):
        for radius in (0, 20, 31):
            expected = {
                (row, place, (needle ^ straw).bit_count())
                for row, needle in enumerate(needles)
                for place, straw in enumerate(haystack)
                if (needle ^ straw).bit_count() <= radius
            }
            assert (
                set(zip(*(part.tolist() for part in index.range_search(queries, radius)), strict=True))
                == expected
            )
    assert len(expected) > 0
    assert both.work.look_ups > 0
