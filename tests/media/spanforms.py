"""Videos for stretches: of kinds in which most of what comes before is passed over, and of others."""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Callable
from typing import Any

import av
import numpy as np

from tests.media.videos import clip, remuxed, turned

__all__ = ["FORMS", "SKIPPED", "WHOLE", "form"]

STEADY = tuple(range(0, 12_000, 200))  # milliseconds; each frame shows the next scene
UNSTEADY = tuple(np.cumsum(np.random.default_rng(3).integers(20, 460, 60)).tolist())
SLIDES = (0, 40, 3000, 3040, 6000, 6040, 7000, 9000)


def x264(text: str, keys: int = 10) -> tuple[tuple[str, str], ...]:
    return (("x264-params", f"keyint={keys}:min-keyint={keys}:scenecut=0:{text}"),)


def x265(text: str) -> tuple[tuple[str, str], ...]:
    return (("x265-params", f"log-level=none:keyint=10:min-keyint=10:scenecut=0:{text}"),)


def edited(data: bytes, *edits: tuple[int, int]) -> bytes:
    """An MP4 with another edit list: (length in milliseconds, where it begins in units of the track)."""
    at = data.index(b"elst") - 4
    (size,) = struct.unpack_from(">I", data, at)
    body = (
        b"elst"
        + struct.pack(">II", 0, len(edits))
        + b"".join(struct.pack(">IiI", *e, 1 << 16) for e in edits)
    )
    out = bytearray(data[:at] + struct.pack(">I", len(body) + 4) + body + data[at + size :])
    for kind in (b"moov", b"trak", b"edts"):
        place = out.index(kind) - 4
        (old,) = struct.unpack_from(">I", out, place)
        struct.pack_into(">I", out, place, old + len(body) + 4 - size)
    return bytes(out)


def described_anew() -> bytes:
    """An MP4 whose coding changes after four seconds, so that the decoder is told so on the way."""
    first = clip(container="flv", options=x264("bframes=0:cabac=1", 5))
    other = clip(container="flv", seconds=8, options=x264("bframes=0:cabac=0:8x8dct=0", 5))
    stream, late_ms, last_ms = io.BytesIO(), 0, -1
    with av.open(io.BytesIO(first + other[13:]), "r") as source, av.open(stream, "w", format="mp4") as output:
        track = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None and packet.pts is not None and packet.size:
                late_ms = 4000 if packet.dts < last_ms else late_ms
                last_ms = packet.dts
                packet.dts, packet.pts, packet.stream = packet.dts + late_ms, packet.pts + late_ms, track
                output.mux(packet)
    return stream.getvalue()


def all_keys(data: bytes, container: str) -> bytes:
    """The video with every packet called a keyframe."""

    def claim(_number: int, packet: Any) -> bool:
        packet.is_keyframe = True
        return True

    return remuxed(data, container, keep=claim)


def steady(codec: str, container: str, *options: tuple[str, str]) -> bytes:
    return clip(codec, container, stamps=STEADY, options=options)


SKIPPED: dict[str, Callable[[], bytes]] = {
    "H.264": lambda: clip(stamps=STEADY, options=x264("bframes=3")),
    "H.264, open groups": lambda: clip(stamps=STEADY, options=x264("bframes=3:open-gop=1")),
    "H.264 in Matroska": lambda: clip(
        container="matroska", stamps=STEADY, options=x264("bframes=3:open-gop=1")
    ),
    "H.264 of unsteady rate": lambda: clip(stamps=UNSTEADY, options=x264("bframes=3")),
    "H.264 of unsteady rate in Matroska": lambda: clip(
        container="matroska", stamps=UNSTEADY, options=x264("bframes=3")
    ),
    "H.264 that starts late": lambda: clip(
        stamps=tuple(7000 + stamp for stamp in STEADY), options=x264("bframes=3")
    ),
    "H.264 in fragments": lambda: clip(
        stamps=STEADY,
        options=x264("bframes=3"),
        container_options=(("movflags", "frag_keyframe+empty_moov"),),
    ),
    "H.264, turned": lambda: turned(SKIPPED["H.264"](), (0, 1, -1, 0)),
    "H.264, cut in": lambda: edited(SKIPPED["H.264"](), (2000, -1), (9000, 20_800)),
    "H.264, cut twice": lambda: edited(SKIPPED["H.264"](), (4000, 0), (6000, 96_000)),
    "H.264, described anew": described_anew,
    "H.265, open groups": lambda: clip("libx265", stamps=STEADY, options=x265("bframes=3")),
    "H.265": lambda: clip("libx265", stamps=STEADY, options=x265("bframes=3:open-gop=0")),
    "VP8": lambda: steady("libvpx", "webm", ("g", "10")),
    "VP9": lambda: steady("libvpx-vp9", "webm", ("g", "10"), ("cpu-used", "8")),
    "AV1": lambda: clip("libsvtav1", seconds=12, options=(("g", "10"), ("preset", "12"))),
    "MPEG-4": lambda: steady("mpeg4", "mp4", ("g", "10"), ("bf", "2"), ("b", "900k")),
    "ProRes": lambda: clip("prores", "mov", "yuv422p10le", seconds=12),
}
WHOLE: dict[str, Callable[[], bytes]] = {
    "H.264 of one group": lambda: clip(stamps=STEADY, options=x264("bframes=3", 250)),
    "H.264 of slides": lambda: clip(stamps=SLIDES, options=x264("bframes=2", 2)),
    "H.264 without keyframes": lambda: clip(stamps=STEADY, options=x264("bframes=0:intra-refresh=1")),
    "H.264 of false keyframes": lambda: all_keys(SKIPPED["H.264"](), "mp4"),
    "MPEG-4 of false keyframes": lambda: all_keys(SKIPPED["MPEG-4"](), "mp4"),
    "VP8 of false keyframes": lambda: all_keys(SKIPPED["VP8"](), "webm"),
    "VP9 of false keyframes": lambda: all_keys(SKIPPED["VP9"](), "webm"),
    "H.264 in AVI": lambda: clip(container="avi", seconds=12, options=x264("bframes=3")),
    "MPEG-4 out of order in AVI": lambda: clip(
        "mpeg4", "avi", seconds=12, options=(("bf", "2"), ("b", "900k"), ("g", "10"))
    ),
    "H.264 in a transport stream": lambda: clip(container="mpegts", seconds=12, options=x264("bframes=3")),
    "two transport streams": lambda: clip(container="mpegts") + clip(container="mpegts", size=(192, 160)),
    "H.264 in FLV": lambda: clip(container="flv", seconds=12, options=x264("bframes=3")),
    "MPEG-1": lambda: clip("mpeg1video", "mpeg", seconds=5, fps=25, options=(("b", "900k"),)),
}
FORMS = SKIPPED | WHOLE


@functools.cache
def form(name: str) -> bytes:
    return FORMS[name]()
