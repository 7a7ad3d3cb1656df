"""Regularity: the plain double loop gives the same, orientations do not change it, simple codes have more."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.hashing.pdq import pdq
from holdfast.matching.calibration import regularity
from holdfast.matching.calibration.regularity import MAX_REGULARITY, MIN_REGULARITY
from tests.matching.codes import random_codes


def _plain(code: npt.NDArray[np.uint8]) -> float:
    signs = 1 - 2 * np.unpackbits(code).reshape(16, 16).astype(np.int64)
    squares = pairs = 0
    for down in range(4):
        for across in range(-3, 4):
            if down == 0 and across <= 0:
                continue
            places = [
                (y, x) for y in range(16 - down) for x in range(16) if 0 <= x + across < 16
            ]  # each pair of places that lie so far apart
            squares += sum(int(signs[y, x] * signs[y + down, x + across]) for y, x in places) ** 2
            pairs += len(places)
    return float(squares / pairs)


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_is_the_sum_of_squared_autocorrelations(data: bytes) -> None:
    code = np.frombuffer(data, np.uint8)
    expected = min(max(_plain(code), MIN_REGULARITY), MAX_REGULARITY)
    assert regularity(code[None])[0] == pytest.approx(expected)


def test_random_codes_lie_around_one() -> None:
    found = regularity(random_codes(np.random.default_rng(1), 20_000))
    assert found.mean() == pytest.approx(1, abs=0.01)
    assert np.quantile(found, 0.99) < 2.5


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_orientations_have_the_same(data: bytes) -> None:
    """Mirroring inverts every other column of signs, or row; a quarter turn transposes them too."""
    bits = np.unpackbits(np.frombuffer(data, np.uint8)).reshape(16, 16)
    other = (np.arange(16) % 2).astype(np.uint8)
    turned = [bits, bits.T, bits ^ other, bits ^ other[:, None], (bits ^ other ^ other[:, None]).T]
    codes = np.stack([np.packbits(one.ravel()) for one in turned])
    assert regularity(codes) == pytest.approx(regularity(codes)[0])


def test_one_slanting_edge_is_more_regular_than_noise() -> None:
    y, x = np.mgrid[:200, :200]
    edge = np.where(y + 0.6 * x < 170, 200, 10).astype(np.uint8)
    noise = np.random.default_rng(3).integers(0, 256, (200, 200), dtype=np.uint8)
    simple, busy = regularity(np.stack([pdq(edge).bits, pdq(noise).bits]))
    assert simple > 5 * busy


def test_shapes() -> None:
    assert regularity(np.zeros((0, 32), np.uint8)).shape == (0,)
    assert regularity(np.zeros((1, 32), np.uint8))[0] > 100
    with pytest.raises(ValueError, match="codes must be"):
        regularity(np.zeros((1, 31), np.uint8))
