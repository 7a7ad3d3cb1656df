"""From a file to a query: the way that a screened video goes."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.hashing.videoviews.pieces import STEP_S, Piece, every_s, pieces
from holdfast.hashing.videoviews.views import VideoViews, video_views
from holdfast.matching.video.query import VideoQuery
from holdfast.media.types import VideoLimits, VideoMode
from holdfast.media.video import VideoDecoder

__all__ = ["pieces_of", "query_of", "views_of"]


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
    )
