"""Fits the law of unrelated distances to counts, and holds it against counts of other pictures."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from holdfast.errors import UsageError
from holdfast.matching.calibration.counts import BIT_VALUES, Counts
from holdfast.matching.calibration.family import Basis, Family, Law, Radius
from holdfast.matching.calibration.simplex import least

__all__ = ["LEAST_COMPARISONS", "LEAST_FILES", "fit_family", "fit_law", "validate"]

LEAST_FILES = 40
LEAST_COMPARISONS = 50_000
FITTED_SHARE = 0.03  # the fit looks at the nearest 3 % of comparisons of each class
FITTED_RADII = 40  # nearer than these nothing is ever seen
# A count is trusted to 15 % at best: pictures and views are no independent draws, and the law is not exact.
# Without this the many comparisons near the middle would decide alone.
DOUBT = 0.15
# What is usual, and how far from it one may be: log of the kurtosis, exponent, log of sigma, slope. Wide
# enough to leave the word to a few hundred near comparisons.
_USUAL = np.array([math.log(0.01), 1.0, math.log(8.1), 0.0])
_SPREAD = np.array([1.5, 0.3, 0.2, 0.03])
# Of refined pairs only the first two are fitted. The rest is known without pictures: the scale is made so
# that sigma is 8, and 120 million pairs of photographs and random codes, whose kurtosis is 0, show how many
# places a search is worth, and how far the gate before it reaches. The most regular pairs are no more alike
# after refining than the limit: what repeats most leaves least to be fitted.
_USUAL_OF_PAIRS = np.array([math.log(0.005), 1.0])
_SPREAD_OF_PAIRS = np.array([1.0, 0.1])
PAIR_SIGMA_BITS, PAIR_NUMBER, PAIR_KURTOSIS_LIMIT, PAIR_GATE_BITS = 8.0, 1000.0, 0.6, 81.0
PREDICTED = (30.0, 3000.0)  # the least and the greatest count at which a validation looks
LOOKS = 5  # as many radii

FloatArray = npt.NDArray[np.float64]


def fit_family(fitted: Counts, held_out: Counts, *, of_pairs: bool = False) -> Family:
    """The family that ``fitted`` shows, validated on ``held_out``, counts of other pictures.

    ``of_pairs``: distances are continuous and each is the least of several, as after refining; else they are
    plain distances of codes. Raises `UsageError` where there are too few pictures to say anything.
    """
    if fitted.files < LEAST_FILES or fitted.comparisons < LEAST_COMPARISONS:
        raise UsageError(
            f"{fitted.files} pictures with {fitted.comparisons:,} comparisons are too few to "
            f"calibrate on (least {LEAST_FILES} and {LEAST_COMPARISONS:,}). Nothing was fitted. "
            "Give more unrelated pictures."
        )
    law = fit_law(fitted, of_pairs=of_pairs)
    basis = Basis(
        fitted.files,
        fitted.comparisons,
        fitted.smallest_bits,
        held_out.files,
        held_out.comparisons,
        validate(law, held_out),
    )
    present = fitted.by_class > 0
    weights = fitted.by_class[present] / fitted.comparisons
    return Family(
        law,
        tuple(fitted.log_regularity[present].round(4).tolist()),
        tuple(weights.tolist()),
        1.0 if of_pairs else _distinct_share(fitted),
        basis,
    )


def fit_law(counts: Counts, *, of_pairs: bool = False) -> Law:
    """The most likely law of these counts, each trusted within `DOUBT` (negative binomial likelihood).

    Where there is little data, what is usual decides (`_USUAL`). For ``of_pairs`` see `fit_family`.
    """
    cells = _Cells(counts, 1 if of_pairs else 2)
    usual, spread = (_USUAL_OF_PAIRS, _SPREAD_OF_PAIRS) if of_pairs else (_USUAL, _SPREAD)

    def law_of(point: FloatArray) -> Law:
        kurtosis = math.exp(min(max(point[0], -9.0), 2.0))
        exponent = abs(float(point[1]))
        if not of_pairs:
            return Law(math.exp(point[2]), float(point[3]), kurtosis, exponent)
        return Law(
            PAIR_SIGMA_BITS, 0.0, kurtosis, exponent, PAIR_NUMBER, 0, PAIR_KURTOSIS_LIMIT, PAIR_GATE_BITS
        )

    def surprise(point: FloatArray) -> float:
        strangeness = (((point - usual) / spread) ** 2).sum() / 2
        return cells.surprise(law_of(point)) + float(strangeness)

    best = least(surprise, usual, spread / 3)
    return law_of(least(surprise, best, spread / 10))


def validate(law: Law, counts: Counts) -> tuple[Radius, ...]:
    """Predicted and observed counts at five radii where 30 to 3,000 are predicted; none for too few."""
    probabilities = 10.0 ** law.log10_tail(np.arange(BIT_VALUES), counts.log_regularity)
    predicted = counts.by_class @ probabilities
    observed = counts.pooled.cumsum()
    step = max(law.step_bits, 1)
    usable = np.flatnonzero((predicted >= PREDICTED[0]) & (predicted <= PREDICTED[-1]))
    usable = usable[(usable % step == 0) & (usable <= counts.complete_bits)]
    if not len(usable):
        return ()
    targets = np.geomspace(predicted[usable[0]], predicted[usable[-1]], LOOKS)
    wanted = {int(usable[np.argmin(abs(np.log(predicted[usable] / target)))]) for target in targets}
    return tuple(Radius(radius, float(predicted[radius]), int(observed[radius])) for radius in sorted(wanted))


class _Cells:
    """Counts in the lower tail of each class, by steps of possible distances."""

    def __init__(self, counts: Counts, step: int) -> None:
        self._present = np.flatnonzero(counts.by_class >= 1000)
        self._logs = counts.log_regularity[self._present]
        self._totals = counts.by_class[self._present].astype(np.float64)
        below = counts.distances[self._present].cumsum(axis=1)
        middle = int(np.searchsorted(counts.pooled.cumsum(), 2 * FITTED_SHARE * counts.comparisons))
        middle = min(middle, counts.complete_bits)
        self._radii = np.arange(0, middle + 1, step)[-FITTED_RADII:]
        self._observed = np.diff(below[:, self._radii], axis=1, prepend=0).astype(np.float64)
        self._used = (below[:, self._radii] <= FITTED_SHARE * self._totals[:, None]) & (
            self._radii <= counts.complete_bits
        )

    def surprise(self, law: Law) -> float:
        """Minus the logarithm of the likelihood, up to a constant."""
        below = 10.0 ** np.maximum(law.log10_tail(self._radii, self._logs), -290.0)
        expected = np.diff(below, axis=1, prepend=0) * self._totals[:, None]
        expected, observed = np.maximum(expected, 1e-9)[self._used], self._observed[self._used]
        size = DOUBT**-2
        gain = observed * np.log(expected / (expected + size)) - size * np.log1p(expected / size)
        return float(-gain.sum())


def _distinct_share(counts: Counts) -> float:
    """Pairs over hits: the largest share at radii with 30 to 3,000 hits, to be on the safe side."""
    hits, pairs = counts.pooled.cumsum(), counts.nearest.cumsum()
    usable = (hits >= PREDICTED[0]) & (hits <= PREDICTED[-1])
    if not usable.any():
        return 1.0
    return float(np.max(pairs[usable] / hits[usable]))
