"""The clips of a bench: which of them show the same, and which are for tuning and which for measuring."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from holdfast.errors import NotMatchableError
from holdfast.hashing.video import VideoHash, video_hash
from holdfast.media.types import VideoLimits
from holdfast.media.video import VideoDecoder

__all__ = ["Listed", "hashed", "is_tuning", "named_sources", "read_corpus", "scene_sources"]

SAME_BITS = 31  # two files with one frame as near as this are of one source
SUFFIXES = {".mp4", ".mkv", ".webm", ".avi", ".mov", ".m4v", ".mpg", ".mpeg", ".ogv", ".wmv", ".flv"}


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A file of the corpus with its plain vPDQ hash, and the source that it is of."""

    path: Path
    video: VideoHash
    duration_s: float
    source: str

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def is_tuning(self) -> bool:
        return is_tuning(self.source)


def is_tuning(source: str) -> bool:
    """Whether a source is for tuning: by a digest of its name, so by nothing that anybody chose."""
    return hashlib.sha256(source.encode()).digest()[0] < 128


def named_sources(path: Path | None) -> dict[str, str]:
    """File name to source, from a table with columns ``file`` and ``source`` (tabs); empty without one."""
    if path is None:
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["file"]: row["source"] for row in csv.DictReader(lines, delimiter="\t")}


def scene_sources(path: Path | None) -> set[str]:
    """Sources whose files are other footage of one scene: those with a ``yes`` in the column ``scene``."""
    if path is None:
        return set()
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["source"] for row in csv.DictReader(lines, delimiter="\t") if row.get("scene") == "yes"}


def read_corpus(folders: Sequence[Path], sources: Mapping[str, str]) -> list[Listed]:
    """All videos under the folders that can be hashed, by name. Files that share a frame get one source."""
    found = []
    paths = {path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES}
    for path in sorted(paths, key=lambda path: path.name):
        try:
            video, duration_s = hashed(path.read_bytes())
        except NotMatchableError:
            continue
        if video.matchable.any():
            found.append(Listed(path, video, duration_s, sources.get(path.name, path.stem)))
    return _joined(found)


def hashed(data: bytes) -> tuple[VideoHash, float]:
    """The plain vPDQ hash of a file, one frame a second, and its length in seconds."""
    decoder = VideoDecoder(data, VideoLimits())
    video = video_hash(frame for frame in decoder.frames() if frame is not None)
    return video, decoder.outcome().duration_s


def _joined(files: Iterable[Listed]) -> list[Listed]:
    """The files, those that share a frame under the name of the first of them."""
    out: list[Listed] = []
    for file in files:
        same = {one.source for one in out if one.source != file.source and _overlap(one.video, file.video)}
        for number, one in enumerate(out):
            if one.source in same:
                out[number] = Listed(one.path, one.video, one.duration_s, min(same))
        source = min(same) if same else file.source
        out.append(Listed(file.path, file.video, file.duration_s, source))
    return out


def _overlap(one: VideoHash, other: VideoHash) -> bool:
    a, b = one.codes[one.matchable], other.codes[other.matchable]
    return bool(len(a) and len(b) and (_distances(a, b) <= SAME_BITS).any())


def _distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    bits: np.ndarray = np.bitwise_count(one[:, np.newaxis] ^ other).sum(axis=2, dtype=np.int64)
    return bits
