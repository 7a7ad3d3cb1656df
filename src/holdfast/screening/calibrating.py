"""Fits the false-alarm model on one half of a sample of unrelated pictures and holds it against the other."""

from __future__ import annotations

from holdfast.matching.calibration import (
    COARSE,
    LEAST_COMPARISONS,
    REFINED,
    FalseAlarmModel,
    Radius,
    default_model,
    fit_family,
    validate,
)
from holdfast.screening.sampling import Sample

__all__ = ["calibrate", "validate_on"]


def calibrate(sample: Sample, words: str) -> FalseAlarmModel:
    """A model of this sample, which ``words`` name. Raises `UsageError` where there are too few pictures.

    Refining gives one distance for each pair of pictures, plain comparing one for each view: where there are
    too few pairs for "refined", it is kept from the shipped model.
    """
    families = {COARSE: fit_family(sample.coarse_counts(0), sample.coarse_counts(1))}
    refined = sample.refined_counts(0)
    if refined.comparisons < LEAST_COMPARISONS:
        families[REFINED] = default_model().family(REFINED)
    else:
        families[REFINED] = fit_family(refined, sample.refined_counts(1), of_pairs=True)
    return FalseAlarmModel(families, words)


def validate_on(sample: Sample, model: FalseAlarmModel) -> dict[str, tuple[int, tuple[Radius, ...]]]:
    """For each family the comparisons in a sample, and how many near ones are foretold and there."""
    coarse, refined = sample.coarse_counts(), sample.refined_counts()
    return {
        COARSE: (coarse.comparisons, validate(model.family(COARSE).law, coarse)),
        REFINED: (refined.comparisons, validate(model.family(REFINED).law, refined)),
    }
