"""Which format some bytes are in, from their first bytes alone: a closed list.

Pillow knows some forty formats. Only these are ever opened, each by its own decoder alone, so that
no rarely used parser sees bytes from outside.
"""

from __future__ import annotations

__all__ = ["FORMATS", "jxl_size", "sniff"]

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "JXL", "TIFF", "BMP", "JPEG2000")

_STARTS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\xff\x0a", "JXL"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JXL"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"BM", "BMP"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_ANY_BRANDS = frozenset({b"mif1", b"msf1", b"miaf", b"mif2"})  # the other brands of the file say which
_BOXES_SEARCHED = 64


def sniff(data: bytes | memoryview) -> str | None:
    """The format of ``data``: one of `FORMATS`, or None if no decoder of the closed list knows it."""
    head = bytes(data[:512])
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _brand_format(head)
    return None


def _brand_format(head: bytes) -> str | None:
    """AVIF and HEIC share one container; the brands of its first box tell them apart."""
    end = min(max(int.from_bytes(head[:4], "big"), 16), len(head))
    major = head[8:12]
    brands = [major, *(head[i : i + 4] for i in range(16, end - 3, 4))]
    if major not in _ANY_BRANDS:
        brands = [major]
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return "AVIF"
        if brand in _HEIF_BRANDS:
            return "HEIF"
    return "HEIF" if major in _ANY_BRANDS else None


def jxl_size(data: bytes | memoryview) -> tuple[int, int] | None:
    """(width, height) of a JPEG XL picture from its header; None where it cannot be read.

    Needed because the JPEG XL plugin decodes the whole picture when it opens it.
    Source: ISO/IEC 18181-1:2024, annex D.2 (SizeHeader); 18181-2 for the boxes.
    """
    start = _jxl_codestream(data)
    if start is None or bytes(data[start : start + 2]) != b"\xff\x0a":
        return None
    bits = _Bits(int.from_bytes(bytes(data[start + 2 : start + 18]), "little"))
    small = bits.take(1)
    height = (bits.take(5) + 1) * 8 if small else _jxl_side(bits)
    ratio = bits.take(3)
    if ratio:
        across, down = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
        return height * across // down, height
    return ((bits.take(5) + 1) * 8 if small else _jxl_side(bits)), height


def _jxl_codestream(data: bytes | memoryview) -> int | None:
    """Offset of the code stream: at once, or within the first code stream box of the container."""
    if bytes(data[:2]) == b"\xff\x0a":
        return 0
    offset = 0
    for _ in range(_BOXES_SEARCHED):
        head = bytes(data[offset : offset + 16])
        if len(head) < 8:
            return None
        size, kind, length = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:
            size, length = int.from_bytes(head[8:16], "big"), 16
        if kind == b"jxlc":
            return offset + length
        if kind == b"jxlp":  # a part of the code stream, after a number of four bytes
            return offset + length + 4
        if size < length:
            return None
        offset += size
    return None


def _jxl_side(bits: _Bits) -> int:
    return bits.take((9, 13, 18, 30)[bits.take(2)]) + 1


class _Bits:
    """A little-endian bit reader."""

    def __init__(self, value: int) -> None:
        self._value = value

    def take(self, count: int) -> int:
        taken = self._value & ((1 << count) - 1)
        self._value >>= count
        return taken
