"""What vPDQ's own tools would tell of: it never passes in silence.

Of regular or dark pictures no distance is improbable, and evidence in decades says little, however near they
are; and what a bank of ten million frames asks of one picture, it may not have. But whoever lists vPDQ hashes
counts on vPDQ's own rules: 80 % of the query's frames, or of the listed video's, within 31 bits. It may be
one picture that many videos show, so that alone is *possible*, and no more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import Line, Support
from holdfast.matching.video.classic import MIN_QUALITY, NEAR_BITS, classic_match
from holdfast.matching.video.evidence import FULL_QUALITY
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.still import PLAIN
from holdfast.matching.video.whole import nearest_pairs

__all__ = ["told_by_vpdq"]


def told_by_vpdq(query: VideoQuery, reference: VideoReference) -> tuple[Line, Support] | None:
    """The pairs of frames, in no order, where vPDQ calls the frames as they are a match.

    None where it does not. Of dark pictures frames of less quality than vPDQ asks for are taken too.
    """
    if query.families[0] not in PLAIN:
        return None
    distances = np.empty((len(query), len(reference)), np.int16)
    bits_into(query.view(0).words, reference.frames.words, distances)
    if distances.min(initial=256) > NEAR_BITS:  # as of nearly all candidates: to count takes much longer
        return None
    for least in (MIN_QUALITY, FULL_QUALITY):
        classic = classic_match(
            query.codes[0], query.quality[0], reference.codes, reference.quality, min_quality=least
        )
        if classic.by_hma or classic.by_readme:
            return Line(0, 0.0, 0.0, 0.0), _pairs(query, reference, distances, least)
    return None


def _pairs(
    query: VideoQuery, reference: VideoReference, distances: npt.NDArray[np.int16], least_quality: int
) -> Support:
    asked = np.flatnonzero(query.quality[0] >= least_quality)
    listed = np.flatnonzero(reference.quality >= least_quality)
    is_near = (distances[np.ix_(asked, listed)] <= NEAR_BITS).any(axis=1)
    return nearest_pairs(query, reference, distances, asked[is_near], listed)
