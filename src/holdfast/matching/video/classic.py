"""vPDQ's own percentages, as two of its tools count them, beside our own answer.

Frames under the quality that both tools ask for are left out, and repeats of one code counted once. Then: how
many of the query's frames have a frame of the reference near, and the other way round. Time plays no part.

The tools disagree. Near means at most 31 bits in the README, the FAISS index and the Python extension, but
less than 31 in the C++ program. A match is 80 % of the *reference's* frames in the README's example, and 80 %
of the *query's* in the Python extension, which HMA uses. Source: vpdq/README.md, vpdq/cpp and
python-threatexchange/threatexchange/extensions/vpdq of facebook/ThreatExchange.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.bits import checked_codes
from holdfast.matching.video.kernels import bits_into

__all__ = ["MIN_QUALITY", "NEAR_BITS", "ClassicMatch", "classic_match"]

NEAR_BITS = 31
MIN_QUALITY = 50
MATCH_PERCENT = 80.0


@dataclass(frozen=True, slots=True)
class ClassicMatch:
    """``query_percent`` of the query's frames are near the reference, ``reference_percent`` of its own."""

    query_percent: float
    reference_percent: float

    @property
    def by_readme(self) -> bool:
        """A match by the README's example: most of the reference is in the query."""
        return self.reference_percent >= MATCH_PERCENT

    @property
    def by_hma(self) -> bool:
        """A match by the Python extension's defaults: most of the query is in the reference."""
        return self.query_percent >= MATCH_PERCENT


def classic_match(
    query_codes: npt.ArrayLike,
    query_quality: npt.ArrayLike,
    reference_codes: npt.ArrayLike,
    reference_quality: npt.ArrayLike,
    *,
    near_bits: int = NEAR_BITS,
    inclusive: bool = True,
    min_quality: int = MIN_QUALITY,
) -> ClassicMatch:
    """Percentages for codes uint8 (f, 32) and (m, 32) with qualities (f,) and (m,).

    Frames under ``min_quality`` are left out. ``inclusive`` False counts as the C++ program does: less than
    ``near_bits``. Raises ValueError for other types or shapes.
    """
    query = _kept(query_codes, query_quality, min_quality)
    reference = _kept(reference_codes, reference_quality, min_quality)
    if len(query) == 0 or len(reference) == 0:
        return ClassicMatch(0.0, 0.0)
    distances = np.empty((len(query), len(reference)), np.int16)
    bits_into(query.view(np.uint64), reference.view(np.uint64), distances)
    near = distances <= near_bits if inclusive else distances < near_bits
    return ClassicMatch(100.0 * float(near.any(axis=1).mean()), 100.0 * float(near.any(axis=0).mean()))


def _kept(codes: npt.ArrayLike, quality: npt.ArrayLike, min_quality: int) -> npt.NDArray[np.uint8]:
    checked, score = checked_codes(codes), np.asarray(quality)
    if score.shape != (len(checked),):
        raise ValueError(f"{len(checked)} codes came with qualities of shape {score.shape}")
    return np.ascontiguousarray(np.unique(checked[score >= min_quality], axis=0))
