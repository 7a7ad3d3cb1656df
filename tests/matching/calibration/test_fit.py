"""Fitting: a known law is found again from draws of it, and foretells others; too little data is refused."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from holdfast.errors import UsageError
from holdfast.matching.calibration import Counts, fit_family, validate
from holdfast.matching.calibration.counts import CLASS_STEP, CLASSES, FIRST_CLASS
from holdfast.matching.calibration.family import Law

TRUTH = Law(8.1, -0.005, 0.005, 1.05)
MIDDLES: npt.NDArray[np.float64] = FIRST_CLASS + CLASS_STEP * (np.arange(CLASSES, dtype=np.float64) + 0.5)


def _drawn(law: Law, total: int, seed: int, complete_bits: int = 256) -> Counts:
    """Counts as they come from a law, most pairs of middling regularity."""
    generator = np.random.default_rng(seed)
    weights = np.exp(-(((MIDDLES - 2.7) / 1.3) ** 2) / 2)
    below = 10.0 ** law.log10_tail(np.arange(257), MIDDLES)
    below[:, 256] = 1
    expected = np.diff(below, axis=1, prepend=0) * (total * weights / weights.sum())[:, None]
    distances = generator.poisson(np.maximum(expected, 0))
    if complete_bits < 256:
        distances[:, 256] += distances[:, complete_bits + 1 : 256].sum(axis=1)
        distances[:, complete_bits + 1 : 256] = 0
    return Counts(distances, MIDDLES, distances.sum(axis=0), 300, complete_bits)


def test_a_law_is_found_again_far_beyond_the_data() -> None:
    family = fit_family(_drawn(TRUTH, 30_000_000, 1), _drawn(TRUTH, 30_000_000, 2))
    assert len(family.basis.validation) == 5
    assert all(0.6 < radius.ratio < 1.6 for radius in family.basis.validation)
    for log_regularity in (1.0, 2.7, 4.5):
        truth = TRUTH.log10_tail([56.0], [log_regularity])[0, 0]
        assert family.law.log10_tail([56.0], [log_regularity])[0, 0] == pytest.approx(truth, abs=1.2)
    assert family.seen_log10 == pytest.approx(-6.5, abs=0.1)


def test_another_law_is_noticed() -> None:
    """Pictures that come near each other ten times as often fail the validation."""
    crowded = Law(8.1, -0.005, 0.03, 1.05)
    radii = validate(TRUTH, _drawn(crowded, 30_000_000, 3))
    assert not all(radius.within for radius in radii)


def test_the_best_of_many_behind_a_gate() -> None:
    truth = Law(8.0, 0.0, 0.008, 0.9, 1000.0, 0, 0.6, 81.0)
    family = fit_family(_drawn(truth, 4_000_000, 4, 88), _drawn(truth, 4_000_000, 5, 88), of_pairs=True)
    assert (family.law.step_bits, family.law.multiplicity, family.law.gate_bits) == (0, 1000, 81)
    assert family.distinct_share == 1
    assert len(family.basis.validation) == 5
    assert all(0.6 < radius.ratio < 1.6 and radius.radius_bits <= 88 for radius in family.basis.validation)
    for log_regularity in (1.0, 2.7, 4.0):
        near = truth.log10_tail([56.0], [log_regularity])[0, 0]
        assert family.law.log10_tail([56.0], [log_regularity])[0, 0] == pytest.approx(near, abs=1.0)


def test_a_law_with_a_gate_rises_with_the_distance_and_is_scarce_beyond_it() -> None:
    gated, open_ = (Law(8.0, 0.0, 0.01, 0.9, 1000.0, 0, 0.6, gate) for gate in (81.0, 256.0))
    distances = np.arange(-1, 257)
    tails = gated.log10_tail(distances, MIDDLES)
    assert (np.diff(tails, axis=1) >= 0).all()
    all_of_it = open_.log10_tail(distances, MIDDLES)
    assert np.abs(tails - all_of_it)[:, distances <= 60].max() < 0.01
    at_gate = 10.0 ** (tails - all_of_it)[:4, distances == 81]
    assert at_gate == pytest.approx(0.5, abs=0.05)
    limited = gated.log10_tail([60.0], [4.2, 5.0, 9.0])
    assert limited[1, 0] == limited[2, 0] > limited[0, 0]


def test_overlapping_views_count_for_less() -> None:
    drawn = _drawn(TRUTH, 30_000_000, 6)
    half = Counts(drawn.distances, MIDDLES, drawn.pooled // 2, 300)
    assert fit_family(half, drawn).distinct_share == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("files", "total"), [(39, 30_000_000), (300, 10_000)])
def test_too_little_is_refused(files: int, total: int) -> None:
    drawn = _drawn(TRUTH, total, 7)
    few = Counts(drawn.distances, MIDDLES, drawn.nearest, files)
    with pytest.raises(UsageError, match="too few"):
        fit_family(few, few)
