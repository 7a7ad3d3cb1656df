"""What decoding hands to hashing, and the limits it works under.

Nothing here touches a codec, so that a service process can import it without loading one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

__all__ = ["DecodedImage", "ImageLimits", "LumaFrame", "Reason"]

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
    OUT_OF_MEMORY = "out_of_memory"  # over the memory limit of a decode worker
    CRASHED = "crashed"  # the decoder died on these bytes
    FEATURELESS = "featureless"  # decoded, but too plain for a perceptual hash


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Limits on one image. A limit that is passed is an answer ("not matchable"), not an error."""

    max_bytes: int = 100 * 1024 * 1024
    max_pixels: int = 120_000_000  # of one frame, from the header, before anything is decoded
    max_frames: int = 256  # frames looked at in an animation
    max_total_pixels: int = 400_000_000  # over all frames looked at
    max_memory_bytes: int = 2 * 1024 * 1024 * 1024  # address space that decoding may take in a worker
    cpu_s: float = 10.0  # CPU time for one image
    wall_s: float = 20.0  # time on the clock for one image


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
