"""What decoding hands to hashing, and the limits it works under.

Nothing here touches a codec, so that a service process can import it without loading one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "DecodedImage",
    "DecodedVideo",
    "ImageLimits",
    "LumaFrame",
    "Reason",
    "SoundSketch",
    "VideoFrame",
    "VideoInfo",
    "VideoLimits",
    "VideoMode",
]

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]


class Reason(StrEnum):
    """Why content is not matchable: one stable word for programs."""

    EMPTY = "empty"  # zero bytes
    NOT_MEDIA = "not_media"  # no decoder knows these bytes
    DAMAGED = "damaged"  # a decoder knows the format but cannot read it
    TRUNCATED = "truncated"  # only a part could be decoded, and that part matched nothing
    TOO_SMALL = "too_small"  # fewer pixels than the algorithm can hash
    TOO_LARGE = "too_large"  # over a limit on bytes or pixels; nothing was decoded
    TOO_MANY_FRAMES = "too_many_frames"  # frames past the limit were not looked at
    TOO_SLOW = "too_slow"  # over the CPU or wall time limit
    KEYFRAMES_ONLY = "keyframes_only"  # so it was asked for: the other frames were not looked at
    OUT_OF_MEMORY = "out_of_memory"  # over the memory limit of a decode worker
    CRASHED = "crashed"  # the decoder died on these bytes
    FEATURELESS = "featureless"  # decoded, but too plain for a perceptual hash


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Limits on one image. A limit that is passed is an answer ("not matchable"), not an error."""

    section: ClassVar[str] = "media"  # of the settings that hold these numbers

    max_bytes: int = 100 * 1024 * 1024
    max_pixels: int = 120_000_000  # of one frame, from the header, before anything is decoded
    max_frames: int = 256  # frames looked at in an animation
    max_total_pixels: int = 400_000_000  # over all frames looked at
    max_memory_bytes: int = 2 * 1024 * 1024 * 1024  # address space that decoding may take in a worker
    cpu_s: float = 10.0  # CPU time for one image
    wall_s: float = 20.0  # time on the clock for one image

    @property
    def output_bytes(self) -> int:
        """The most that a worker hands over: a frame may come on two backdrops."""
        return 2 * self.max_total_pixels


@dataclass(frozen=True, slots=True)
class LumaFrame:
    """One picture as it is meant to be seen, as luma.

    ``luma`` is uint8 of shape (h, w), values 0..255, EXIF orientation already applied, C-contiguous.
    ``scale`` is how many original pixels one decoded pixel stands for along each axis (1, 2, 4 or 8:
    a JPEG decoded at a reduced size in the DCT domain). ``width`` and ``height`` are those of the
    original picture after orientation. ``backdrop`` says on which colour transparency was
    composited ("white", "black"), None where the picture is opaque. ``index`` is the frame's number in
    its file. ``fine`` is the same luma before rounding, float32 (h, w), for opaque colour pictures so
    small that rounding could move a hash by several bits; None elsewhere.
    """

    luma: UInt8Array
    width: int
    height: int
    scale: int = 1
    index: int = 0
    backdrop: str | None = None
    fine: Float32Array | None = None


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A decoded file: its distinct pictures, and what is known about the file.

    ``frames`` holds the distinct frames of an animation (one for a still), each once for each
    backdrop that matters. ``incomplete`` is None, or the reason why some of the content was not looked at (a
    truncated file, frames past a limit): a caller that finds no match must then answer *not
    matchable*, never *no match*; ``incomplete_detail`` says it for people.
    """

    format: str  # Pillow's name of the format: "JPEG", "PNG", ...
    mode: str  # Pillow's mode of the stored picture: "RGB", "P", "CMYK", ...
    frames: tuple[LumaFrame, ...]
    frames_total: int = 1
    incomplete: Reason | None = None
    incomplete_detail: str = ""
    notes: tuple[str, ...] = field(default=())


class VideoMode(StrEnum):
    """How much of a video is decoded."""

    FULL = "full"  # every frame, exactly: what lists are made from
    QUICK = (
        "quick"  # every frame, without smoothed block edges: 0 to 10 bits of PDQ off on average, 24 at most
    )
    KEYFRAMES = "keyframes"  # only frames that stand alone (some videos have one), at their times: for triage


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """Limits on one video. A limit that is passed is an answer, not an error.

    What was seen before it was passed is kept: see ``incomplete`` of `DecodedVideo`.
    """

    section: ClassVar[str] = "video"  # of the settings that hold these numbers

    max_bytes: int = 4 * 1024**3
    max_pixels: int = 36_000_000  # of one frame; 8K has 33 million
    max_duration_s: float = 6 * 3600.0  # later moments are not looked at
    max_frames: int = 200_000  # handed over; later ones are not looked at
    max_memory_bytes: int = 1024**3  # address space that decoding may take in a worker
    max_kept_bytes: int = 512 * 1024**2  # luma that `DecodePool.decode_video` collects
    cpu_s: float = 1800.0  # CPU time for one video
    wall_s: float = 3600.0  # time on the clock spent waiting for the worker

    @property
    def output_bytes(self) -> int:
        """The most that a worker hands over in one part."""
        return 48 * 1024**2


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """The picture that a video shows at one moment, as luma, turned as its container says.

    ``time_s`` is that moment, seconds from the video's first frame. ``index`` is the decoded frame's
    number from 0; moments at which the same frame still stands share it, and share ``luma``.

    ``luma`` is uint8 of shape (h, w), C-contiguous. Where ``full_range`` is False its values are those
    of broadcast video: 16 is black and 235 white. PDQ's bits do not depend on that, its quality does:
    see `holdfast.hashing.video`. ``scale``, ``width`` and ``height`` are as in `LumaFrame`: a large
    picture comes reduced by the whole number ``scale``, each pixel the mean of what it covers.
    """

    time_s: float
    index: int
    luma: UInt8Array
    width: int
    height: int
    scale: int = 1
    full_range: bool = False


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the head of a file says of its video, before a frame is decoded. Not to be trusted."""

    format: str  # one of `holdfast.media.videoformats.VIDEO_FORMATS`
    codec: str  # FFmpeg's name of the decoder: "h264", "vp9", ...
    width: int  # as stored, before it is turned
    height: int
    duration_s: float | None  # None where the file does not say
    fps: float | None  # mean frames a second
    tracks: int = 1  # that hold pictures: number 0 is what players show, then further videos, then covers
    sound_tracks: int = 1  # at least 1 where the container may bring one later


@dataclass(frozen=True, slots=True, eq=False)
class SoundSketch:
    """A sound to look at: uint8 (`BANDS`, up to `MOST_COLUMNS`), low tones at the bottom, loud ones bright.

    ``duration_s`` is None where not all of the sound could be looked at.
    """

    BANDS: ClassVar[int] = 128
    MOST_COLUMNS: ClassVar[int] = 1024

    picture: UInt8Array
    duration_s: float | None
    tracks: int


@dataclass(frozen=True, slots=True)
class DecodedVideo:
    """A decoded video. ``frames`` is empty where they were handed over one by one.

    ``duration_s`` is the time that was looked at: from the first frame to the end of the last.
    ``frames_decoded`` counts those between, too. ``incomplete`` is None, or the reason why some of the
    video was not looked at: a caller that finds no match must then answer *not matchable*, never *no match*;
    ``incomplete_detail`` says it for people.
    """

    info: VideoInfo
    frames: tuple[VideoFrame, ...]
    duration_s: float
    frames_decoded: int
    incomplete: Reason | None = None
    incomplete_detail: str = ""
    notes: tuple[str, ...] = field(default=())
