"""What a query is held against: one listed video as a plain vPDQ hash."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.video.evidence import FrameCodes, frame_codes
from holdfast.matching.video.kernels import states_into
from holdfast.matching.video.query import STATE_BITS

__all__ = ["VideoReference"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class VideoReference:
    """One listed video: m frames with their ``time_s`` float64 (m,), and which of them look alike.

    ``quality`` (m,) is 0..100. ``state`` int32 (m,) numbers the distinct pictures as they first appear.
    """

    frames: FrameCodes
    quality: npt.NDArray[np.integer]
    time_s: npt.NDArray[np.float64]
    state: npt.NDArray[np.int32]

    @classmethod
    def of(
        cls,
        codes: npt.NDArray[np.uint8],
        quality: npt.NDArray[np.integer],
        time_s: npt.NDArray[np.floating],
    ) -> VideoReference:
        """From codes uint8 (m, 32), quality (m,) 0..100 and times (m,) in seconds."""
        frames = frame_codes(codes, quality)
        state = np.zeros(len(codes), np.int32)
        states_into(frames.words, STATE_BITS, state)
        return cls(frames, quality, np.asarray(time_s, np.float64), state)

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def step_s(self) -> float:
        """The mean time from one frame to the next; one second where there is no telling."""
        count = len(self.time_s) - 1
        return float(self.time_s[-1] - self.time_s[0]) / count if count > 0 else 1.0

    @property
    def codes(self) -> npt.NDArray[np.uint8]:
        """uint8 (m, 32)."""
        return self.frames.words.view(np.uint8).reshape(-1, 32)

    def signs(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
        """+1 where a bit of a frame is set, else -1: int8 (k, 256), in the order of the code's bits."""
        return np.unpackbits(self.codes[rows], axis=1).astype(np.int8) * 2 - 1
