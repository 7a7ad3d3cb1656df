"""How long a Matroska or WebM file is at least, by the sizes of its own elements.

Browsers write while they record: the sizes of the segment and of its clusters are then unknown, and
there is no duration, so only an element that was begun and not ended tells that the end is missing.

Sources: RFC 8794 (EBML), 4 (variable-size integers), 5 (IDs), 6 (sizes), 6.2 (unknown sizes); RFC 9559
(Matroska), 4.5 (EBML head) and 5.1 (segment).
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["matroska_size_bytes"]

_MOST_ELEMENTS = 2_000_000  # five hours of film and sound from a browser; two seconds of work
_HEAD, _SEGMENT, _CLUSTER = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_BESIDE_SEGMENTS = (_HEAD, _SEGMENT, b"\xec", b"\xbf")  # the last: Void, CRC-32
_ID_BYTES, _SIZE_BYTES = 4, 8  # at most


class _Element(NamedTuple):
    """``name``: its ID. ``start`` and ``size`` of its content in bytes; None: unknown.

    Where its head was cut off, ``name`` may be a part, and ``start`` is the least that it can be.
    """

    name: bytes
    start: int
    size: int | None


def matroska_size_bytes(data: bytes | memoryview) -> int:
    """The place in bytes where the last element ends that can be followed: beyond ``data`` if it was cut.

    Nothing is said (the place is within ``data``) of a cut between two elements of unknown parents, of
    what comes after bytes that are no element, and after two million elements. Payloads are not read.
    """
    place, in_segment = 0, False
    for _ in range(_MOST_ELEMENTS):
        element = _element(data, place) if place < len(data) else None
        if element is None:
            return place
        if not in_segment and not any(name.startswith(element.name) for name in _BESIDE_SEGMENTS):
            return place  # appended by somebody else
        if element.start > len(data):
            return element.start
        # All that is within an unknown size can be passed in one row: whose child it is moves no end.
        if element.name == _SEGMENT:
            in_segment = not element.size  # 0: a place kept free for it, and never filled in
        elif element.name == _HEAD:  # files may be joined
            in_segment = False
        elif element.size is None and element.name != _CLUSTER:  # no other may
            return place
        place = element.start + (element.size or 0)
    return place


def _element(data: bytes | memoryview, place: int) -> _Element | None:
    """The element at ``place``, of two bytes at least; None where no element can begin like that."""
    head = bytes(data[place : place + _ID_BYTES + _SIZE_BYTES])
    id_bytes = _length(head[0])
    if id_bytes > _ID_BYTES:
        return None
    size_bytes = _length(head[id_bytes]) if len(head) > id_bytes else 1
    if size_bytes > _SIZE_BYTES:
        return None
    start, unknown = id_bytes + size_bytes, (1 << 7 * size_bytes) - 1  # all bits set
    size = int.from_bytes(head[id_bytes:start], "big") & unknown
    return _Element(head[:id_bytes], place + start, None if size == unknown else size)


def _length(first: int) -> int:
    """How many bytes a number has whose first one this is: one more than zeros before its highest bit."""
    return 9 - first.bit_length()
