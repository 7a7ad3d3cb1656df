"""Matches made up for tests of what is concluded from them."""

from __future__ import annotations

from typing import Any

from holdfast.banks.resolve import BankMatch
from holdfast.screening.checked import WHOLE, Region, Seen

__all__ = ["bank_match", "seen_in"]


def bank_match(fingerprint_id: int, **wanted: Any) -> BankMatch:
    """A PDQ match of 10 bits in the trusted, calibrated bank KNOWN; one entry a fingerprint."""
    values = {
        "fingerprint_id": fingerprint_id,
        "entry_id": 100 + fingerprint_id,
        "bank_id": 1,
        "bank": "KNOWN",
        "kind": "known",
        "trusted": True,
        "bank_enabled": True,
        "max_distance_bits": 31,
        "label": "x",
        "classification": None,
        "medium": "image",
        "disabled_until": None,
        "algorithm": "pdq",
        "convention": "full",
        "distance_bits": 10,
        "exact": False,
        "verdict": "positive",
        "matching": "calibrated",
        "code": bytes(range(32)),
        "reference_view": "",
    }
    return BankMatch(**{**values, **wanted})


def seen_in(region: Region = WHOLE, distance_bits: int = 10, **wanted: Any) -> Seen:
    """Seen as it is, in one region."""
    values = {"words": "as is", "family": "as_is", "region": region, "near": {region: distance_bits}}
    return Seen(**{**values, **wanted})
