"""Two videos that show nearly the same pictures all through: a match by the rule that lists are made for.

Where pictures are regular (a test card, a screen, text), no distance is improbable, and evidence in decades
says little, however near they are. vPDQ calls a match what has 80 % of the listed video's frames, or of the
query's, within 31 bits. Both at once, within 12 bits and in a plain view, is a match in a bank of any size.
Of 102 files of 53 sources no two that are not the same footage come so near: not those of one signer in one
room (380 pairs), and no half of a recording its other half.
"""

from __future__ import annotations

import numpy as np

from holdfast.matching.video.align import Line, Support
from holdfast.matching.video.judge import ALIKE_BITS, ALIKE_SHARE
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.still import PLAIN

__all__ = ["LEAST_FRAMES", "whole"]

LEAST_FRAMES = 3  # with features, of either


def whole(query: VideoQuery, reference: VideoReference) -> tuple[Line, Support] | None:
    """The line and the pairs of frames of two videos that are the same all through; None where they are not.

    The line has no decades: it is not needed to be improbable.
    """
    listed = np.flatnonzero(reference.frames.weight >= 1)
    if len(listed) < LEAST_FRAMES:
        return None
    for view, family in enumerate(query.families):
        if family in PLAIN and (found := _whole(query, view, reference, listed)) is not None:
            return found
    return None


def _whole(
    query: VideoQuery, view: int, reference: VideoReference, listed: np.ndarray
) -> tuple[Line, Support] | None:
    frames = query.view(view)
    asked = np.flatnonzero(frames.weight >= 1)
    if len(asked) < LEAST_FRAMES:
        return None
    distances = np.empty((len(query), len(reference)), np.int16)
    bits_into(frames.words, reference.frames.words, distances)
    near = distances[np.ix_(asked, listed)] <= ALIKE_BITS
    if min(near.any(axis=1).mean(), near.any(axis=0).mean()) < ALIKE_SHARE:
        return None
    rows = asked[near.any(axis=1)]
    away_s = np.abs(reference.time_s[listed] - query.time_s[rows][:, np.newaxis])
    # Of frames that are equally near, as in a still shot, the one at the same time.
    columns = listed[np.lexsort((away_s, distances[np.ix_(rows, listed)]), axis=1)[:, 0]]
    offset_s = float(np.median(reference.time_s[columns] - query.time_s[rows]))
    bits = distances[rows, columns].astype(np.int64)
    return Line(view, 0.0, 1.0, offset_s), Support(rows, columns, bits, distances)
