"""Judging hits by expected false alarms, with the shipped model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.errors import UsageError
from holdfast.matching.calibration import (
    COARSE,
    MATCH_EXPECTED,
    POSSIBLE_EXPECTED,
    REFINED,
    Tier,
    default_model,
)

MILLION_BY_128 = 128e6
MODEL = default_model()


def test_the_shipped_model_was_validated_where_it_says() -> None:
    coarse = MODEL.family(COARSE)
    assert coarse.basis.files >= 200 and coarse.basis.validation_files >= 200
    assert coarse.basis.comparisons > 1e8
    radii = coarse.basis.validation
    assert len(radii) == 5
    assert all(30 <= r.predicted <= 3000 and r.within for r in radii)


@pytest.mark.parametrize("family", [COARSE, REFINED])
@pytest.mark.parametrize("regularity", [None, 1.0, 13.0, 200.0])
def test_farther_is_never_less_expected(family: str, regularity: float | None) -> None:
    bits = np.arange(0, 257)
    expected = MODEL.expected_false_alarms(bits, 1e6, family=family, regularity=regularity)
    assert (np.diff(expected) >= -1e-6).all()  # but for rounding of a million
    assert expected[256] == pytest.approx(1e6 * MODEL.family(family).distinct_share, rel=0.01)


def test_twice_the_comparisons_twice_the_alarms() -> None:
    once, twice = (float(MODEL.expected_false_alarms(70, n, regularity=10.0)) for n in (1e6, 2e6))
    assert twice == pytest.approx(2 * once)
    assert MODEL.expected_false_alarms(70, 0) == 0


def test_magnets_are_judged_harder() -> None:
    alarms = MODEL.expected_false_alarms(
        60, MILLION_BY_128, regularity=np.array([1.0, 4.0, 13.0, 60.0, 700.0])
    )
    assert (np.diff(np.log10(alarms)) > 0.5).all()


@pytest.mark.parametrize("family", [COARSE, REFINED])
@pytest.mark.parametrize("expected", [MATCH_EXPECTED, POSSIBLE_EXPECTED, 10.0])
def test_the_radius_is_the_last_distance_within(family: str, expected: float) -> None:
    radius = MODEL.radius_for(expected, MILLION_BY_128, family=family, regularity=13.0)
    alarms = MODEL.expected_false_alarms([radius, radius + 1], MILLION_BY_128, family=family, regularity=13.0)
    assert alarms[0] <= expected < alarms[1]


def test_no_radius_where_even_equality_is_not_enough() -> None:
    assert MODEL.radius_for(1e-30, 1e12, regularity=60_000.0) == -1


def test_odd_distances_count_as_the_even_one_below() -> None:
    """Codes have 128 ones each: what is at most 61 bits away is at most 60 bits away."""
    assert MODEL.expected_false_alarms(61, 1e6, regularity=9.0) == MODEL.expected_false_alarms(
        60, 1e6, regularity=9.0
    )


def test_tiers_and_decades() -> None:
    near = MODEL.judge(31, MILLION_BY_128, regularity=13.0)
    assert near.tier is Tier.MATCH
    assert near.extrapolation_decades > 5
    far = MODEL.judge(90, MILLION_BY_128, regularity=13.0)
    assert far.tier is Tier.NONE and far.expected > 100
    assert far.extrapolation_decades == 0
    between = MODEL.radius_for(POSSIBLE_EXPECTED, MILLION_BY_128, regularity=13.0)
    assert MODEL.judge(between, MILLION_BY_128, regularity=13.0).tier is Tier.POSSIBLE


def test_a_mix_of_pairs_is_judged_by_its_magnets() -> None:
    assert MODEL.expected_false_alarms(64, 1e6) > MODEL.expected_false_alarms(64, 1e6, regularity=13.0)


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(UsageError, match="no family 'video'"):
        MODEL.judge(40, 1e6, family="video")


def test_judging_piece_by_piece_is_judging_with_all_rows_made() -> None:
    """Rows of the table are made when they are needed: from a law that nobody has judged by yet."""
    family = MODEL.family(COARSE)
    fresh = replace(family, law=replace(family.law, sigma_bits=family.law.sigma_bits * (1 + 1e-9)))
    regularities = np.exp(np.random.default_rng(2).uniform(-3, 11.5, 200))
    bits = np.random.default_rng(3).integers(0, 257, 200)
    one_by_one = [
        float(fresh.log10_probability(distance, value))
        for distance, value in zip(bits, regularities, strict=True)
    ]
    MODEL.family(COARSE).warm_up()
    np.testing.assert_allclose(one_by_one, family.log10_probability(bits, regularities), rtol=1e-6)
