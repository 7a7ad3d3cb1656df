"""Which video container some bytes are in, from their first bytes alone: a closed list.

FFmpeg knows some four hundred formats, among them playlists and scripts that name other files and
addresses. Only these containers are ever opened, each by its own demuxer alone, and only these codecs.
"""

from __future__ import annotations

from typing import Literal

from holdfast.media.formats import sniff

__all__ = ["CODECS", "DEMUXERS", "VIDEO_FORMATS", "medium_of", "video_format"]

# Our name: FFmpeg's demuxer. None of them opens anything but the bytes that it is given.
DEMUXERS = {
    "MP4": "mov",  # QuickTime, 3GP, M4V, and fragmented MP4 too
    "MATROSKA": "matroska",  # WebM too
    "AVI": "avi",
    "FLV": "flv",
    "MPEG-TS": "mpegts",
    "MPEG-PS": "mpeg",
    "ASF": "asf",  # WMV
    "OGG": "ogg",
    "REALMEDIA": "rm",
    "MPEG-VIDEO": "mpegvideo",  # MPEG-1 and 2 without a container
}
VIDEO_FORMATS = tuple(DEMUXERS)

# FFmpeg's decoders, by the names it gives them: what cameras, phones, editors and sites have made.
CODECS = frozenset(
    (
        *("h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "vvc"),
        *("mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "mpeg1video", "mpeg2video", "mpegvideo"),
        *("h261", "h263", "h263i", "h263p", "flv", "wmv1", "wmv2", "wmv3", "vc1", "mss2", "theora"),
        *("vp3", "vp5", "vp6", "vp6a", "vp6f", "vp7", "rv10", "rv20", "rv30", "rv40"),
        *("mjpeg", "mjpegb", "png", "prores", "dnxhd", "cfhd", "dvvideo", "svq1", "svq3"),
        *("flashsv", "flashsv2", "cscd", "tscc", "zmbv", "fraps"),  # recorders of screens
        *("indeo2", "indeo3", "indeo4", "indeo5"),
        *("cinepak", "msvideo1", "msrle", "rpza", "smc", "8bps", "qtrle"),
        *("rawvideo", "v210", "v410", "r210"),
        *("huffyuv", "ffvhuff", "ffv1", "utvideo", "magicyuv", "lagarith"),
    )
)

_STARTS = (
    (b"\x1a\x45\xdf\xa3", "MATROSKA"),
    (b"FLV\x01", "FLV"),
    (b"\x00\x00\x01\xba", "MPEG-PS"),
    (b"\x00\x00\x01\xb3", "MPEG-VIDEO"),
    (b".RMF", "REALMEDIA"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "ASF"),
    (b"OggS", "OGG"),
)
_QUICKTIME_BOXES = frozenset(
    (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"moof", b"styp")
)
_TS_PACKETS = ((188, 0), (192, 4), (204, 0))  # (packet size, place of its sync byte)
_TS_SYNC = 0x47
_TS_SEEN = 4  # packets in a row


def video_format(data: bytes | memoryview) -> str | None:
    """The container of ``data``: one of `VIDEO_FORMATS`, or None. A container may still hold sound alone."""
    head = bytes(data[:1024])
    if sniff(head) is not None:  # AVIF and HEIC share a container with MP4
        return None
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "AVI"
    if head[4:8] in _QUICKTIME_BOXES:
        return "MP4"
    return "MPEG-TS" if _is_transport_stream(head) else None


def medium_of(data: bytes | memoryview) -> Literal["image", "video"] | None:
    """Whether ``data`` begins as a picture or as a video of the closed lists; None for anything else.

    An animation (GIF, APNG, WebP, AVIF) is a picture here.
    """
    if sniff(data) is not None:
        return "image"
    return None if video_format(data) is None else "video"


def _is_transport_stream(head: bytes) -> bool:
    return any(
        len(head) > size * (_TS_SEEN - 1) + offset
        and all(head[offset + size * n] == _TS_SYNC for n in range(_TS_SEEN))
        for size, offset in _TS_PACKETS
    )
