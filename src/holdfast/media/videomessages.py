"""A decoded video as messages, part by part: written by a decode worker, checked by the service."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from holdfast.media.messages import text, whole
from holdfast.media.shared import Output
from holdfast.media.types import DecodedVideo, Reason, VideoFrame, VideoInfo, VideoLimits
from holdfast.media.videoformats import CODECS, VIDEO_FORMATS

__all__ = ["VideoPart", "part_from_message", "video_parts"]

_PART_BYTES = 16 * 1024 * 1024
_PART_FRAMES = 1000
_PART_S = 0.5  # on the clock: after it the service hears how far the work has come
_LATEST_S = 1e9  # seconds; no video is thirty years long
_MOST_SIDE = 2**20
_MOST_NOTES = 20
_MOST_TRACKS = 1000


class VideoPart(NamedTuple):
    """One part. ``info`` comes with the first, ``end`` (a video without frames) with the last."""

    info: VideoInfo | None
    frames: list[VideoFrame]
    reached_s: float
    end: DecodedVideo | None


def video_parts(
    decoder: Any, output: Output, clock: Any = time.monotonic
) -> Generator[dict[str, Any], None, dict[str, Any]]:
    """Messages for what ``decoder`` (a `holdfast.media.video.VideoDecoder`) gives; the last is returned.

    ``output`` must have been started anew after each message. Raises what the decoder raises.
    """
    rows: list[list[Any]] = []
    size_bytes, since = 0, clock()
    last: npt.NDArray[np.uint8] | None = None
    head: dict[str, Any] = {"info": asdict(decoder.info)}
    for frame in decoder.frames():
        if frame is not None:
            if frame.luma is not last or not rows:
                number, last = output.add(frame.luma), frame.luma
                size_bytes += frame.luma.nbytes
            rows.append(
                [number, frame.time_s, frame.index, frame.width, frame.height, frame.scale, frame.full_range]
            )
        if size_bytes >= _PART_BYTES or len(rows) >= _PART_FRAMES or clock() - since >= _PART_S:
            yield {**head, "frames": rows, "reached_s": decoder.reached_s}
            rows, size_bytes, since, head = [], 0, clock(), {}
    end = decoder.outcome()
    return {
        **head,
        "frames": rows,
        "reached_s": decoder.reached_s,
        "end": {
            "frames_decoded": end.frames_decoded,
            "incomplete": end.incomplete,
            "detail": end.incomplete_detail[:400],
            "notes": [note[:400] for note in end.notes[:_MOST_NOTES]],
        },
    }


def part_from_message(
    message: dict[str, Any],
    arrays: list[npt.NDArray[Any]],
    limits: VideoLimits,
    info: VideoInfo | None,
) -> VideoPart:
    """The part that ``message`` describes, ``info`` being that of an earlier part.

    Raises ValueError for anything a sound worker would not send.
    """
    try:
        first = None if info is not None else _info(message["info"])
        reached_s = _number(message["reached_s"], _LATEST_S)
        frames = [_frame(row, arrays, limits) for row in message["frames"]]
        end = message.get("end")
        known = info or first
        if known is None:
            raise ValueError("a worker's video is not described properly")
        return VideoPart(first, frames, reached_s, None if end is None else _end(end, known, reached_s))
    except (KeyError, TypeError) as error:
        raise ValueError("a worker's video is not described properly") from error


def _info(values: dict[str, Any]) -> VideoInfo:
    info = VideoInfo(**values)
    if info.format not in VIDEO_FORMATS or info.codec not in CODECS:
        raise ValueError("a worker's video is not described properly")
    whole(info.width, 0, _MOST_SIDE)
    whole(info.height, 0, _MOST_SIDE)
    whole(info.tracks, 1, _MOST_TRACKS)
    whole(info.sound_tracks, 0, _MOST_TRACKS)
    for value in (info.duration_s, info.fps):
        if value is not None:
            _number(value, _LATEST_S)
    return info


def _end(values: dict[str, Any], info: VideoInfo, reached_s: float) -> DecodedVideo:
    incomplete = values["incomplete"]
    return DecodedVideo(
        info=info,
        frames=(),
        duration_s=reached_s,
        frames_decoded=whole(values["frames_decoded"], 0, 2**40),
        incomplete=None if incomplete is None else Reason(incomplete),
        incomplete_detail=text(values["detail"]),
        notes=tuple(text(note) for note in values["notes"][:_MOST_NOTES]),
    )


def _frame(row: list[Any], arrays: list[npt.NDArray[Any]], limits: VideoLimits) -> VideoFrame:
    number, time_s, index, width, height, scale, full_range = row
    luma = arrays[whole(number, 0, len(arrays) - 1)]
    whole(width, 1, limits.max_pixels)
    whole(height, 1, limits.max_pixels)
    whole(scale, 1, _MOST_SIDE)
    if (
        width * height > limits.max_pixels
        or luma.dtype != np.uint8
        or luma.shape != (-(-height // scale), -(-width // scale))
        or not isinstance(full_range, bool)
    ):
        raise ValueError("a worker's frame is not described properly")
    moment_s = _number(time_s, _LATEST_S)
    return VideoFrame(moment_s, whole(index, 0, 2**40), luma, width, height, scale, full_range)


def _number(value: object, most: float) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= most:  # type: ignore[arg-type,operator]
        raise ValueError("a worker's number is out of range")
    return float(value)  # type: ignore[arg-type]
