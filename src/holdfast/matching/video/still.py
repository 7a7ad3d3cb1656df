"""Listed videos in which nothing moves: one picture, judged like a photograph.

Where all listed frames are nearly the same, no test of other moments can tell anything: there are none. The
listed video then *is* that picture, and its evidence is that of the picture, without the bound that keeps a
title or a logo that two films share from making a match. It is asked of videos of some seconds, so that three
seconds of somebody in a room are not taken for a picture.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.align import Support
from holdfast.matching.video.evidence import evidence_table
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference

__all__ = ["LEAST_FRAMES", "STILL_BITS", "STILL_SHARE", "still_decades"]

STILL_BITS, STILL_SHARE = 12, 0.8  # so near, and so many of the listed frames
LEAST_FRAMES, LEAST_FOUND = 5, 2  # of the reference with features; of them on the line


def still_decades(
    query: VideoQuery, reference: VideoReference, view: int, support: Support, cost: float = 0.0
) -> float | None:
    """The evidence of the middle frame along the line, less ``cost``; None for videos that are not still."""
    words = reference.frames.words[reference.frames.weight > 0]
    if len(words) < LEAST_FRAMES or len(np.unique(support.columns)) < LEAST_FOUND:
        return None
    middle = reference.frames.words[np.bincount(support.columns).argmax()]
    near = np.bitwise_count(words ^ middle).sum(axis=1) <= STILL_BITS
    if near.mean() < STILL_SHARE:
        return None
    return float(np.median(_evidence(query, reference, view, support))) - cost


def _evidence(
    query: VideoQuery, reference: VideoReference, view: int, support: Support
) -> npt.NDArray[np.float64]:
    frames, other = query.view(view), reference.frames
    kinds = frames.kind[support.rows] + other.kind[support.columns]
    weights = np.minimum(frames.weight[support.rows], other.weight[support.columns])
    return np.asarray(evidence_table()[kinds, support.bits] * weights, np.float64)
