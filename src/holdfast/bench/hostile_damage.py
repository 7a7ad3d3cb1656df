"""Bytes of good files made bad, in the places where a reader believes them."""

from __future__ import annotations

import io
import struct
import zlib

import av
import numpy as np

__all__ = ["backwards", "cut", "inverted", "oversized_avi", "oversized_png", "patched", "timeless"]

_ENTRY_BYTES = 8  # of MP4's table of times: (frames, units of each)
_TIME = slice(-3, -1)  # of a Matroska block, before its payload: ms from its cluster's, signed, big-endian


def cut(data: bytes) -> bytes:
    """The first half."""
    return data[: len(data) // 2]


def patched(data: bytes, box: bytes, offset_bytes: int, value: int) -> bytes:
    """An MP4 with a 32-bit number written so many bytes after the name of a box; -4 is the box's own size.

    Raises ValueError where there is no such box.
    """
    at = data.index(box) + offset_bytes + (len(box) if offset_bytes >= 0 else 0)
    return data[:at] + struct.pack(">I", value) + data[at + 4 :]


def inverted(data: bytes) -> bytes:
    """An MP4 with every bit of its packets turned over; its index stays. Raises ValueError without any."""
    start = data.index(b"mdat") + 4
    end = start - 8 + int.from_bytes(data[start - 8 : start - 4], "big")
    packets = ~np.frombuffer(data[start:end], np.uint8)
    return data[:start] + packets.tobytes() + data[end:]


def timeless(data: bytes) -> bytes:
    """An MP4 whose frames last no time at all. Raises ValueError where it has no table of times."""
    out = bytearray(data)
    start = data.index(b"stts") + 8
    for number in range(int.from_bytes(data[start : start + 4], "big")):
        at = start + 4 + number * _ENTRY_BYTES + 4
        out[at : at + 4] = bytes(4)
    return bytes(out)


def backwards(data: bytes) -> bytes:
    """A Matroska file, one packet a block, whose time runs backwards within each cluster.

    Raises av.FFmpegError and ValueError for other files.
    """
    blocks, at = [], 0
    with av.open(io.BytesIO(data), "r") as container:
        for packet in container.demux(video=0):
            if packet.size:
                at = data.index(bytes(packet), at)
                (time_ms,) = struct.unpack(">h", data[at + _TIME.start : at + _TIME.stop])
                blocks.append((at, time_ms, (packet.pts or 0) - time_ms))
    last_ms = {cluster_ms: time_ms for _, time_ms, cluster_ms in blocks}
    out = bytearray(data)
    for at, time_ms, cluster_ms in blocks:
        place = slice(at + _TIME.start, at + _TIME.stop)
        out[place] = struct.pack(">h", last_ms[cluster_ms] - time_ms)
    return bytes(out)


def oversized_avi(data: bytes, side_px: int) -> bytes:
    """An AVI whose stream says that it is so many pixels high and wide. Raises ValueError for other files."""
    at = data.index(b"strf") + 12
    return data[:at] + struct.pack("<ii", side_px, side_px) + data[at + 8 :]


def oversized_png(data: bytes, side_px: int) -> bytes:
    """A video of PNG pictures that each say, with a right checksum, that they are so high and wide."""
    out, at = bytearray(data), data.find(b"IHDR")
    while at >= 0:
        out[at + 4 : at + 12] = struct.pack(">II", side_px, side_px)
        out[at + 17 : at + 21] = struct.pack(">I", zlib.crc32(out[at : at + 17]))
        at = data.find(b"IHDR", at + 1)
    return bytes(out)
