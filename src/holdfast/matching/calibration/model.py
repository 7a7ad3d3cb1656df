"""Expected false alarms: how many strangers would come as near as this, given how many were compared.

A distance alone says little: 60 bits are a sure match against ten entries, and less sure against a thousand
million. So a hit is judged by

    expected = comparisons * distinct share * P(distance <= d | regularity of both codes)

with comparisons = entries of the list times codes looked up for the upload. Summed over all pairs of an
upload and its list, hits with expected <= e come up e times an upload, magnets or not, whatever the size of
the list.

**Tiers.** *match* where at most 1e-6 are expected, *possible* where at most 1e-3: one false match in a
million uploads, of whatever list size and number of views, since both are counted in. At a million entries
and a hundred views this is a probability of 1e-14 a comparison, while fits rest on 1e7 to 1e8 comparisons:
some seven decades are extrapolated, and every answer says how many. So no such match may report or ban by
itself (decisions forbid it).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

import numpy as np
import numpy.typing as npt

from holdfast.errors import UsageError
from holdfast.matching.calibration.family import Family

__all__ = [
    "COARSE",
    "MATCH_EXPECTED",
    "POSSIBLE_EXPECTED",
    "REFINED",
    "FalseAlarmModel",
    "FalseAlarms",
    "Tier",
    "default_model",
]

COARSE, REFINED = "coarse", "refined"
MATCH_EXPECTED = 1e-6
POSSIBLE_EXPECTED = 1e-3

FloatArray = npt.NDArray[np.float64]


class Tier(StrEnum):
    """What a hit amounts to."""

    MATCH = "match"
    POSSIBLE = "possible"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """The judgement of one hit. ``extrapolation_decades`` is 0 where data show as small a probability."""

    expected: float
    tier: Tier
    extrapolation_decades: float


@dataclass(frozen=True, slots=True)
class FalseAlarmModel:
    """Families of distances by name. "coarse": codes of views. "refined": the best after a local search.

    ``made_from`` says in words what it was fitted on. Unknown families raise `UsageError`.
    """

    families: Mapping[str, Family]
    made_from: str

    def family(self, name: str) -> Family:
        try:
            return self.families[name]
        except KeyError:
            known = ", ".join(sorted(self.families))
            raise UsageError(
                f"The calibration has no family {name!r} (it has: {known}). "
                "Nothing was judged. Calibrate again."
            ) from None

    def expected_false_alarms(
        self,
        distance_bits: npt.ArrayLike,
        comparisons: float,
        *,
        family: str = COARSE,
        regularity: npt.ArrayLike | None = None,
    ) -> FloatArray:
        """How many unrelated pairs would be expected within each distance: float64, as broadcast.

        ``comparisons`` is entries times codes for "coarse", entries for "refined" (one search an entry).
        ``regularity`` is the product of the entry's and the query's `regularity`; without it, a mix of pairs
        as in the sample is taken, which is kind to magnets and hard on all others.
        """
        chosen = self.family(family)
        logs = chosen.log10_probability(distance_bits, regularity)
        counted = max(comparisons, 0.0) * chosen.distinct_share
        return np.asarray(counted * 10.0 ** np.maximum(logs, -290.0))

    def judge(
        self,
        distance_bits: float,
        comparisons: float,
        *,
        family: str = COARSE,
        regularity: float | None = None,
    ) -> FalseAlarms:
        """Expected false alarms, tier and decades of extrapolation of one hit."""
        expected = float(
            self.expected_false_alarms(distance_bits, comparisons, family=family, regularity=regularity)
        )
        chosen = self.family(family)
        beyond = chosen.seen_log10 - float(chosen.log10_probability(distance_bits, regularity))
        return FalseAlarms(expected, tier(expected), round(max(0.0, beyond), 1))

    def radius_for(
        self, expected: float, comparisons: float, *, family: str = COARSE, regularity: float | None = None
    ) -> int:
        """The largest whole distance at which at most so many false alarms are expected; -1 for none.

        To find all that can be judged a match, scan with ``regularity`` = the query's times the smallest of
        the list's entries, and judge each hit by its own.
        """
        radii = np.arange(-1, 257)
        alarms = self.expected_false_alarms(radii, comparisons, family=family, regularity=regularity)
        return int(radii[max(int(np.searchsorted(alarms, expected, "right")) - 1, 0)])


def tier(expected: float) -> Tier:
    """The tier of a hit with so many expected false alarms."""
    if expected <= MATCH_EXPECTED:
        return Tier.MATCH
    return Tier.POSSIBLE if expected <= POSSIBLE_EXPECTED else Tier.NONE


@functools.cache
def default_model() -> FalseAlarmModel:
    """The model that Holdfast ships: see docs/false-alarms.md for what it was fitted on."""
    from holdfast.matching.calibration.stored import parse_model

    text = resources.files("holdfast.matching.calibration").joinpath("default.json").read_text("utf-8")
    return parse_model(text, "the shipped calibration")
