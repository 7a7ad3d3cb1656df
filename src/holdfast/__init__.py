"""Holdfast finds known child sexual abuse material, and accounts for what was done about it.

The library surface. Everything is loaded when first used, so that `import holdfast` costs nothing:

    holdfast.hash_file(path)                 digests and PDQ hashes of one file
    holdfast.pdq(luma)                       the PDQ hash of one luma plane
    holdfast.pdq_orientations(luma)          the same for all eight orientations
    holdfast.HammingIndex                    exact search within a Hamming radius
    holdfast.Screener                        a home's banks, ready to screen files
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.errors import HoldfastError
    from holdfast.hashing.code import Convention, PdqHash
    from holdfast.hashing.orientation import Orientation
    from holdfast.hashing.pdq import pdq, pdq_orientations
    from holdfast.matching.hamming import HammingIndex
    from holdfast.screening.hashes import FileHashes, hash_file
    from holdfast.screening.outcome import Match, Outcome
    from holdfast.screening.screener import Screener

__version__ = "0.1.0"

_HOMES = {
    "Convention": "holdfast.hashing.code",
    "FileHashes": "holdfast.screening.hashes",
    "HammingIndex": "holdfast.matching.hamming",
    "HoldfastError": "holdfast.errors",
    "Match": "holdfast.screening.outcome",
    "Orientation": "holdfast.hashing.orientation",
    "Outcome": "holdfast.screening.outcome",
    "PdqHash": "holdfast.hashing.code",
    "Screener": "holdfast.screening.screener",
    "hash_file": "holdfast.screening.hashes",
    "pdq": "holdfast.hashing.pdq",
    "pdq_orientations": "holdfast.hashing.pdq",
}

__all__ = [
    "Convention",
    "FileHashes",
    "HammingIndex",
    "HoldfastError",
    "Match",
    "Orientation",
    "Outcome",
    "PdqHash",
    "Screener",
    "__version__",
    "hash_file",
    "pdq",
    "pdq_orientations",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'holdfast' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
