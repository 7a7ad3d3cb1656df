"""What a near hash amounts to: by the classic rule of its bank, or by expected false alarms.

Plain views (as is, turned or mirrored, freed of a border) match within 31 bits, as every list is made for.
A *classic* bank takes plain views within its radius and no others. Beyond 31 bits, and in any other view, a
*calibrated* bank asks how many strangers would be expected as near, given the size of all lists and the
number of codes that were looked up (docs/false-alarms.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from holdfast.banks.models import VIEW
from holdfast.banks.resolve import BankMatch
from holdfast.decisions.vocabulary import DECISIVE_DISTANCE_BITS, PLAIN_VIEWS
from holdfast.matching.calibration.model import FalseAlarmModel, Tier, tier
from holdfast.matching.calibration.regularity import regularity

__all__ = ["Judgement", "Near", "is_plain", "judge"]


@dataclass(frozen=True, slots=True)
class Near:
    """One hit. ``code`` is the query's (32 bytes), of a view with this ``family`` and these ``words``."""

    match: BankMatch
    code: bytes
    family: str
    words: str
    distance_bits: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """A tier ("match", "possible" or "none"), the expected false alarms, and decades of extrapolation."""

    tier: str
    expected: float
    decades: float


def judge(model: FalseAlarmModel, near: Sequence[Near], comparisons: float, law: str) -> list[Judgement]:
    """The judgement of each hit of one upload, which were found among ``comparisons`` under ``law``.

    ``law`` is a family of the model: "coarse" (entries times codes were compared) or "refined" (entries).
    """
    if not near:
        return []
    codes = np.frombuffer(b"".join(one.match.code + one.code for one in near), np.uint8).reshape(-1, 2, 32)
    both = regularity(codes[:, 0]) * regularity(codes[:, 1])
    bits = np.array([one.distance_bits for one in near])
    expected = model.expected_false_alarms(bits, comparisons, family=law, regularity=both)
    family = model.family(law)
    decades = np.maximum(0.0, family.seen_log10 - family.log10_probability(bits, both))
    return [
        Judgement(_tier(one, float(alarms)), float(alarms), round(float(beyond), 1))
        for one, alarms, beyond in zip(near, expected, decades, strict=True)
    ]


def is_plain(match: BankMatch, family: str, distance_bits: float) -> bool:
    """Whether the distance alone says that it is the same picture, as far as PDQ can."""
    return match.convention != VIEW and family in PLAIN_VIEWS and distance_bits <= DECISIVE_DISTANCE_BITS


def _tier(one: Near, expected: float) -> str:
    if is_plain(one.match, one.family, one.distance_bits):
        return Tier.MATCH.value
    if one.match.matching == "classic":
        takes = one.family in PLAIN_VIEWS or one.match.convention == VIEW
        return (Tier.MATCH if takes else Tier.NONE).value
    return tier(expected).value
