"""How long an MPEG program stream is at least, by the lengths of its last packets.

Sources: ISO/IEC 13818-1 (MPEG-2), 2.4.3.7 (PES packets) and 2.5.3.4 (packs);
ISO/IEC 11172-1 (MPEG-1), 2.4.3.2 (packs).
"""

from __future__ import annotations

__all__ = ["program_size_bytes"]

_TAIL_BYTES = 1024 * 1024  # packs come every 0.7 s at the latest
_CODE, _PACK = b"\x00\x00\x01", b"\x00\x00\x01\xba"
_END_ID, _PACK_ID = 0xB9, 0xBA  # smaller ones are a video's own
_PACK_BYTES, _OLD_PACK_BYTES = 14, 12  # MPEG-2 (up to 7 of stuffing follow), MPEG-1
_PES_BYTES = 6  # of a packet's head, its length at the end


def program_size_bytes(data: bytes | memoryview) -> int:
    """The place in bytes where the last packet ends, from the last pack on: beyond ``data`` if it was cut.

    Nothing is said (the place is within ``data``) of a cut between two packets, or in the zeros that begin
    one, of what comes after bytes that begin no packet, and where no pack begins in the last MiB.
    """
    tail = bytes(data[-_TAIL_BYTES:])
    before = len(data) - len(tail)
    place = tail.rfind(_PACK)
    if place < 0:
        return 0
    while tail.startswith(_CODE, place):
        length = _packet_bytes(tail[place : place + _PACK_BYTES])
        if length is None:
            break
        place += length
    return before + place


def _packet_bytes(head: bytes) -> int | None:
    """The length of the packet that begins so, or what it has at least where ``head`` is cut off.

    None where no packet of a program stream begins so.
    """
    kind = head[3] if len(head) > len(_CODE) else _END_ID
    if kind == _PACK_ID:
        return _pack_bytes(head)
    if kind <= _END_ID:
        return len(_PACK) if kind == _END_ID else None
    return _PES_BYTES + (int.from_bytes(head[4:_PES_BYTES], "big") if len(head) >= _PES_BYTES else 0)


def _pack_bytes(head: bytes) -> int | None:
    first = head[4] if len(head) > 4 else 0b0010_0000
    if first >> 4 == 0b0010:
        return _OLD_PACK_BYTES
    if first >> 6 == 0b01:
        return _PACK_BYTES + (head[13] & 0b111 if len(head) == _PACK_BYTES else 0)
    return None
