"""The clips of a bench: which of them show the same, and which are for tuning and which for measuring."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from holdfast.errors import NotMatchableError
from holdfast.hashing.video import VideoHash, video_hash
from holdfast.media.types import VideoLimits
from holdfast.media.video import VideoDecoder

__all__ = [
    "PARTS",
    "Listed",
    "hashed",
    "is_tuning",
    "named_parts",
    "named_sources",
    "read_corpus",
    "scene_sources",
]

PARTS = ("test", "fresh", "fresh2", "fresh3", "fresh4", "fresh5", "fresh6", "tuning")

SAME_BITS = 31  # two files with one frame as near as this are of one source
SUFFIXES = {".mp4", ".mkv", ".webm", ".avi", ".mov", ".m4v", ".mpg", ".mpeg", ".ogv", ".wmv", ".flv"}


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A file of the corpus with its plain vPDQ hash, and the source that it is of."""

    path: Path
    video: VideoHash
    duration_s: float
    source: str
    part: str  # one of PARTS

    @property
    def name(self) -> str:
        return self.path.name


def is_tuning(source: str) -> bool:
    """Whether a source is for tuning: by a digest of its name, so by nothing that anybody chose."""
    return hashlib.sha256(source.encode()).digest()[0] < 128


def named_parts(path: Path | None) -> dict[str, str]:
    """Source to part, for those that have one in a table's column ``part``: there the digest has no say."""
    if path is None:
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {
            row["source"]: row["part"] for row in csv.DictReader(lines, delimiter="\t") if row.get("part")
        }


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


def read_corpus(
    folders: Sequence[Path], sources: Mapping[str, str], parts: Mapping[str, str] | None = None
) -> list[Listed]:
    """All videos under the folders that can be hashed, by name. Files that share a frame get one source."""
    found = []
    paths = {path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES}
    for path in sorted(paths, key=lambda path: path.name):
        try:
            video, duration_s = hashed(path.read_bytes())
        except NotMatchableError:
            continue
        if video.matchable.any():
            source = sources.get(path.name, path.stem)
            found.append(Listed(path, video, duration_s, source, _part(source, parts or {})))
    return _joined(found, parts or {})


def _part(source: str, parts: Mapping[str, str]) -> str:
    return parts.get(source) or ("tuning" if is_tuning(source) else "test")


def hashed(data: bytes) -> tuple[VideoHash, float]:
    """The plain vPDQ hash of a file, one frame a second, and its length in seconds."""
    decoder = VideoDecoder(data, VideoLimits())
    video = video_hash(frame for frame in decoder.frames() if frame is not None)
    return video, decoder.outcome().duration_s


def _joined(files: Iterable[Listed], parts: Mapping[str, str]) -> list[Listed]:
    """The files, those that share a frame under the name of the first of them."""
    out: list[Listed] = []
    for file in files:
        same = {one.source for one in out if one.source != file.source and _overlap(one.video, file.video)}
        source = min(same) if same else file.source
        part = _part(source, parts)
        for number, one in enumerate(out):
            if one.source in same:
                out[number] = replace(one, source=source, part=part)
        out.append(replace(file, source=source, part=part))
    return out


def _overlap(one: VideoHash, other: VideoHash) -> bool:
    a, b = one.codes[one.matchable], other.codes[other.matchable]
    return bool(len(a) and len(b) and (_distances(a, b) <= SAME_BITS).any())


def _distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    bits: np.ndarray = np.bitwise_count(one[:, np.newaxis] ^ other).sum(axis=2, dtype=np.int64)
    return bits
