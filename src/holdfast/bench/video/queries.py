"""From a file to a query: the way that a screened video goes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import cast

from holdfast.hashing.videoviews.closer import CLOSE_S, close_views
from holdfast.hashing.videoviews.looks import Look
from holdfast.hashing.videoviews.pieces import STEP_S, Piece, every_s, pieces
from holdfast.hashing.videoviews.views import VideoViews, video_views
from holdfast.matching.video.closer import closer, stretch_s, wants_closer
from holdfast.matching.video.compare import VideoMatch, compare
from holdfast.matching.video.inpart import named_in_part
from holdfast.matching.video.query import VideoQuery
from holdfast.matching.video.reference import VideoReference
from holdfast.media.types import VideoFrame, VideoLimits, VideoMode
from holdfast.media.video import VideoDecoder

__all__ = ["best_match", "pieces_of", "query_of", "stretch_of", "views_of"]


def views_of(data: bytes, *, mode: VideoMode = VideoMode.QUICK) -> Iterator[VideoViews]:
    """The views of a file, piece by piece."""
    for piece in pieces_of(data, mode=mode):
        views = video_views(piece.frames, piece.between)
        if views is not None:
            yield views


def pieces_of(data: bytes, *, mode: VideoMode = VideoMode.QUICK) -> Iterator[Piece]:
    """The frames of a file as they are looked at together."""
    decoder = VideoDecoder(data, VideoLimits(), every_s=every_s(mode), mode=mode)
    yield from pieces((frame for frame in decoder.frames() if frame is not None), mode)


def query_of(views: VideoViews) -> VideoQuery:
    """Views as they are matched."""
    return VideoQuery.of(
        views.codes,
        views.quality,
        views.time_s,
        step_s=STEP_S,
        families=views.families,
        words=views.words,
        fit=views.fitted,
        look=views.look,
    )


def best_match(
    data: bytes,
    queries: Iterable[VideoQuery],
    reference: VideoReference,
    within_s: tuple[float, float] = (0.0, math.inf),
) -> VideoMatch | None:
    """The surest of what is found of a listed video, looked at more closely where it is no match yet.

    ``queries`` are of what the file shows ``within_s``.
    """
    found = [
        named_in_part(match, query, reference)
        for query in queries
        if (match := compare(query, reference)) is not None
    ]
    best = min(found, key=lambda match: match.rank, default=None)
    if best is None or not wants_closer(best):
        return best
    start_s, end_s = stretch_s(best)
    frames = stretch_of(data, (max(start_s, within_s[0]), min(end_s, within_s[1])))
    return closer(best, close_views(frames, cast("tuple[Look, ...]", best.looks)), reference, CLOSE_S)


def stretch_of(data: bytes, span_s: tuple[float, float]) -> Iterator[VideoFrame]:
    """The frames of a file from one time to another, as they are for a closer look."""
    decoder = VideoDecoder(data, VideoLimits(), every_s=CLOSE_S, mode=VideoMode.QUICK, span_s=span_s)
    return (frame for frame in decoder.frames() if frame is not None)
