"""From a file to a query: the way that a screened video goes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from holdfast.hashing.videoviews.views import VideoViews, video_views
from holdfast.matching.video.query import VideoQuery
from holdfast.media.types import VideoFrame, VideoLimits, VideoMode
from holdfast.media.video import VideoDecoder

__all__ = ["PIECE_FRAMES", "QUERY_STEP_S", "pieces_of", "query_of", "views_of"]

QUERY_STEP_S = 0.5
PIECE_FRAMES = 120  # looked at together: a minute


def views_of(data: bytes, *, mode: VideoMode = VideoMode.QUICK) -> Iterator[VideoViews]:
    """The views of a file, piece by piece."""
    for piece in pieces_of(data, mode=mode):
        views = video_views(piece)
        if views is not None:
            yield views


def pieces_of(data: bytes, *, mode: VideoMode = VideoMode.QUICK) -> Iterator[list[VideoFrame]]:
    """The frames of a file as they are looked at together."""
    decoder = VideoDecoder(data, VideoLimits(), every_s=QUERY_STEP_S, mode=mode)
    yield from _pieces(frame for frame in decoder.frames() if frame is not None)


def query_of(views: VideoViews) -> VideoQuery:
    """Views as they are matched."""
    return VideoQuery.of(
        views.codes,
        views.quality,
        views.time_s,
        step_s=QUERY_STEP_S,
        families=views.families,
        words=views.words,
        fit=views.fitted,
    )


def _pieces(frames: Iterator[VideoFrame]) -> Iterator[list[VideoFrame]]:
    """Frames of one size, up to `PIECE_FRAMES` at a time."""
    for _, same in groupby(frames, key=lambda frame: frame.luma.shape):
        piece: list[VideoFrame] = []
        for frame in same:
            piece.append(frame)
            if len(piece) == PIECE_FRAMES:
                yield piece
                piece = []
        if piece:
            yield piece
