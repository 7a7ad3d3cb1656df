"""How long a file is by its own account, where its container keeps one."""

from __future__ import annotations

from holdfast.media.fragmentsize import fragmented_size_bytes
from holdfast.media.matroskasize import matroska_size_bytes
from holdfast.media.programsize import program_size_bytes

__all__ = ["told_size_bytes"]

_HEAD_BYTES = 65536
_ASF_PROPERTIES = b"\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65"


def told_size_bytes(data: bytes | memoryview, name: str) -> int:
    """The size that a file of the container ``name`` gives of itself, at least; 0 where it gives none.

    An MP4 without fragments, and FLV, tell a time instead. MPEG-TS cut between two packets tells nothing.
    Sources: AVI RIFF File Reference; Advanced Systems Format specification, 3.2 (File Properties Object).
    """
    if name == "MATROSKA":
        return matroska_size_bytes(data)
    if name == "MP4":
        return fragmented_size_bytes(data)
    if name == "MPEG-PS":
        return program_size_bytes(data)
    head = bytes(data[:_HEAD_BYTES])
    if name == "AVI":
        return 8 + int.from_bytes(head[4:8], "little")
    place = head.find(_ASF_PROPERTIES) if name == "ASF" else -1
    return int.from_bytes(head[place + 40 : place + 48], "little") if place >= 0 else 0
