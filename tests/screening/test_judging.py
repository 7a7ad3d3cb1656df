"""What a near hash amounts to: the classic rule, and expected false alarms."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.banks.models import VIEW
from holdfast.decisions.vocabulary import PLAIN_VIEWS, VIEWS
from holdfast.matching.calibration import COARSE, REFINED, default_model, regularity
from holdfast.screening.judging import Near, judge
from tests.screening.matches import bank_match

RANDOM = np.random.default_rng(6)
BUSY = RANDOM.integers(0, 256, 32, np.uint8).tobytes()
# One slanting edge: the signs of its frequencies repeat, and so do those of every other such picture.
PLAIN = np.packbits(np.add.outer(np.arange(16), np.arange(16)) % 4 < 2).tobytes()
MILLION = 1e6


def _near(bits: float, family: str, *, code: bytes = BUSY, **wanted: object) -> Near:
    return Near(bank_match(1, code=code, distance_bits=int(bits), **wanted), code, family, "x", bits)


@pytest.mark.parametrize("family", VIEWS)
def test_a_classic_bank_takes_plain_views_within_its_radius_and_no_others(family: str) -> None:
    (judged,) = judge(default_model(), [_near(40, family, code=PLAIN, matching="classic")], MILLION, COARSE)
    assert judged.tier == ("match" if family in PLAIN_VIEWS else "none") and judged.expected > 0


@pytest.mark.parametrize("family", VIEWS)
def test_a_calibrated_bank_trusts_plain_views_within_31_bits_alone(family: str) -> None:
    """Two pictures of one edge: even equal codes would be expected by chance among a million."""
    near = [_near(bits, family, code=PLAIN) for bits in (0, 31, 32)]
    tiers = [one.tier for one in judge(default_model(), near, 60 * MILLION, COARSE)]
    assert tiers == (["match", "match", "none"] if family in PLAIN_VIEWS else ["none"] * 3)


def test_a_view_of_an_original_is_never_a_plain_one() -> None:
    near = _near(5, "as_is", code=PLAIN, convention=VIEW, reference_view="x")
    assert judge(default_model(), [near], 60 * MILLION, COARSE)[0].tier == "none"


@pytest.mark.parametrize("law", [COARSE, REFINED])
def test_tiers_are_those_of_the_model_for_both_codes(law: str) -> None:
    model, bits = default_model(), list(range(20, 90, 3))
    judged = judge(model, [_near(one, "box") for one in bits], 60 * MILLION, law)
    both = float(regularity(np.frombuffer(BUSY, np.uint8)[np.newaxis])[0] ** 2)
    for distance, one in zip(bits, judged, strict=True):
        alone = model.judge(distance, 60 * MILLION, family=law, regularity=both)
        assert (one.tier, one.decades) == (alone.tier, alone.extrapolation_decades)
        assert one.expected == pytest.approx(alone.expected)
    assert {one.tier for one in judged} == {"match", "possible", "none"}


def test_a_longer_list_makes_every_hit_less_sure() -> None:
    near = [_near(64, "uncrop")]
    judged = [judge(default_model(), near, comparisons, COARSE)[0] for comparisons in (1e3, 1e9, 1e16)]
    assert [one.tier for one in judged] == ["match", "possible", "none"]
    assert judged[0].expected * 1e6 == pytest.approx(judged[1].expected)


def test_nothing_is_judged_of_nothing() -> None:
    assert judge(default_model(), [], MILLION, COARSE) == []
