"""Other moments of one recording: the hardest footage that is not the same."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.bench.video.cases import Pair, classic_of, reference_of
from holdfast.bench.video.corpus import Listed
from holdfast.bench.video.queries import best_match, query_of, views_of
from holdfast.hashing.video import VideoHash
from holdfast.hashing.videoviews.views import VideoViews

__all__ = ["moment_pairs"]

WINDOW_S = 12.0
MOST_WINDOWS = 5
_APART_S = 1.0
_LEAST_S = 7.0  # of a window of a recording that is too short for two of the usual length


def moment_pairs(file: Listed) -> Iterator[Pair]:
    """Every window of a recording, as it is, against every other one; none where it is too short for two."""
    windows = _windows(file.duration_s)
    if not windows:
        return
    listed = [_cut(file.video, *window) for window in windows]
    data = file.path.read_bytes()
    seen = list(views_of(data))
    for number, window in enumerate(windows):
        shown = [part for views in seen if (part := views.between(*window)) is not None]
        for other, video in enumerate(listed):
            if other != number and video.matchable.any():
                yield _pair(file, data, windows[number], windows[other], shown, listed[number], video)


def _windows(duration_s: float) -> list[tuple[float, float]]:
    length_s = min(WINDOW_S, (duration_s - _APART_S) / 2)
    if length_s < _LEAST_S:
        return []
    count = min(MOST_WINDOWS, int((duration_s + _APART_S) // (length_s + _APART_S)))
    starts = [number * (length_s + _APART_S) for number in range(count)]
    return [(start, start + length_s) for start in starts]


def _cut(video: VideoHash, start_s: float, end_s: float) -> VideoHash:
    return video.select((video.time_s >= start_s) & (video.time_s < end_s))


def _pair(
    file: Listed,
    data: bytes,
    window: tuple[float, float],
    other: tuple[float, float],
    shown: list[VideoViews],
    asked: VideoHash,
    listed: VideoHash,
) -> Pair:
    best = best_match(data, map(query_of, shown), reference_of(listed), window)
    query, reference_name = (f"{file.name} {start:.0f}-{end:.0f} s" for start, end in (window, other))
    return Pair(query, reference_name, file.source, best, classic_of(asked, listed))
