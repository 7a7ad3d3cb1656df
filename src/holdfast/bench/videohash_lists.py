"""How near our vPDQ is to lists that the reference tool wrote of the same videos, frame by frame.

A list `NAME-128x128.txt` is of frames that were reduced to so many pixels before they were hashed, as the
tool does on demand (by FFmpeg's scaler, bicubic); so they are here for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from holdfast.hashing.pdq import pdq
from holdfast.hashing.video import VideoHash, video_hash
from holdfast.hashing.videotext import from_text
from holdfast.media.types import VideoLimits, VideoMode
from holdfast.media.video import VideoDecoder

__all__ = ["SURE_QUALITY", "bits_apart", "hash_file", "list_rows"]

Row = dict[str, Any]

SURE_QUALITY, TOLERANCE_BITS = 50, 10  # the reference's own test: below 10 bits where the quality is 50
SIDE = 128
_LUMA = np.array([0.299, 0.587, 0.114])  # as the tool makes grey of the colours


def list_rows(videos: Sequence[Path], lists: Path, vpdq: Any) -> Iterator[Row]:
    """For each list of every frame of a video in ``lists``: by how many bits we, and vpdq, are off."""
    for path in videos:
        ways: dict[str, Callable[[], VideoHash]] = {
            path.stem: partial(hash_file, path, every_s=0.0),
            f"{path.stem}-{SIDE}x{SIDE}": partial(_hash_reduced, path),
        }
        for (name, ours), side in zip(ways.items(), (0, SIDE), strict=True):
            listed = lists / f"{name}.txt"
            if not listed.is_file():
                continue
            theirs = from_text(listed.read_text(encoding="ascii"))
            row = {"video": name, "frames": len(theirs), **_off(theirs, ours())}
            if vpdq is not None:
                tool = _off(theirs, _by_vpdq(vpdq, path, side))
                row |= {f"vpdq {what}": value for what, value in tool.items()}
            yield row


def hash_file(
    path: Path, every_s: float = 1.0, mode: VideoMode = VideoMode.FULL, min_side: int = 512
) -> VideoHash:
    """Our plain vPDQ of a file."""
    decoder = VideoDecoder(path.read_bytes(), VideoLimits(), every_s=every_s, mode=mode, min_side=min_side)
    return video_hash(frame for frame in decoder.frames() if frame is not None)


def _hash_reduced(path: Path) -> VideoHash:
    """Of every frame, reduced to `SIDE` pixels first."""
    reformatter, found, times_s = VideoReformatter(), [], []
    with av.open(path) as container:
        for frame in container.decode(video=0):
            small = reformatter.reformat(frame, SIDE, SIDE, "rgb24", interpolation=Interpolation.BICUBIC)
            found.append(pdq(np.round(small.to_ndarray() @ _LUMA).astype(np.uint8)))
            times_s.append(frame.time or 0.0)
    return VideoHash(
        np.arange(len(found), dtype=np.int64),
        np.array(times_s, np.float64),
        np.array([each.quality for each in found], np.int32),
        np.stack([each.bits for each in found]),
    )


def _by_vpdq(vpdq: Any, path: Path, side: int) -> VideoHash:
    """Of every frame; reduced to ``side`` pixels first, where that is not 0."""
    features = vpdq.computeHash(str(path), seconds_per_hash=0, downsample_width=side, downsample_height=side)
    codes = np.frombuffer(b"".join(bytes.fromhex(each.hex) for each in features), np.uint8)
    return VideoHash(
        np.array([each.frame_number for each in features], np.int64),
        np.array([each.timestamp for each in features], np.float64),
        np.array([each.quality for each in features], np.int32),
        codes.reshape(-1, 32),
    )


def _off(theirs: VideoHash, ours: VideoHash) -> Row:
    """How far ``ours`` is from ``theirs``, frame by frame, where both are sure."""
    n = min(len(theirs), len(ours))
    sure = (theirs.quality[:n] >= SURE_QUALITY) & (ours.quality[:n] >= SURE_QUALITY)
    bits = bits_apart(theirs.codes[:n], ours.codes[:n])[sure]
    return {
        "frames more": len(ours) - len(theirs),
        "mean bits": round(float(bits.mean()), 2),
        "most bits": int(bits.max()),
        f"frames of {TOLERANCE_BITS} bits and more": int((bits >= TOLERANCE_BITS).sum()),
        "most quality": int(np.abs(theirs.quality[:n] - ours.quality[:n]).max()),
    }


def bits_apart(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Of codes uint8 (n, 32) each: int64 (n,)."""
    distances: npt.NDArray[np.int64] = np.bitwise_count(one ^ other).sum(axis=1, dtype=np.int64)
    return distances
