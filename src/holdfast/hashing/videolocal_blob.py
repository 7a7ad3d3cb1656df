"""Local features as bytes: what is sealed and kept.

    mark "HFV1" | moments 2 | width 2 | height 2 | for each moment: time in seconds 8, features 2
    | for each feature: x 2, y 2 (sixteenths of a pixel), moves 1 | codes, 32 each

All little-endian. Of twelve moments with a hundred features each that is 44.6 kB.
"""

from __future__ import annotations

import struct

import numpy as np

from holdfast.errors import BadEntryError
from holdfast.hashing.videolocal import LONGEST, LocalFeatures

__all__ = ["pack", "unpack"]

_HEAD = struct.Struct("<4sHHH")
_MARK = b"HFV1"
_MOMENT = np.dtype([("time_s", "<f8"), ("count", "<u2")])
_PLACE = np.dtype([("x", "<u2"), ("y", "<u2"), ("moves", "u1")])
_PARTS = 16  # of a pixel
_MOST_MOMENTS, _MOST_FEATURES = 100, 10_000  # more than any that are written
_CODE_BYTES = 32


def pack(features: LocalFeatures) -> bytes:
    """The bytes of features."""
    moments = np.empty(len(features), _MOMENT)
    moments["time_s"], moments["count"] = features.time_s, np.diff(features.starts)
    places = np.empty(len(features.codes), _PLACE)
    places["x"], places["y"] = np.rint(features.places * _PARTS).astype(np.uint16).T
    places["moves"] = features.moves
    head = _HEAD.pack(_MARK, len(features), *features.size)
    return head + moments.tobytes() + places.tobytes() + features.codes.astype("<u8").tobytes()


def unpack(data: bytes) -> LocalFeatures:
    """The features that `pack` wrote. Raises `BadEntryError` for anything else."""
    if len(data) < _HEAD.size:
        raise _bad()
    mark, count, width, height = _HEAD.unpack_from(data)
    end = _HEAD.size + count * _MOMENT.itemsize
    if mark != _MARK or not 0 < count <= _MOST_MOMENTS or max(width, height) > LONGEST or len(data) < end:
        raise _bad()
    moments = np.frombuffer(data, _MOMENT, count, _HEAD.size)
    starts = np.concatenate([[0], np.cumsum(moments["count"].astype(np.int64))])
    total = int(starts[-1])
    if total > _MOST_FEATURES or len(data) != end + total * (_PLACE.itemsize + _CODE_BYTES):
        raise _bad()
    places = np.frombuffer(data, _PLACE, total, end)
    codes = np.frombuffer(data, "<u8", total * 4, end + total * _PLACE.itemsize).reshape(-1, 4)
    at = np.column_stack([places["x"], places["y"]]).astype(np.float32) / _PARTS
    if not np.isfinite(moments["time_s"]).all():
        raise _bad()
    return LocalFeatures(
        codes.astype(np.uint64),
        np.ascontiguousarray(at),
        places["moves"].astype(bool),
        starts,
        moments["time_s"].astype(np.float64),
        (width, height),
    )


def _bad() -> BadEntryError:
    return BadEntryError("not local features of a video: they are cut short or altered; they were not used")
