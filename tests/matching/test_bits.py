"""The order of bits: a permutation, always the same."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from holdfast.matching.bits import bit_order, checked_codes, shuffled


def test_the_order_is_a_permutation_and_never_changes() -> None:
    order = bit_order()
    assert sorted(order.tolist()) == list(range(256))
    # Index files of format version 1 hold codes in this order: another order needs another version.
    assert hashlib.sha256(bytes(order.tolist())).hexdigest().startswith("f9cf1995a1e83ba9")


def test_shuffling_moves_each_bit_to_its_place() -> None:
    codes = np.random.default_rng(1).integers(0, 256, (50, 32), dtype=np.uint8)
    stored = np.unpackbits(shuffled(codes).view(np.uint8), axis=1, bitorder="little")
    assert np.array_equal(stored, np.unpackbits(codes, axis=1, bitorder="little")[:, bit_order()])


@pytest.mark.parametrize(
    "codes", [np.zeros((3, 31), np.uint8), np.zeros(32, np.uint8), np.zeros((3, 32), np.int64)]
)
def test_other_shapes_and_types_are_refused(codes: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"uint8 of shape \(n, 32\)"):
        checked_codes(codes)
