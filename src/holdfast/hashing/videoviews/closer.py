"""A stretch of a video once more, frame by frame, through the views in which something was found there.

A listed frame is of one moment of the film. Half a second away what moves fast shows another picture, and
even an eighth of a second costs most of the bits. Looked at thirty times a second, some frame is of that
moment, or nearly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from holdfast.hashing.videoviews.fitting import FittedView, hashed_blocks
from holdfast.hashing.videoviews.looks import Look
from holdfast.hashing.views.faces import Faces
from holdfast.hashing.views.small import small_luma
from holdfast.media.types import VideoFrame

__all__ = ["CLOSE_S", "close_views"]

CLOSE_S = 1 / 30  # from one frame to the next


def close_views(frames: Iterable[VideoFrame], looks: Sequence[Look]) -> list[FittedView]:
    """The frames through each of ``looks``; those of another size than they were made for are left out.

    A view without any frame is left out too.
    """
    times: list[list[float]] = [[] for _ in looks]
    blocks: list[list[np.ndarray]] = [[] for _ in looks]
    last: VideoFrame | None = None
    small = None
    for frame in frames:
        is_same = last is not None and frame.luma is last.luma
        if not is_same:
            small = small_luma(frame.luma, width=frame.width, height=frame.height)
        last = frame
        for number, look in enumerate(looks):
            if small is None or small.pixels.shape != look.shape:
                continue
            if not (is_same and blocks[number]):
                face = Faces(small, (look.box,))
                blocks[number].append(face.blocks(0, look.matrix[np.newaxis])[0])
            else:
                blocks[number].append(blocks[number][-1])
            times[number].append(frame.time_s)
    return [
        _view(look, np.stack(shown), np.array(at))
        for look, shown, at in zip(looks, blocks, times, strict=True)
        if shown
    ]


def _view(look: Look, blocks: npt.NDArray[np.float32], time_s: npt.NDArray[np.float64]) -> FittedView:
    return FittedView(*hashed_blocks(blocks), time_s, look.is_fitted, look, blocks)
