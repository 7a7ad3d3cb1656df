"""How long a fragmented MP4 is by its own account: by the last box that begins in it.

Players and browsers that record, and streams cut into pieces, write fragments, and no length in time. Other
MP4 files tell a time, and are left to that: what stands at their end may be filling.
Source: ISO/IEC 14496-12, 4.2 (boxes) and 8.8 (movie fragments).
"""

from __future__ import annotations

__all__ = ["MOST_BOXES", "fragmented_size_bytes"]

MOST_BOXES = 2_000_000  # two a fragment: nine hours where each frame is one; past it nothing is said
_HEAD_BYTES, _LONG_HEAD_BYTES = 8, 16
_FRAGMENT = b"moof"
_OF_FRAGMENTS = (
    _FRAGMENT,
    b"mdat",
    b"styp",
    b"sidx",
    b"emsg",
    b"prft",
)  # what else ends a file may be filling


def fragmented_size_bytes(data: bytes | memoryview) -> int:
    """The place in bytes where the last fragment or its media end: beyond ``data`` if they were cut.

    0 where there is no fragment, where a box is no box, and past `MOST_BOXES`. The media that follow a
    fragment are counted as there even where their box was cut off before it began.
    """
    place, is_fragmented, told = 0, False, 0
    for _ in range(MOST_BOXES):
        if place >= len(data):
            return told if is_fragmented else 0
        head = bytes(data[place : place + _LONG_HEAD_BYTES])
        kind, length = head[4:_HEAD_BYTES], _length(head)
        if length == 0:  # to the end of the file
            return len(data) if is_fragmented else 0
        is_fragmented |= kind == _FRAGMENT
        if kind in _OF_FRAGMENTS or len(head) < _HEAD_BYTES:
            told = place + length
        if kind == _FRAGMENT:
            told += _HEAD_BYTES
        if length < _HEAD_BYTES:
            return 0
        place += length
    return 0


def _length(head: bytes) -> int:
    """Of the box that begins so; its head alone where that is cut off."""
    if len(head) < _HEAD_BYTES:
        return _HEAD_BYTES
    length = int.from_bytes(head[:4], "big")
    if length != 1:
        return length
    long = head[_HEAD_BYTES:]
    return int.from_bytes(long, "big") if len(long) == _HEAD_BYTES else _LONG_HEAD_BYTES
