"""Whether a match is of the whole picture, or of what lies over two different films.

Two films under the same moving thing (one lower half, bars of an equaliser, snow) do show the same, in part:
it changes alike, at the same moments. A copy under a large sticker does no more. Neither can be told from the
other by a list of codes. So such a match stays one, and says that it is in part of the picture: for rules it
is of no plain view then, and decides nothing by itself.

A copy is near once its view was fitted to the listed frames and the frames between were asked too: of edited
copies of the tuning part in plain views all but a few, under a figure or stickers, have their nearer moments
within 40 bits, or agree in most of the picture. Of 30 made pairs of films that share what lies over them, 29
have neither.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.compare import VideoMatch
from holdfast.matching.video.evidence import FrameCodes
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.query import Fitted, VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.still import PLAIN

__all__ = ["IN_PART", "named_in_part", "seen_in_part"]

IN_PART = "in part of the picture"  # of a view, for people
FAMILY = "other"  # for rules: no plain view
NEAR_BITS, FAR_BITS = (
    40.0,
    56.0,
)  # of the nearer moments: whole up to the one, in part from the other on
LEAST_SHARE = 0.63  # of the picture, that has to agree in between
FITTED_MOMENTS = 8  # that the view is fitted to: the nearest
REACH_S, BEFORE_S, AFTER_S = 0.28, 0.3, 0.05  # of the query: around a moment, and around what was found

_Moments = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]


def named_in_part(match: VideoMatch, query: VideoQuery, reference: VideoReference) -> VideoMatch:
    """A match, and where that is so, in part of the picture. A ready hash tells nothing of that."""
    if not _may_decide(match) or query.fit is None or match.view not in query.words:
        return match
    view = query.words.index(match.view)
    rows, columns, bits = _moments(query.view(view), query.time_s, match, reference)
    if len(rows) < 2:
        return match
    chosen = np.sort(np.argsort(bits, kind="stable")[:FITTED_MOMENTS])
    seen = query.fit(view, rows[chosen], reference.codes[columns[chosen]])
    return match if seen is None else seen_in_part(match, seen, reference)


def seen_in_part(match: VideoMatch, seen: Fitted, reference: VideoReference) -> VideoMatch:
    """The same of a view that was fitted, or that is seen frame by frame."""
    if not _may_decide(match):
        return match
    frames = VideoQuery.at_one_view(seen, 0.0).view(0)
    rows, columns, bits = _moments(frames, seen.time_s, match, reference)
    if len(rows) < 2:
        return match
    nearer = np.sort(np.argsort(bits, kind="stable")[: max(2, (len(bits) + 1) // 2)])
    mean_bits = float(bits[nearer].mean())
    if mean_bits <= NEAR_BITS:
        return match
    if mean_bits <= FAR_BITS and seen.agreeing(rows[nearer], reference.codes[columns[nearer]]) >= LEAST_SHARE:
        return match
    return replace(match, family=FAMILY, view=f"{match.view}, {IN_PART}", is_in_part=True)


def _may_decide(match: VideoMatch) -> bool:
    """Whether a rule may decide by it alone. What is near all through is whole, and needs no asking."""
    is_plain = match.family in PLAIN and match.tier is VideoTier.MATCH
    return is_plain and not match.is_classic and match.speed != 0


def _moments(
    frames: FrameCodes, time_s: npt.NDArray[np.float64], match: VideoMatch, reference: VideoReference
) -> _Moments:
    """Rows, columns and bits int64 (k,): the nearest frame to each listed one that was found, at its time."""
    shown_s = (reference.time_s - match.offset_s) / match.speed
    is_found = (shown_s >= match.query_start_s - BEFORE_S) & (shown_s <= match.query_end_s + AFTER_S)
    columns = np.flatnonzero(is_found & (reference.frames.weight > 0))
    distances = np.empty((len(time_s), len(columns)), np.int16)
    bits_into(frames.words, reference.frames.words[columns], distances)
    is_there = np.abs(time_s[:, np.newaxis] - shown_s[columns]) <= REACH_S
    is_there &= (frames.weight > 0)[:, np.newaxis]
    distances = np.where(is_there, distances, 257)
    rows = distances.argmin(axis=0)
    bits = distances[rows, np.arange(len(columns))]
    kept = bits < 257
    return rows[kept], columns[kept], bits[kept].astype(np.int64)
