"""Which of many videos with local features a query may show: by votes of like features.

Some features of each listed moment lie in an exact index. Those of the query's that are near them vote for
their videos; a feature that many videos have (a letter, a logo) says little for each of them. So what
the codes of whole frames miss altogether is found, in time that does not depend on how much of it is shown.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from holdfast.matching.hamming import HammingIndex
from holdfast.matching.video.local import Features

__all__ = ["LocalBank"]

VOTING = 32  # features of each listed moment
ASKED = 96  # features of each moment of a query, on either side of the mirror
VOTE_BITS = 36
LEAST_VOTES = 3.0
CANDIDATES = 4
ALL_VIDEOS = 8  # banks up to this size are compared with one by one


class LocalBank:
    """The local features of listed videos, by the ids of their fingerprints. Safe for many threads."""

    def __init__(self) -> None:
        self._index = HammingIndex()
        self._lock = threading.Lock()
        self._videos: dict[int, tuple[Features, npt.NDArray[np.int64]]] = {}
        self._owner = np.empty(0, np.int64)
        self._used = 0

    def __len__(self) -> int:
        return len(self._videos)

    def add(self, video_id: int, features: Features) -> None:
        """Lists one more video, or another state of it."""
        self.remove(video_id)
        chosen = _spread(features, VOTING)
        with self._lock:
            rows = np.arange(self._used, self._used + len(chosen))
            if len(self._owner) < self._used + len(chosen):
                room = np.full(max(1024, 2 * (self._used + len(chosen))), -1, np.int64)
                room[: self._used] = self._owner[: self._used]
                self._owner = room
            self._owner[rows] = video_id
            self._used += len(chosen)
            self._videos[video_id] = features, rows
        self._index.add(_bytes(features.codes[chosen]), rows)

    def remove(self, video_id: int) -> None:
        """No longer finds a video."""
        with self._lock:
            found = self._videos.pop(video_id, None)
        if found is not None:
            self._index.remove(found[1])

    def get(self, video_id: int) -> Features | None:
        """The features of a listed video; None where it has none."""
        found = self._videos.get(video_id)
        return None if found is None else found[0]

    def candidates(self, asked: Iterable[Features]) -> list[int]:
        """Ids of the videos worth comparing with features of a query, the likeliest first."""
        if len(self) <= ALL_VIDEOS:
            return list(self._videos)
        votes: dict[int, float] = {}
        for features in asked:
            codes = _bytes(features.codes[_spread(features, ASKED)])
            rows, found, _ = self._index.range_search(codes, VOTE_BITS)
            pairs = np.unique(np.column_stack([rows, self._owner[found]]), axis=0)
            _, place, shared = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
            for video_id, share in zip(pairs[:, 1].tolist(), (1 / shared[place]).tolist(), strict=True):
                votes[video_id] = votes.get(video_id, 0.0) + share
        ranked = sorted((-count, video_id) for video_id, count in votes.items() if count >= LEAST_VOTES)
        return [video_id for _, video_id in ranked[:CANDIDATES]]


def _spread(features: Features, most: int) -> npt.NDArray[np.int64]:
    """Rows of up to ``most`` features of each moment, those in motion first, spread over the picture."""
    chosen = []
    for first, end in zip(features.starts[:-1].tolist(), features.starts[1:].tolist(), strict=True):
        rows = np.arange(first, end)
        moving, still = rows[features.moves[rows]], rows[~features.moves[rows]]
        for kind, room in ((moving, most), (still, most - min(most, len(moving)))):
            count = min(room, len(kind))
            chosen.append(
                kind[np.unique(np.linspace(0, len(kind) - 1, count).astype(np.int64))] if count else kind[:0]
            )
    return np.concatenate(chosen) if chosen else np.empty(0, np.int64)


def _bytes(codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(codes).view(np.uint8).reshape(-1, 32)
