"""How fast files are scanned, beside bare decoding and the vPDQ package, one after another on each file.

All times are processor time of one thread, so that other work on the machine matters less, and all ways
take turns on a file: ratios are of the same minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.bench.video.corpus import Listed
from holdfast.bench.video.peers import Vpdq, vpdq
from holdfast.bench.video.queries import query_of, views_of
from holdfast.hashing.videoviews.pieces import STEP_S
from holdfast.matching.video import VideoBank, search
from holdfast.media.types import VideoLimits, VideoMode
from holdfast.media.video import VideoDecoder

__all__ = ["Speed", "measure_speed", "speed_in_all"]

LEAST_HEIGHT, LEAST_S, MOST_S = 480, 5.0, 120.0
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of one file: decoding alone, all views of it, the same looked up in a bank of the other files,
    keyframes alone with all views; and by the peer, where it is installed."""

    name: str
    size: str
    duration_s: float
    decode_s: float
    scan_s: float
    matched_s: float
    keyframes_s: float
    vpdq_s: float | None

    def row(self) -> dict[str, Any]:
        """Multiples of real time."""
        row: dict[str, Any] = {
            "size": self.size,
            "decoding": round(self.duration_s / self.decode_s, 1),
            "scan with all views": round(self.duration_s / self.scan_s, 1),
            "over decoding": round(self.scan_s / self.decode_s, 2),
            "and matched": round(self.duration_s / self.matched_s, 1),
            "matched over decoding": round(self.matched_s / self.decode_s, 2),
            "keyframes with all views": round(self.duration_s / self.keyframes_s, 1),
        }
        if self.vpdq_s is not None:
            row |= {
                "vpdq package": round(self.duration_s / self.vpdq_s, 1),
                "scan over vpdq": round(self.vpdq_s / self.scan_s, 2),
                "matched over vpdq": round(self.vpdq_s / self.matched_s, 2),
                "keyframes over vpdq": round(self.vpdq_s / self.keyframes_s, 1),
            }
        return row


def measure_speed(files: Sequence[Listed]) -> list[Speed]:
    """Of all files of 480 lines or more, up to two minutes; the best of a few rounds, all ways in each.

    A file is looked up among all others, as what is not listed is.
    """
    bank, peer = VideoBank(), vpdq()
    for number, file in enumerate(files):
        bank.add(number, file.video.codes, file.video.quality, file.video.time_s)
    out = []
    for number, file in enumerate(files):
        data = file.path.read_bytes()
        info = VideoDecoder(data, VideoLimits()).info
        if min(info.width, info.height) >= LEAST_HEIGHT and LEAST_S <= file.duration_s <= MOST_S:
            size = f"{info.width}x{info.height} {info.codec}"
            bank.remove(number)
            out.append(_measured(file, data, size, bank, peer))
            bank.add(number, file.video.codes, file.video.quality, file.video.time_s)
    return out


def speed_in_all(speeds: Sequence[Speed]) -> dict[str, Any]:
    """The median ratios, and in how many files a way is slower than what it is held against."""
    row: dict[str, Any] = {"files": len(speeds)}
    peer = [one.vpdq_s for one in speeds if one.vpdq_s is not None]
    ways = {
        "scan": [one.scan_s for one in speeds],
        "matched": [one.matched_s for one in speeds],
        "keyframes": [one.keyframes_s for one in speeds],
    }
    for name, times in ways.items():
        if name != "keyframes":
            row |= _ratio(f"{name} over decoding", times, [one.decode_s for one in speeds])
        if len(peer) == len(times):
            row |= _ratio(f"{name}, times as fast as vpdq", peer, times)
    return row


def _ratio(name: str, above: Sequence[float], below: Sequence[float]) -> dict[str, Any]:
    least, middle, most = np.percentile(np.array(above) / np.array(below), [0, 50, 100])
    return {name: f"{middle:.2f} ({least:.2f} to {most:.2f})"}


def _measured(file: Listed, data: bytes, size: str, bank: VideoBank, peer: Vpdq | None) -> Speed:
    ways: dict[str, Callable[[], object]] = {
        "decode": lambda: _decoded(data),
        "scan": lambda: list(views_of(data)),
        "matched": lambda: [search(query_of(views), bank) for views in views_of(data)],
        "keyframes": lambda: list(views_of(data, mode=VideoMode.KEYFRAMES)),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    theirs = []
    for _ in range(_ROUNDS):
        for name, way in ways.items():
            times[name].append(_timed(way))
        if peer is not None:
            theirs.append(peer.speed(file.path))
    best = {name: min(all_of_it) for name, all_of_it in times.items()}
    return Speed(
        file.name,
        size,
        file.duration_s,
        best["decode"],
        best["scan"],
        best["matched"],
        best["keyframes"],
        min(theirs) if theirs else None,
    )


def _decoded(data: bytes) -> int:
    """Decodes with the flags of a scan, takes a picture each half second, and looks at nothing."""
    decoder = VideoDecoder(data, VideoLimits(), every_s=STEP_S, mode=VideoMode.QUICK)
    return sum(frame is not None for frame in decoder.frames())


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
