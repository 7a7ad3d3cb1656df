"""Edited clips by their local features alone: what `bench video --local-features` reports beside codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.bench.video.corpus import Listed
from holdfast.bench.video.queries import pieces_of
from holdfast.hashing.videolocal import LocalFeatures
from holdfast.hashing.videolocal_query import LocalQuery
from holdfast.hashing.videolocal_reference import LocalReference
from holdfast.hashing.videoviews.pieces import STEP_S
from holdfast.matching.video.local_judge import compare_local
from holdfast.media.types import VideoLimits
from holdfast.media.video import VideoDecoder

__all__ = ["LocalFiles", "LocalSaid", "said_of_local"]


@dataclass(frozen=True, slots=True)
class LocalSaid:
    """Whether an edited clip is proved to be its file; ``strangers`` of ``asked`` that it was taken for."""

    own: bool
    strangers: tuple[str, ...]
    asked: int


class LocalFiles:
    """The local features of all files of a bench. Raises UsageError where OpenCV is not installed."""

    def __init__(self, files: Sequence[Listed]) -> None:
        self._features: Mapping[Path, LocalFeatures | None] = {
            file.path: _features(file.path.read_bytes()) for file in files
        }

    def said(self, data: bytes, own: Path, others: Sequence[Path]) -> LocalSaid:
        """An edited clip against its own file, and against files of other sources."""
        queries = [LocalQuery(piece.frames, STEP_S) for piece in pieces_of(data)]
        found = [other.name for other in others if self._is_proved(queries, other)]
        return LocalSaid(self._is_proved(queries, own), tuple(found), len(others))

    def scene(self, files: Sequence[Listed]) -> list[tuple[str, str, bool]]:
        """Every file of a scene against every other one: (query, file, whether it was taken for it)."""
        out = []
        for asked in files:
            queries = [LocalQuery(piece.frames, STEP_S) for piece in pieces_of(asked.path.read_bytes())]
            out += [
                (asked.name, other.name, self._is_proved(queries, other.path))
                for other in files
                if other is not asked
            ]
        return out

    def _is_proved(self, queries: Sequence[LocalQuery], path: Path) -> bool:
        features = self._features[path]
        if features is None:
            return False
        return any(compare_local(query, features) is not None for query in queries)


def said_of_local(said: Sequence[LocalSaid]) -> dict[str, object]:
    """Of all edited clips: pairs with files of other sources, and those that were taken for a match."""
    taken = [name for one in said for name in one.strangers]
    return {"pairs": sum(one.asked for one in said), "match": len(taken), "which": sorted(set(taken))}


def _features(data: bytes) -> LocalFeatures | None:
    reference = LocalReference()
    decoder = VideoDecoder(data, VideoLimits())
    for _ in reference.watched(frame for frame in decoder.frames() if frame is not None):
        pass
    return reference.features()
