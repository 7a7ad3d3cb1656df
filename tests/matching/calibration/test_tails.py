"""Tails against what is known in closed form, and the simplex against a function whose least is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from holdfast.matching.calibration.simplex import least
from holdfast.matching.calibration.tails import MIN_KURTOSIS, log10_tail, log_normal_tail


def test_the_normal_tail_is_that_of_the_error_function() -> None:
    z = np.linspace(-8, 36, 200)
    expected = [math.log(0.5 * math.erfc(value / math.sqrt(2))) for value in z]
    assert log_normal_tail(z) == pytest.approx(expected, abs=1e-6, rel=1e-6)


def test_the_normal_tail_does_not_underflow() -> None:
    assert log_normal_tail(100.0) == pytest.approx(
        -(100**2) / 2 - math.log(100 * math.sqrt(2 * math.pi)), abs=1e-3
    )


def test_without_kurtosis_it_is_normal() -> None:
    found = log10_tail([40.0], 8.0, MIN_KURTOSIS)[0, 0]
    assert found == pytest.approx(math.log10(0.5 * math.erfc(5 / math.sqrt(2))), abs=0.03)


def test_kurtosis_three_is_the_law_of_laplace() -> None:
    """With an exponential variance, the shape 1, the law is Laplace's: P(X >= x) = exp(-sqrt(2) x) / 2."""
    deviations = np.array([0.0, 1.0, 4.0, 8.0, 12.0])
    expected = (-math.sqrt(2) * deviations - math.log(2)) / math.log(10)
    assert log10_tail(deviations * 8, 8.0, 3.0)[0] == pytest.approx(expected, abs=1e-4)


def test_more_kurtosis_means_more_near_strangers() -> None:
    found = log10_tail([50.0], 8.0, [0.01, 0.1, 1.0])[:, 0]
    assert (np.diff(found) > 0).all()


def test_the_simplex_finds_the_end_of_a_bent_valley() -> None:
    found = least(
        lambda p: float((1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2), np.array([-1.2, 1.0]), np.ones(2)
    )
    assert found == pytest.approx([1, 1], abs=1e-3)
