"""The frames of a video as they are looked at: a minute together, and what lies between kept small."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from holdfast.hashing.views.small import SmallLuma, small_luma
from holdfast.media.types import VideoFrame, VideoMode

__all__ = ["OVERLAP_FRAMES", "PIECE_FRAMES", "STEP_S", "Between", "Piece", "every_s", "pieces"]

STEP_S = 0.5  # from one frame that is looked at to the next
PIECE_FRAMES = 120  # looked at together: a minute
OVERLAP_FRAMES = 20  # of the piece before, so that nothing is cut in two
_BETWEEN_S = 0.25  # a listed frame is a few frames of the film off the nearest one, instead of many


@dataclass(frozen=True, slots=True)
class Between:
    """A frame between those that are looked at: its time and its small luma."""

    time_s: float
    small: SmallLuma


@dataclass(slots=True)
class Piece:
    """Frames of one size that are looked at, and those between them."""

    frames: list[VideoFrame] = field(default_factory=list)
    between: list[Between] = field(default_factory=list)


def every_s(mode: VideoMode) -> float:
    """Seconds from one frame that is wanted of the decoder to the next."""
    return STEP_S if mode is VideoMode.KEYFRAMES else _BETWEEN_S


def pieces(frames: Iterable[VideoFrame], mode: VideoMode) -> Iterator[Piece]:
    """Frames that come as often as `every_s` says, in pieces; each begins with the end of the one before.

    Of keyframes, all are looked at. Between, a frame that still stands is not kept again, nor is one of
    another size.
    """
    piece, fresh = Piece(), 0
    last: VideoFrame | None = None
    for frame in frames:
        is_size = bool(piece.frames) and frame.luma.shape == piece.frames[0].luma.shape
        if mode is not VideoMode.KEYFRAMES and frame.time_s % STEP_S:
            is_new = last is None or frame.luma is not last.luma
            if is_size and is_new and (small := _small(frame)) is not None:
                piece.between.append(Between(frame.time_s, small))
                last = frame
            continue
        if piece.frames and not is_size:
            if fresh:
                yield piece
            piece, fresh = Piece(), 0
        last = frame
        piece.frames.append(frame)
        fresh += 1
        if len(piece.frames) == PIECE_FRAMES:
            yield piece
            kept = piece.frames[-OVERLAP_FRAMES:]
            between = [one for one in piece.between if one.time_s > kept[0].time_s]
            piece, fresh = Piece(kept, between), 0
    if fresh:
        yield piece


def _small(frame: VideoFrame) -> SmallLuma | None:
    return small_luma(frame.luma, width=frame.width, height=frame.height)
