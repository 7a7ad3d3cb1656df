"""`holdfast bench video-hash`: plain vPDQ of videos, as exact and as fast as decoding lets it be.

Times are processor time, the least of several rounds, because a machine may be shared. PyPI `vpdq`, the
reference tool, runs in the same rounds where it is installed.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import av

from holdfast.bench.videohash_lists import SURE_QUALITY, bits_apart, hash_file, list_rows
from holdfast.errors import NotMatchableError
from holdfast.hashing.video import VideoHash
from holdfast.media.pool import DecodePool
from holdfast.media.types import VideoLimits, VideoMode
from holdfast.media.video import VideoDecoder
from holdfast.media.videoformats import medium_of

__all__ = ["Row", "measure", "shortcut_rows", "speed_rows"]

Row = dict[str, Any]

_ROUNDS = 3
_EVERY_FRAME_PIXELS = 1_000_000  # a side that no frame has: nothing is reduced


def measure(
    folders: Sequence[Path],
    *,
    reference: Path | None = None,
    shortcuts: bool = False,
    peers: bool = True,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> list[Row]:
    """One of the three measurements, a row for each video of ``folders`` that has one."""
    videos = sorted(path for folder in folders for path in folder.iterdir() if _is_video(path))
    vpdq = _vpdq() if peers else None
    with DecodePool(workers=1) as pool:
        work = speed_rows(videos, pool, vpdq)
        if reference is not None:
            work = list_rows(videos, reference, vpdq)
        elif shortcuts:
            work = shortcut_rows(videos)
        rows = []
        for row in work:
            rows.append(row)
            advance(len(rows), len(videos))
        return rows


def _is_video(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return medium_of(file.read(1024)) == "video"


def _vpdq() -> Any:
    """The reference tool, None where it is not installed."""
    try:
        return importlib.import_module("vpdq")
    except ImportError:
        return None


def shortcut_rows(videos: Sequence[Path]) -> Iterator[Row]:
    """Bits by which hashes change without the codec's smoothing of block edges, and by reduced pictures."""
    for path in videos:
        exact = hash_file(path, min_side=_EVERY_FRAME_PIXELS)
        quick = hash_file(path, mode=VideoMode.QUICK, min_side=_EVERY_FRAME_PIXELS)
        row: Row = {"video": path.stem, "frames": int((exact.quality >= SURE_QUALITY).sum())}
        for name, other in (
            ("quick", quick),
            *((f"side {side}", hash_file(path, min_side=side)) for side in (512, 256)),
        ):
            mean, most = _bits(exact, other)
            row |= {f"{name} mean": mean, f"{name} most": most}
        yield row


def speed_rows(videos: Sequence[Path], pool: DecodePool, vpdq: Any) -> Iterator[Row]:
    """Processor time of a video as multiples of real time, one frame a second; and memory of its worker."""
    for path in videos:
        data = path.read_bytes()
        try:
            video = VideoDecoder(data, VideoLimits())
            frames = sum(1 for frame in video.frames() if frame is not None)
        except NotMatchableError:
            continue
        work: dict[str, Callable[[], object]] = {
            "decoding": partial(_bare, path, VideoMode.FULL),
            "hash": partial(hash_file, path),
            "quick decoding": partial(_bare, path, VideoMode.QUICK),
            "quick hash": partial(hash_file, path, mode=VideoMode.QUICK),
            "keyframes": partial(hash_file, path, mode=VideoMode.KEYFRAMES),
        }
        if vpdq is not None:
            work["vpdq"] = partial(vpdq.computeHash, str(path), seconds_per_hash=1, thread_count=1)
        times_s = _least(work)
        row: Row = {
            "video": path.stem,
            "size": f"{video.info.width}x{video.info.height} {video.info.codec}",
            "seconds": round(video.reached_s, 1),
            "frames": frames,
            **{name: round(video.reached_s / value, 1) for name, value in times_s.items()},
            "hash / decoding": round(times_s["hash"] / times_s["decoding"], 2),
            "quick / decoding": round(times_s["quick hash"] / times_s["quick decoding"], 2),
            "worker MiB": round(_worker_bytes(pool, data) / 2**20),
        }
        if vpdq is not None:
            row["hash : vpdq"] = round(times_s["vpdq"] / times_s["hash"], 2)
            row["keyframes : vpdq"] = round(times_s["vpdq"] / times_s["keyframes"], 1)
        yield row


def _bits(one: VideoHash, other: VideoHash) -> tuple[float, int]:
    """Mean and most bits between the frames of two hashes that are sure in the first."""
    n = min(len(one), len(other))
    bits = bits_apart(one.codes[:n], other.codes[:n])[one.quality[:n] >= SURE_QUALITY]
    return (round(float(bits.mean()), 2), int(bits.max())) if bits.size else (0.0, 0)


def _bare(path: Path, mode: VideoMode) -> int:
    """Decodes with FFmpeg as we do, and looks at nothing."""
    with av.open(path) as container:
        (stream, *_) = container.streams.video
        codec = stream.codec_context
        codec.thread_count = 1
        if mode is not VideoMode.FULL:
            codec.options = {"skip_loop_filter": "all"}
        return sum(len(codec.decode(packet if packet.size else None)) for packet in container.demux(stream))


def _least(work: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The least processor time of each, in seconds, all in each round."""
    least_s = dict.fromkeys(work, float("inf"))
    for _ in range(_ROUNDS):
        for name, task in work.items():
            start = time.process_time()
            task()
            least_s[name] = min(least_s[name], time.process_time() - start)
    return least_s


def _worker_bytes(pool: DecodePool, data: bytes) -> int:
    """The most memory that a decode worker took for this video."""
    with pool.open_video(data) as reader:
        for _ in reader:
            pass
        return reader.peak_bytes
