"""The tail of a normal law whose variance itself varies: how often strangers come near.

A distance of unrelated codes is 128 - sigma * sqrt(W) * Z: Z normal, W gamma-distributed with mean 1 and
variance v. The excess kurtosis of that is 3 v. The gamma law is not chosen for convenience: where two codes
repeat themselves, their agreement is a sum of a few products of normal numbers, and a product of two normal
numbers is a normal number with a gamma-distributed variance (the variance-gamma law).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["MAX_KURTOSIS", "MIN_KURTOSIS", "log10_tail", "log_normal_tail"]

MIN_KURTOSIS, MAX_KURTOSIS = 1e-3, 12.0
_POINTS = 161  # of the sum over W
_REACH = 12.0  # it goes so many deviations of log W to either side
# Chebyshev coefficients of erfc, relative error below 1.2e-7 everywhere: Press et al., "Numerical Recipes".
_ERFC = (
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
)  # fmt: skip

FloatArray = npt.NDArray[np.float64]


def log_normal_tail(deviations: npt.ArrayLike) -> FloatArray:
    """Natural logarithm of P(Z >= deviations) for a standard normal Z, without underflow."""
    z = np.asarray(deviations, np.float64)
    x = np.abs(z) / math.sqrt(2)
    t = 1 / (1 + 0.5 * x)
    upper = np.log(t) - x * x + np.polynomial.polynomial.polyval(t, _ERFC) + math.log(0.5)
    return np.where(z >= 0, upper, np.log1p(-np.exp(np.minimum(upper, math.log(0.5)))))


def log10_tail(nearer_bits: npt.ArrayLike, sigma: npt.ArrayLike, kurtosis: npt.ArrayLike) -> FloatArray:
    """Base-10 logarithm of P(distance <= 128 - nearer_bits): float64 (m, n).

    ``nearer_bits`` (n,); ``sigma`` in bits and excess ``kurtosis``, each (m,), the latter within
    `MIN_KURTOSIS`..`MAX_KURTOSIS` (clipped).
    """
    near = np.atleast_1d(np.asarray(nearer_bits, np.float64))
    sigmas = np.atleast_1d(np.asarray(sigma, np.float64))
    variances = np.clip(np.atleast_1d(np.asarray(kurtosis, np.float64)), MIN_KURTOSIS, MAX_KURTOSIS) / 3
    rows = [_row(near / s, float(v)) for s, v in zip(*np.broadcast_arrays(sigmas, variances), strict=True)]
    return np.stack(rows)


def _row(deviations: FloatArray, variance: float) -> FloatArray:
    shape = 1 / variance
    reach = _REACH * math.sqrt(variance)
    log_w = np.linspace(-reach, reach, _POINTS)
    density = shape * (log_w - np.exp(log_w)) + shape * math.log(shape) - math.lgamma(shape)
    terms = density + log_normal_tail(deviations[:, None] * np.exp(-log_w / 2))
    largest = terms.max(axis=1, keepdims=True)
    total = np.exp(terms - largest).sum(axis=1) * (log_w[1] - log_w[0])
    return np.asarray((largest[:, 0] + np.log(total)) / math.log(10))
