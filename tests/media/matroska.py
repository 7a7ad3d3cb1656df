"""Matroska files laid out by hand, with sizes known and unknown, for the tests of what is missing of them."""

from __future__ import annotations

import io

import av

__all__ = ["BLOCK", "CLUSTER", "HEAD", "INFO", "SEGMENT", "TIME", "VOID", "element", "opened", "recorded"]

HEAD, SEGMENT, CLUSTER = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
INFO, TIME, BLOCK, VOID = b"\x15\x49\xa9\x66", b"\xe7", b"\xa3", b"\xec"


def element(name: bytes, content: bytes, size_bytes: int = 8) -> bytes:
    """An element whose size is known, and told in so many bytes."""
    return name + (len(content) | 1 << 7 * size_bytes).to_bytes(size_bytes, "big") + content


def opened(name: bytes, size_bytes: int = 8) -> bytes:
    """The head of an element of unknown size; its content follows."""
    return name + ((1 << 7 * size_bytes + 1) - 1).to_bytes(size_bytes, "big")


def recorded(data: bytes) -> bytes:
    """A Matroska film of one track as a browser records it: neither sizes nor a duration are known."""
    out, start_ms = [data[: data.index(CLUSTER)]], 0
    with av.open(io.BytesIO(data), "r") as container:
        for packet in container.demux(video=0):
            if not packet.size:
                continue
            time_ms = packet.pts or 0
            if packet.is_keyframe:
                start_ms = time_ms
                out += [opened(CLUSTER), element(TIME, start_ms.to_bytes(4, "big"))]
            flags = b"\x80" if packet.is_keyframe else b"\x00"
            head = b"\x81" + (time_ms - start_ms).to_bytes(2, "big", signed=True) + flags
            out.append(element(BLOCK, head + bytes(packet), 4))
    return b"".join(out)
