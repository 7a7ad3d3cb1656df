"""Whether a match is of the whole picture, or of what lies over two different films.

Two films under the same moving thing (one lower half, bars of an equaliser) do show the same, in part: it
changes alike, at the same moments. A copy under a large sticker does no more. Neither can be told from the
other by a list of codes. So such a match stays one, and says that it is in part of the picture: for rules it
is of no plain view then, and decides nothing by itself.

A copy is near once its view was fitted to the listed frames and the frames between were asked too, or agrees
all over. Films that share what lies over them may be near as well, where it is brighter than they are; but
they agree only where it lies. What lies everywhere, like falling snow, cannot be told by that.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.compare import VideoMatch
from holdfast.matching.video.evidence import FrameCodes, frame_codes
from holdfast.matching.video.judge import VideoTier
from holdfast.matching.video.kernels import bits_into
from holdfast.matching.video.query import Fitted, VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.matching.video.still import OTHER, PLAIN

__all__ = ["FITTED_MOMENTS", "IN_PART", "named_in_part", "seen_in_part"]

IN_PART = "in part of the picture"  # of a view, for people
NEAR_BITS = 20.0  # in the mean of the nearer moments: up to so many it is whole
FAR_BITS = 56.0  # beyond which it is in part
LEAST_SHARE = 0.7  # of the picture, that has to agree in between
FITTED_MOMENTS = 8  # that the view is fitted to: the nearest
REACH_S = 0.28  # of the query: around the time of a listed frame
BEFORE_S, AFTER_S = 0.3, 0.05  # of the query: around what was found
_NONE_BITS = 257


def named_in_part(match: VideoMatch, query: VideoQuery, reference: VideoReference) -> VideoMatch:
    """A match, and where that is so, in part of the picture. A ready hash tells nothing of that."""
    if not _may_decide(match) or query.fit is None:
        return match
    views = [view for view, words in enumerate(query.words) if words == match.view]
    found = [_Moments.of(query.view(view), query.time_s, match, reference) for view in views]
    told = [(one.mean_bits, view, one) for view, one in zip(views, found, strict=True) if len(one) >= 2]
    if not told:
        return match
    mean_bits, view, moments = min(told, key=lambda one: one[0])
    if mean_bits <= NEAR_BITS:
        return match
    nearest = np.sort(np.argsort(moments.bits, kind="stable")[:FITTED_MOMENTS])
    seen = query.fit(view, moments.rows[nearest], reference.codes[moments.columns[nearest]])
    return match if seen is None else seen_in_part(match, seen, reference)


def seen_in_part(match: VideoMatch, seen: Fitted, reference: VideoReference) -> VideoMatch:
    """The same of a view that was fitted, or that is seen frame by frame."""
    if not _may_decide(match):
        return match
    moments = _Moments.of(frame_codes(seen.codes, seen.quality), seen.time_s, match, reference)
    if len(moments) < 2 or moments.mean_bits <= NEAR_BITS:
        return match
    if moments.mean_bits <= FAR_BITS:
        rows, columns = moments.rows[moments.nearer], moments.columns[moments.nearer]
        if seen.agreeing(rows, reference.codes[columns]) >= LEAST_SHARE:
            return match
    return replace(match, family=OTHER, view=f"{match.view}, {IN_PART}", is_in_part=True)


def _may_decide(match: VideoMatch) -> bool:
    """Whether a rule may decide by it alone, and there are moments to ask: not where pictures have no order,
    nor of what is one picture or the same all through.
    """
    is_plain = match.family in PLAIN and match.tier is VideoTier.MATCH
    return is_plain and not match.is_classic and match.speed != 0


class _Moments:
    """``rows``, ``columns`` and ``bits`` int64 (k,): the nearest frame to each listed one, at its time."""

    def __init__(
        self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], bits: npt.NDArray[np.int64]
    ) -> None:
        self.rows, self.columns, self.bits = rows, columns, bits

    @classmethod
    def of(
        cls, frames: FrameCodes, time_s: npt.NDArray[np.float64], match: VideoMatch, reference: VideoReference
    ) -> _Moments:
        """Of the stretch that was found."""
        shown_s = (reference.time_s - match.offset_s) / match.speed
        is_found = (shown_s >= match.query_start_s - BEFORE_S) & (shown_s <= match.query_end_s + AFTER_S)
        columns = np.flatnonzero(is_found & (reference.frames.weight > 0))
        distances = np.empty((len(time_s), len(columns)), np.int16)
        bits_into(frames.words, reference.frames.words[columns], distances)
        is_there = np.abs(time_s[:, np.newaxis] - shown_s[columns]) <= REACH_S
        is_there &= (frames.weight > 0)[:, np.newaxis]
        distances = np.where(is_there, distances, _NONE_BITS)
        rows = distances.argmin(axis=0)
        bits = distances[rows, np.arange(len(columns))].astype(np.int64)
        kept = bits < _NONE_BITS
        return cls(rows[kept], columns[kept], bits[kept])

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def nearer(self) -> npt.NDArray[np.int64]:
        """Places of the nearer half, two at least: listed moments on a cut are far in copies as well."""
        order = np.argsort(self.bits, kind="stable")
        return np.sort(order[: max(2, (len(self) + 1) // 2)])

    @property
    def mean_bits(self) -> float:
        """Of the nearer half."""
        return float(self.bits[self.nearer].mean())
