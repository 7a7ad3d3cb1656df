"""vPDQ, the video hash that exchanges hold: the PDQ hash of one frame a second, with its time and quality.

A frame is taken by the moment at which it is shown, not by its number, so that copies of another frame
rate are sampled alike. Everything cleverer happens on the query's side: what is stored stays plain vPDQ.
Source: vpdq/README.md and vpdq/cpp of facebook/ThreatExchange.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.hashing.code import CODE_BYTES, MIN_QUALITY
from holdfast.hashing.pdq import block64, pdq_from_blocks
from holdfast.media.types import VideoFrame

__all__ = ["VideoHash", "frame_block", "video_hash"]

Float32Array = npt.NDArray[np.float32]

_BATCH = 64  # blocks hashed together
_BLACK, _WHITE = np.float32(16), np.float32(235)  # of broadcast video: ITU-R BT.601, 8 bits


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class VideoHash:
    """The vPDQ hash of one video: n frames in the order in which they are shown.

    ``codes`` is uint8 (n, 32), ``quality`` int32 (n,) with values 0..100; ``time_s`` float64 (n,) is when
    a frame is shown and ``frame`` int64 (n,) its number in the video, both from 0. Raises ValueError for
    arrays of other types, of unequal length, or out of range.
    """

    frame: npt.NDArray[np.int64]
    time_s: npt.NDArray[np.float64]
    quality: npt.NDArray[np.int32]
    codes: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        kinds = ((self.frame, np.int64), (self.time_s, np.float64), (self.quality, np.int32))
        n = len(self.codes)
        sound = self.codes.dtype == np.uint8 and self.codes.shape == (n, CODE_BYTES)
        if not sound or any(array.dtype != kind or array.shape != (n,) for array, kind in kinds):
            raise ValueError("a video hash needs codes uint8 (n, 32), and n frame numbers, times, qualities")
        if n and not (
            self.frame.min() >= 0
            and np.isfinite(self.time_s).all()
            and self.time_s.min() >= 0
            and self.quality.min() >= 0
            and self.quality.max() <= 100
        ):
            raise ValueError("a video hash has frames and times from 0, and qualities of 0 to 100")

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def matchable(self) -> npt.NDArray[np.bool_]:
        """Which frames have features enough (quality >= 50) for the plain vPDQ match: bool (n,)."""
        return self.quality >= MIN_QUALITY

    def select(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> VideoHash:
        """The hash of some of the frames: a mask bool (n,), or their numbers in this hash."""
        return VideoHash(self.frame[rows], self.time_s[rows], self.quality[rows], self.codes[rows])

    def without_repeats(self) -> VideoHash:
        """Only the first frame of each code, as the reference does before it counts matches."""
        first = np.unique(self.codes, axis=0, return_index=True)[1]
        return self.select(np.sort(first))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VideoHash):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("frame", "time_s", "quality", "codes")
        )

    def __hash__(self) -> int:
        return hash((self.codes.tobytes(), self.time_s.tobytes()))

    def __repr__(self) -> str:
        # Hash values are secret, and representations end up in logs.
        return f"VideoHash(<{len(self)} frames>)"


def video_hash(frames: Iterable[VideoFrame]) -> VideoHash:
    """The vPDQ hash of ``frames`` as `holdfast.media.pool.DecodePool.open_video` gives them.

    Takes them one by one, so a video of any length needs little memory. Frames under 5 pixels a side,
    which have no hash, get zero bits and quality 0, as the reference answers.
    """
    index, time_s, codes, quality = [], [], [], []
    for batch in _batches(frames):
        blocks = [block for _, block in batch if block is not None]
        made = iter(zip(*pdq_from_blocks(np.stack(blocks)), strict=True)) if blocks else iter(())
        for frame, block in batch:
            code, score = (np.zeros(CODE_BYTES, np.uint8), 0) if block is None else next(made)
            index.append(frame.index)
            time_s.append(frame.time_s)
            codes.append(code)
            quality.append(score)
    return VideoHash(
        np.array(index, np.int64),
        np.array(time_s, np.float64),
        np.array(quality, np.int32),
        np.stack(codes) if codes else np.empty((0, CODE_BYTES), np.uint8),
    )


def frame_block(frame: VideoFrame) -> Float32Array | None:
    """The 64 x 64 block that PDQ transforms, float32, 0 black and 255 white; None under 5 pixels a side."""
    block = block64(frame.luma, scale=frame.scale, width=frame.width, height=frame.height)
    if block is None or frame.full_range:
        return block
    stretched: Float32Array = np.clip((block - _BLACK) * (255 / (_WHITE - _BLACK)), 0, 255)
    return stretched


def _batches(frames: Iterable[VideoFrame]) -> Iterator[list[tuple[VideoFrame, Float32Array | None]]]:
    """Frames with their blocks, some at a time; a frame that still stands is not sampled again."""
    batch: list[tuple[VideoFrame, Float32Array | None]] = []
    last: tuple[VideoFrame, Float32Array | None] | None = None
    for frame in frames:
        again = last is not None and last[0].luma is frame.luma
        block = last[1] if last is not None and again else frame_block(frame)
        last = (frame, block)
        batch.append(last)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
