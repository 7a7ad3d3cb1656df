"""The false-alarm model: fitted on codes of unrelated pictures, asked about single hits."""

from __future__ import annotations

from holdfast.matching.calibration.counts import Counts, count_distances, count_unrelated
from holdfast.matching.calibration.family import Family, Radius
from holdfast.matching.calibration.fit import LEAST_COMPARISONS, fit_family, validate
from holdfast.matching.calibration.model import (
    COARSE,
    MATCH_EXPECTED,
    POSSIBLE_EXPECTED,
    REFINED,
    FalseAlarmModel,
    FalseAlarms,
    Tier,
    default_model,
)
from holdfast.matching.calibration.regularity import regularity
from holdfast.matching.calibration.stored import read_model, write_model

__all__ = [
    "COARSE",
    "LEAST_COMPARISONS",
    "MATCH_EXPECTED",
    "POSSIBLE_EXPECTED",
    "REFINED",
    "Counts",
    "FalseAlarmModel",
    "FalseAlarms",
    "Family",
    "Radius",
    "Tier",
    "count_distances",
    "count_unrelated",
    "default_model",
    "fit_family",
    "read_model",
    "regularity",
    "validate",
    "write_model",
]
