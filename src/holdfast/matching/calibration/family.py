"""The distances of unrelated pictures under one way of comparing, as a law with a few numbers.

With L the sum of both codes' log regularity: the deviation is sigma * (1 + slope * L), the excess kurtosis
kurtosis * exp(exponent * L), up to ``kurtosis_limit``. ``multiplicity``: how many independent comparisons one
counted comparison is worth: 1 for plain distances, more where the best of many is taken, as refining does.
``gate_bits``: only what came near before is refined at all, so that at far distances less is found than could
be; below this one it is more than half.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.calibration.tails import MAX_KURTOSIS, log10_tail

__all__ = ["Basis", "Family", "Law", "Radius"]

FloatArray = npt.NDArray[np.float64]

HALF_BITS = 128
_LOG_FIRST, _LOG_LAST, _LOG_STEP = -2.8, 11.1, 0.1  # of the product of two regularities
_LOGS = np.arange(_LOG_FIRST, _LOG_LAST + _LOG_STEP, _LOG_STEP)
_COLUMNS = 258  # distances -1..256
_GATE_SOFTNESS_BITS = 3.0
_GATE_REACH_BITS = 7.0  # beyond the gate: farther distances are not told
_SEEN = 10  # a probability counts as seen where ten comparisons or more fell within it


@dataclass(frozen=True, slots=True)
class Law:
    """The numbers that are fitted. ``step_bits`` is 2 where codes have 128 ones: distances are even."""

    sigma_bits: float
    sigma_slope: float
    kurtosis: float
    exponent: float
    multiplicity: float = 1.0
    step_bits: int = 2
    kurtosis_limit: float = MAX_KURTOSIS
    gate_bits: float = 256.0  # of plain distances: there is no gate

    def log10_tail(self, distance_bits: npt.ArrayLike, log_regularity: npt.ArrayLike) -> FloatArray:
        """log10 P(distance <= distance_bits), float64 (m, n), for m classes of pairs and n distances."""
        logs = np.atleast_1d(np.asarray(log_regularity, np.float64))
        distances = np.atleast_1d(np.asarray(distance_bits, np.float64))
        powers = math.log(self.kurtosis) + self.exponent * logs
        sigmas = self.sigma_bits * np.clip(1 + self.sigma_slope * logs, 0.8, 1.3)
        kurtoses = np.exp(np.minimum(powers, math.log(self.kurtosis_limit)))
        one = log10_tail(HALF_BITS - self._upper_edge(distances), sigmas, kurtoses)
        if self.multiplicity == 1.0:
            return one
        # 1 - (1 - p) ** number, exact where p is near 1 and where it is tiny.
        beyond = np.minimum(distances - self.gate_bits, _GATE_REACH_BITS) / _GATE_SOFTNESS_BITS
        number = self.multiplicity / (1 + np.exp(beyond))
        probability = np.minimum(10.0 ** np.maximum(one, -290.0), 1 - 1e-12)
        return np.log10(np.maximum(-np.expm1(number * np.log1p(-probability)), 1e-300))

    def _upper_edge(self, distance: FloatArray) -> FloatArray:
        """Half way to the next possible distance: the continuous law's place for a discrete one."""
        if self.step_bits == 0:
            return distance
        return np.floor(distance / self.step_bits) * self.step_bits + self.step_bits / 2


@dataclass(frozen=True, slots=True)
class Radius:
    """One line of a validation: how many comparisons lie within a radius, foretold and counted."""

    radius_bits: int
    predicted: float
    observed: int

    @property
    def ratio(self) -> float:
        """Observed over predicted."""
        return self.observed / self.predicted

    @property
    def within(self) -> bool:
        """Whether the ratio lies within 1/3 to 3."""
        return 1 / 3 <= self.ratio <= 3


@dataclass(frozen=True, slots=True)
class Basis:
    """The data behind a family: ``files`` distinct pictures, comparisons between them, the nearest of these.

    ``validation`` was counted on ``validation_files`` other pictures.
    """

    files: int
    comparisons: int
    smallest_bits: int
    validation_files: int
    validation_comparisons: int
    validation: tuple[Radius, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """A law, the mix of pairs in the sample, and what all of it rests on.

    ``log_regularities`` and ``weights`` (sum 1) say how regular pairs were. ``distinct_share`` is how many
    different pairs of an upload and an entry there are for one hit of a view: views overlap, so an upload's
    hits come in clusters, and the number of comparisons counts for less.
    """

    law: Law
    log_regularities: tuple[float, ...]
    weights: tuple[float, ...]
    distinct_share: float
    basis: Basis

    def log10_probability(
        self, distance_bits: npt.ArrayLike, regularity: npt.ArrayLike | None = None
    ) -> FloatArray:
        """log10 P(distance <= distance_bits) of one comparison of unrelated codes: float64, as broadcast.

        ``regularity`` is the product of both codes' `regularity`; None takes the mix of pairs of the sample,
        in which the few regular ones weigh most.
        """
        bits = np.clip(np.asarray(distance_bits, np.float64), -1, 256)
        if regularity is None:
            return np.interp(bits + 1, np.arange(258), self._pooled())
        logs = np.clip(np.log(np.asarray(regularity, np.float64)), _LOG_FIRST, _LOG_LAST)
        bits, logs = np.broadcast_arrays(bits, logs)
        row = (logs - _LOG_FIRST) / _LOG_STEP
        low = np.minimum(row.astype(np.int64), len(_LOGS) - 2)
        table = _table(self.law).with_rows(low)
        column = np.minimum((bits + 1).astype(np.int64), 256)
        right, down = bits + 1 - column, row - low
        if self.law.step_bits:
            right = np.zeros_like(right)  # nothing lies between two whole bits
            column = (bits + 1).astype(np.int64)
        after = np.minimum(column + 1, 257)
        upper = table[low, column] * (1 - right) + table[low, after] * right
        lower = table[low + 1, column] * (1 - right) + table[low + 1, after] * right
        return np.asarray(upper * (1 - down) + lower * down)

    def warm_up(self) -> None:
        """Makes what judging would otherwise make piece by piece: a third of a second."""
        _table(self.law).with_rows(np.arange(len(_LOGS) - 1))

    @property
    def seen_log10(self) -> float:
        """The smallest probability that the data show: below it everything is extrapolated."""
        return math.log10(_SEEN / self.basis.comparisons) if self.basis.comparisons else 0.0

    def _pooled(self) -> FloatArray:
        return _pooled(self.law, self.log_regularities, self.weights)


class _Table:
    """log10 P by log regularity (rows, `_LOGS`) and distance -1..256 (columns), each row made when needed.

    A command that judges a few hits needs a few rows; all of them cost a third of a second. Safe to use from
    many threads: at worst a row is made twice.
    """

    def __init__(self, law: Law) -> None:
        self._law = law
        self._table = np.empty((len(_LOGS), _COLUMNS))
        self._is_made = np.zeros(len(_LOGS), np.bool_)

    def with_rows(self, low: npt.NDArray[np.int64]) -> FloatArray:
        """The table, in which these rows and those after them hold."""
        wanted = np.zeros(len(_LOGS), np.bool_)
        wanted[low] = wanted[low + 1] = True
        missing = np.flatnonzero(wanted & ~self._is_made)
        if len(missing):
            self._table[missing] = self._law.log10_tail(np.arange(-1, 257), _LOGS[missing])
            self._is_made[missing] = True
        return self._table


@functools.lru_cache(maxsize=32)
def _table(law: Law) -> _Table:
    return _Table(law)


@functools.lru_cache(maxsize=32)
def _pooled(law: Law, logs: tuple[float, ...], weights: tuple[float, ...]) -> FloatArray:
    probabilities = 10.0 ** np.maximum(law.log10_tail(np.arange(-1, 257), np.array(logs)), -290.0)
    pooled: FloatArray = np.log10(np.array(weights) @ probabilities)
    pooled.setflags(write=False)
    return pooled
