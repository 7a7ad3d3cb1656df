"""How fast files are scanned, beside bare decoding and the vPDQ package, one after another on each file.

All times are processor time of one thread, so that other work on the machine matters less.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.bench.video.corpus import Listed
from holdfast.bench.video.peers import Vpdq, vpdq
from holdfast.bench.video.queries import QUERY_STEP_S, views_of
from holdfast.media.types import VideoLimits, VideoMode
from holdfast.media.video import VideoDecoder

__all__ = ["Speed", "measure_speed"]

LEAST_HEIGHT, LEAST_S = 480, 5.0
_FILES, _ROUNDS = 6, 3


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of one file: decoding alone, a scan with all views, keyframes alone; by the peer, if there."""

    name: str
    size: str
    duration_s: float
    decode_s: float
    scan_s: float
    keyframes_s: float
    vpdq_s: float | None

    def row(self) -> dict[str, Any]:
        """Multiples of real time."""
        row: dict[str, Any] = {
            "size": self.size,
            "decoding": round(self.duration_s / self.decode_s, 1),
            "scan with all views": round(self.duration_s / self.scan_s, 1),
            "over decoding": round(self.scan_s / self.decode_s, 2),
            "keyframes with all views": round(self.duration_s / self.keyframes_s, 1),
        }
        if self.vpdq_s is not None:
            row |= {
                "vpdq package": round(self.duration_s / self.vpdq_s, 1),
                "scan over vpdq": round(self.vpdq_s / self.scan_s, 2),
                "keyframes over vpdq": round(self.vpdq_s / self.keyframes_s, 1),
            }
        return row


def measure_speed(files: Sequence[Listed]) -> list[Speed]:
    """Of the first files of 480 lines or more; the best of a few rounds, all methods in each."""
    out, peer = [], vpdq()
    for file in files:
        data = file.path.read_bytes()
        info = VideoDecoder(data, VideoLimits()).info
        if min(info.width, info.height) < LEAST_HEIGHT or file.duration_s < LEAST_S:
            continue
        out.append(_measured(file, data, f"{info.width}x{info.height} {info.codec}", peer))
        if len(out) == _FILES:
            break
    return out


def _measured(file: Listed, data: bytes, size: str, peer: Vpdq | None) -> Speed:
    decode, scan, keys, theirs = [], [], [], []
    for _ in range(_ROUNDS):
        decode.append(_timed(lambda: _decoded(data, VideoMode.QUICK)))
        scan.append(_timed(lambda: list(views_of(data))))
        keys.append(_timed(lambda: list(views_of(data, mode=VideoMode.KEYFRAMES))))
        if peer is not None:
            theirs.append(peer.speed(file.path))
    best = min(theirs) if theirs else None
    return Speed(file.name, size, file.duration_s, min(decode), min(scan), min(keys), best)


def _decoded(data: bytes, mode: VideoMode) -> int:
    """Decodes as a scan does, and looks at nothing."""
    decoder = VideoDecoder(data, VideoLimits(), every_s=QUERY_STEP_S, mode=mode)
    return sum(frame is not None for frame in decoder.frames())


def _timed(work: Any) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
