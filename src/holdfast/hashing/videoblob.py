"""A vPDQ hash as bytes, and the name that it is known by.

    1 byte     version, 1
    4 bytes    number of frames n
    4 n        number of each frame in its video
    4 n        its time in milliseconds
    n          its quality
    32 n       its PDQ hash

Whole numbers are little-endian. Nothing is lost: times of vPDQ have three decimals at most.
"""

from __future__ import annotations

import hashlib

import numpy as np

from holdfast.errors import BadEntryError
from holdfast.hashing.code import CODE_BYTES
from holdfast.hashing.video import VideoHash

__all__ = ["FRAME_BYTES", "HEAD_BYTES", "NAME_BYTES", "VERSION", "name_of", "pack", "unpack"]

VERSION = 1
NAME_BYTES = 32
HEAD_BYTES = 5
FRAME_BYTES = 4 + 4 + 1 + CODE_BYTES
_MOST = 2**32 - 1


def pack(video: VideoHash) -> bytes:
    """The bytes of a hash. Raises `BadEntryError` for frames or times (49 days) that have no room."""
    time_ms = np.rint(video.time_s * 1000)
    if len(video) and max(int(video.frame.max()), int(time_ms.max())) > _MOST:
        raise BadEntryError("a vPDQ hash with frames or times out of range; nothing was read")
    parts = (
        np.array([len(video)], "<u4"),
        video.frame.astype("<u4"),
        time_ms.astype("<u4"),
        video.quality.astype(np.uint8),
        video.codes,
    )
    return bytes([VERSION]) + b"".join(part.tobytes() for part in parts)


def unpack(data: bytes) -> VideoHash:
    """The hash that `pack` made. Raises `BadEntryError` for bytes that it did not make."""
    if len(data) < HEAD_BYTES or data[0] != VERSION:
        raise BadEntryError("not a packed vPDQ hash of a version that is known here; nothing was read")
    count = int.from_bytes(data[1:HEAD_BYTES], "little")
    if len(data) != HEAD_BYTES + count * FRAME_BYTES:
        raise BadEntryError("not a packed vPDQ hash: its length does not fit; nothing was read")
    at, numbers = HEAD_BYTES, 4 * count
    frame = np.frombuffer(data, "<u4", count, at).astype(np.int64)
    time_s = np.frombuffer(data, "<u4", count, at + numbers) / 1000
    quality = np.frombuffer(data, np.uint8, count, at + 2 * numbers).astype(np.int32)
    codes = np.frombuffer(data, np.uint8, offset=at + 2 * numbers + count).reshape(count, CODE_BYTES)
    try:
        return VideoHash(frame, time_s, quality, codes)
    except ValueError:
        raise BadEntryError("not a packed vPDQ hash: a quality over 100; nothing was read") from None


def name_of(video: VideoHash) -> bytes:
    """Equal for the same hashes and qualities in the same order, `NAME_BYTES` long.

    Frame numbers and times do not count: some of vPDQ's forms leave them out or round them.
    """
    return hashlib.sha256(b"vpdq" + video.codes.tobytes() + video.quality.astype(np.uint8).tobytes()).digest()
