"""The local features of a listed video: of up to twelve moments that differ most."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from holdfast.hashing.videolocal import LocalFeatures, features_of, moving_cells, opencv, standard_picture
from holdfast.media.types import VideoFrame

__all__ = ["FEATURES", "MOMENTS", "LocalReference"]

MOMENTS, FEATURES, STILL_FEATURES = 12, 100, 30
KEPT = 48  # pictures that the moments are chosen of, spread over the video
_SMALL = 32  # pixels a side, at which it is asked how much two pictures differ

UInt8Array = npt.NDArray[np.uint8]


class LocalReference:
    """Takes the frames of a video as they come, in memory for `KEPT` pictures, and gives its features."""

    def __init__(self) -> None:
        opencv()  # the error comes before the work
        self._kept: list[tuple[float, UInt8Array]] = []
        self._every, self._seen = 1, 0

    def watched(self, frames: Iterable[VideoFrame]) -> Iterable[VideoFrame]:
        """The same frames, looked at in passing. Those of another size than the first are left out."""
        for frame in frames:
            self._add(frame)
            yield frame

    def features(self) -> LocalFeatures | None:
        """None where there were no frames, or nothing stands out in them."""
        if not self._kept:
            return None
        pictures = [picture for _, picture in self._kept]
        times = np.array([time_s for time_s, _ in self._kept])
        found = features_of(pictures, times, moving_cells(pictures), most=FEATURES, most_still=STILL_FEATURES)
        chosen = _moments(pictures)
        rows = np.concatenate([np.arange(found.starts[one], found.starts[one + 1]) for one in chosen])
        counts = np.diff(found.starts)[chosen]
        starts = np.concatenate([[0], np.cumsum(counts)])
        if not len(rows):
            return None
        return LocalFeatures(
            found.codes[rows], found.places[rows], found.moves[rows], starts, times[chosen], found.size
        )

    def _add(self, frame: VideoFrame) -> None:
        if self._seen % self._every == 0:
            picture = standard_picture(frame.luma)
            if not self._kept or picture.shape == self._kept[0][1].shape:
                self._kept.append((frame.time_s, picture))
            if len(self._kept) == 2 * KEPT:
                self._kept, self._every = self._kept[::2], 2 * self._every
        self._seen += 1


def _moments(pictures: list[UInt8Array]) -> npt.NDArray[np.int64]:
    """Numbers of the pictures that differ most: each next one is farthest from all that were chosen."""
    cv2 = opencv()
    small = np.stack([cv2.resize(one, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA) for one in pictures])
    values = small.reshape(len(small), -1).astype(np.float32)
    chosen = [0]
    away = np.abs(values - values[0]).mean(axis=1)
    while len(chosen) < min(MOMENTS, len(pictures)):
        away[chosen] = -1.0
        chosen.append(int(away.argmax()))
        away = np.minimum(away, np.abs(values - values[chosen[-1]]).mean(axis=1))
    return np.sort(np.array(chosen, np.int64))
