"""The local features of a piece of a video that is looked up: made when they are asked for, and kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from holdfast.hashing.videolocal import LocalFeatures, features_of, moving_cells, standard_picture
from holdfast.media.types import VideoFrame

__all__ = ["LocalQuery"]

FEW, EVERY = 16, 64  # moments that are looked at first, and at most: of a minute, every second one
FEATURES, STILL_FEATURES = 300, 100

UInt8Array = npt.NDArray[np.uint8]


class LocalQuery:
    """Frames of one size, of a minute or less, ``step_s`` seconds apart, as they are and mirrored.

    Not for several threads at once.
    """

    def __init__(self, frames: Sequence[VideoFrame], step_s: float) -> None:
        wider = max(1, -(-len(frames) // EVERY))
        self._frames = frames[::wider]
        self.step_s = step_s * wider
        self._pictures: dict[int, UInt8Array] = {}
        self._made: dict[tuple[bool, bool], LocalFeatures] = {}

    def few(self, mirrored: bool) -> LocalFeatures:
        """Features of up to `FEW` moments, spread over the piece."""
        return self._features(True, mirrored)

    def every(self, mirrored: bool) -> LocalFeatures:
        """Features of all moments."""
        return self._features(False, mirrored)

    def _features(self, is_few: bool, mirrored: bool) -> LocalFeatures:
        found = self._made.get((is_few, mirrored))
        if found is None:
            found = self._made[is_few, mirrored] = self._make(is_few, mirrored)
        return found

    def _make(self, is_few: bool, mirrored: bool) -> LocalFeatures:
        count = min(FEW, len(self._frames)) if is_few else len(self._frames)
        places = np.unique(np.linspace(0, len(self._frames) - 1, count).round().astype(np.int64)).tolist()
        pictures = [self._picture(place) for place in places]
        moving = moving_cells(pictures)
        if mirrored:
            pictures = [np.ascontiguousarray(picture[:, ::-1]) for picture in pictures]
            moving = moving[:, ::-1]
        times = np.array([self._frames[place].time_s for place in places])
        return features_of(pictures, times, moving, most=FEATURES, most_still=STILL_FEATURES)

    def _picture(self, place: int) -> UInt8Array:
        if place not in self._pictures:
            self._pictures[place] = standard_picture(self._frames[place].luma)
        return self._pictures[place]
