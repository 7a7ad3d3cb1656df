"""A decoded image as a message: written by a decode worker, read and checked by the service."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.media.formats import FORMATS
from holdfast.media.shared import Output
from holdfast.media.types import DecodedImage, ImageLimits, LumaFrame, Reason, SoundSketch

__all__ = ["image_from_message", "image_to_message", "sound_from_message", "text", "whole"]

_LONGEST_TEXT = 500
_LATEST_S = 1e9  # seconds
_MOST_TRACKS = 1000
_SCALES = (1, 2, 4, 8)
_BACKDROPS = (None, "white", "black")


def image_to_message(image: DecodedImage, output: Output) -> dict[str, Any]:
    """The message for ``image``; its lumas go to ``output``. Raises MemoryError where they do not fit."""
    return {
        "format": image.format,
        "mode": image.mode,
        "frames": [
            [
                output.add(f.luma),
                f.width,
                f.height,
                f.scale,
                f.index,
                f.backdrop,
                None if f.fine is None else output.add(f.fine),
            ]
            for f in image.frames
        ],
        "total": image.frames_total,
        "incomplete": image.incomplete,
        "detail": image.incomplete_detail[:_LONGEST_TEXT],
        "notes": [note[:_LONGEST_TEXT] for note in image.notes],
    }


def image_from_message(
    message: dict[str, Any], arrays: list[npt.NDArray[Any]], limits: ImageLimits
) -> DecodedImage:
    """The image that ``message`` describes. Raises ValueError for anything a sound worker would not send."""
    try:
        frames = tuple(_frame(row, arrays, limits) for row in message["frames"])
        if not frames or message["format"] not in FORMATS:
            raise ValueError("a worker's image is not described properly")
        incomplete = message["incomplete"]
        return DecodedImage(
            format=message["format"],
            mode=text(message["mode"]),
            frames=frames,
            frames_total=whole(message["total"], 1, 2**31),
            incomplete=None if incomplete is None else Reason(incomplete),
            incomplete_detail=text(message["detail"]),
            notes=tuple(text(note) for note in message["notes"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("a worker's image is not described properly") from error


def sound_from_message(message: dict[str, Any], arrays: list[npt.NDArray[Any]]) -> SoundSketch:
    """The sound that ``message`` describes. Raises ValueError for anything a sound worker would not send."""
    try:
        picture = arrays[whole(message["picture"], 0, len(arrays) - 1)]
        duration_s, tracks = message["duration_s"], whole(message["tracks"], 1, _MOST_TRACKS)
    except (KeyError, TypeError) as error:
        raise ValueError("a worker's sound is not described properly") from error
    is_length = duration_s is None or (type(duration_s) is float and 0 <= duration_s <= _LATEST_S)
    columns = picture.shape[1] if picture.ndim == 2 else 0
    is_picture = picture.dtype == np.uint8 and len(picture) == SoundSketch.BANDS
    if not (is_length and is_picture and 1 <= columns <= SoundSketch.MOST_COLUMNS):
        raise ValueError("a worker's sound is not described properly")
    return SoundSketch(picture, duration_s, tracks)


def _frame(row: list[Any], arrays: list[npt.NDArray[Any]], limits: ImageLimits) -> LumaFrame:
    number, width, height, scale, index, backdrop, fine_number = row
    width, height = whole(width, 1, limits.max_pixels), whole(height, 1, limits.max_pixels)
    luma = arrays[whole(number, 0, len(arrays) - 1)]
    sound = width * height <= limits.max_pixels and scale in _SCALES and backdrop in _BACKDROPS
    if not sound or luma.dtype != np.uint8 or luma.shape != (-(-height // scale), -(-width // scale)):
        raise ValueError("a worker's frame is not described properly")
    fine = None
    if fine_number is not None:
        fine = arrays[whole(fine_number, 0, len(arrays) - 1)]
        if (
            fine.dtype != np.float32
            or fine.shape != luma.shape
            or not (fine.min() >= 0 and fine.max() <= 255)
        ):
            raise ValueError("a worker's frame is not described properly")
    return LumaFrame(luma, width, height, scale, whole(index, 0, limits.max_frames), backdrop, fine)


def whole(value: object, low: int, high: int) -> int:
    """A worker's whole number within ``low``..``high``. Raises ValueError for anything else."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError("a worker's number is out of range")
    return value


def text(value: object) -> str:
    """A worker's text of bounded length. Raises ValueError for anything else."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise ValueError("a worker's text is out of range")
    return value
