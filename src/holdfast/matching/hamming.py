"""Exact search of 256-bit codes within a Hamming distance: nothing within the radius is ever missed.

A `HammingIndex` is a list of immutable segments with tables (see `segment`), a small tail of newly added
codes that is scanned, and marks on removed codes. `merge` makes one segment of all of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.matching.bits import checked_codes, shuffled
from holdfast.matching.segment import Hits, Segment, build_segment, open_segment, scan, write_segment
from holdfast.matching.segments import verify_file
from holdfast.matching.tail import Tail

__all__ = ["MAX_RADIUS", "HammingIndex", "SearchWork"]

MAX_RADIUS = 63
TAIL_ROWS = 65_536  # more newly added codes than this become a segment

Int64Array = npt.NDArray[np.int64]
Part = tuple[npt.NDArray[Any], npt.NDArray[Any]]  # codes uint8 (n, 32) or uint64 (n, 4), and their ids


@dataclass(frozen=True, slots=True)
class SearchWork:
    """What searches have cost since the index was made: counts, to hold against the stated bound."""

    look_ups: int
    candidates: int
    dense_scanned: int
    fully_scanned: int


@dataclass(frozen=True, slots=True)
class _State:
    """What a search reads. Replaced as a whole, so a search sees one state whatever is added meanwhile."""

    segments: tuple[Segment, ...]
    tail: Tail


class HammingIndex:
    """An exact index over 256-bit codes. Searches run in parallel, without the GIL, during changes too."""

    def __init__(self) -> None:
        self._state = _State((), Tail.empty())
        self._lock = threading.Lock()
        self._work = np.zeros(4, np.int64)
        self.properties: dict[str, Any] = {}
        self._path: Path | None = None

    @classmethod
    def from_codes(cls, codes: npt.ArrayLike, ids: npt.ArrayLike | None = None) -> HammingIndex:
        """An index over ``codes`` uint8 (n, 32) with ``ids`` int64 (n,), by default 0..n-1.

        Several codes may have the same id. Raises ValueError for other types, shapes or negative ids.
        """
        index = cls()
        checked = checked_codes(codes)
        own = np.arange(len(checked), dtype=np.int64) if ids is None else ids
        index.add(checked, own)
        return index

    def __len__(self) -> int:
        state = self._state
        return sum(len(s) - int(s.dead.sum()) for s in state.segments) + state.tail.living

    def add(self, codes: npt.ArrayLike, ids: npt.ArrayLike) -> None:
        """Adds ``codes`` uint8 (n, 32) with ``ids`` int64 (n,), 0 or more: found by every later search."""
        checked, own_ids = checked_codes(codes), _checked_ids(ids)
        if len(checked) != len(own_ids):
            raise ValueError(f"{len(checked)} codes came with {len(own_ids)} ids; nothing was added")
        if len(own_ids) == 0:
            return
        if own_ids.min() < 0:
            raise ValueError("ids must be 0 or more; nothing was added")
        with self._lock:
            state = self._state
            if len(checked) + len(state.tail) <= TAIL_ROWS:
                self._state = _State(state.segments, state.tail.with_added(shuffled(checked), own_ids))
                return
            parts: list[Part] = [*_tail_part(state.tail), (checked, own_ids)]
            self._state = _State((*state.segments, _built(parts)), Tail.empty())

    def remove(self, ids: npt.ArrayLike) -> int:
        """Removes all codes that have one of these ids. Returns how many codes that were."""
        wanted = np.unique(_checked_ids(ids))
        if len(wanted) == 0:
            return 0
        removed = 0
        with self._lock:
            state = self._state
            for segment in state.segments:
                places = segment.positions_of(wanted)
                if len(places):
                    dead = segment.dead.copy() if len(segment.dead) else np.zeros(len(segment), np.uint8)
                    removed += len(places) - int(dead[places].sum())
                    dead[places] = 1
                    segment.dead = dead
            tail, from_tail = state.tail.without(wanted)
            self._state = _State(state.segments, tail)
        return removed + from_tail

    def range_search(
        self, queries: npt.ArrayLike, radius: int = 31, *, threads: int = 1
    ) -> tuple[Int64Array, Int64Array, Int64Array]:
        """Every (query, code) pair within ``radius`` bits, 0..63.

        ``queries`` is uint8 (q, 32). Returns int64 arrays of equal length: the query's row, the code's id,
        the distance in bits; sorted by row, then distance, then id. Raises ValueError otherwise.
        """
        if not 0 <= radius <= MAX_RADIUS:
            raise ValueError(f"radius must be 0..{MAX_RADIUS} bits; this is {radius}")
        words = shuffled(checked_codes(queries))
        if threads > 1 and len(words) > 1:
            parts = [part for part in np.array_split(words, threads) if len(part)]
            starts = np.cumsum([0, *map(len, parts)])
            with ThreadPoolExecutor(len(parts)) as pool:
                found = list(pool.map(lambda part: self._search(part, radius), parts))
            rows = np.concatenate([f[0] + start for f, start in zip(found, starts[:-1], strict=True)])
            return rows, np.concatenate([f[1] for f in found]), np.concatenate([f[2] for f in found])
        return self._search(words, radius)

    def _search(
        self, words: npt.NDArray[np.uint64], radius: int
    ) -> tuple[Int64Array, Int64Array, Int64Array]:
        state = self._state
        work = np.zeros(4, np.int64)
        found = [(segment.search(words, radius, work), segment.ids) for segment in state.segments]
        if len(state.tail):
            tail = state.tail
            found.append((scan(tail.codes, len(tail), tail.dead, words, radius), tail.ids))
        self._work += work
        return _sorted(found)

    def merge(self) -> None:
        """Makes one segment of everything, without what was removed. Needs memory for old and new at once."""
        with self._lock:
            parts: list[Part] = list(_living(self._state))
            self._state = _State((_built(parts),) if parts else (), Tail.empty())

    def save(self, path: Path | str, properties: dict[str, Any] | None = None) -> None:
        """Writes everything, merged, to one file, which is replaced as a whole; ``properties`` go with it."""
        target = Path(path)
        with self._lock:
            state = self._state
            count = sum(len(codes) for codes, _ in _living(state))
            widest = max((int(ids.max(initial=0)) for _, ids in _living(state)), default=0)
            write_segment(target, lambda: _living(state), count, widest, properties or self.properties)

    @classmethod
    def open(cls, path: Path | str) -> HammingIndex:
        """An index over a saved file, mapped into memory: at once, whatever its size.

        Additions and removals stay in memory until the next `save`. Raises `IndexFileError` for a file
        that is missing, foreign, cut short or of another version; `verify` reads and checks all of it.
        """
        index = cls()
        segment, properties = open_segment(Path(path))
        index._state = _State((segment,), Tail.empty())
        index.properties = properties
        index._path = Path(path)
        return index

    def verify(self) -> None:
        """Reads all of the file this index was opened from. Raises `IndexFileError` if it is damaged."""
        if self._path is not None:
            verify_file(self._path)

    @property
    def work(self) -> SearchWork:
        """What searches have cost so far."""
        return SearchWork(*self._work.tolist())

    def stats(self) -> dict[str, Any]:
        """Size and shape, for people and for tests."""
        state = self._state
        rows = sum(map(len, state.segments)) + len(state.tail)
        size_bytes = sum(segment.size_bytes for segment in state.segments) + len(state.tail) * 40
        return {
            "entries": len(self),
            "segments": len(state.segments),
            "tail": len(state.tail),
            "removed": rows - len(self),
            "dense": sum(segment.dense for segment in state.segments),
            "widths": [list(segment.plan.widths) for segment in state.segments],
            "bytes_per_entry": round(size_bytes / rows, 1) if rows else 0.0,
        }


def _checked_ids(ids: npt.ArrayLike) -> Int64Array:
    array = np.asarray(ids)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise ValueError(f"ids must be whole numbers of shape (n,); these are {array.dtype} {array.shape}")
    return array.astype(np.int64)


def _living(state: _State) -> Iterator[tuple[npt.NDArray[np.uint64], npt.NDArray[Any]]]:
    """Codes and ids that were not removed, a million at a time."""
    for segment in state.segments:
        for start in range(0, len(segment), 1 << 20):
            codes, ids = segment.codes[start : start + (1 << 20)], segment.ids[start : start + (1 << 20)]
            if len(segment.dead):
                alive = segment.dead[start : start + (1 << 20)] == 0
                codes, ids = codes[alive], ids[alive]
            yield codes, ids
    yield from _tail_part(state.tail)


def _tail_part(tail: Tail) -> Iterator[tuple[npt.NDArray[np.uint64], Int64Array]]:
    if len(tail):
        alive = tail.dead[: len(tail)] == 0 if len(tail.dead) else slice(None)
        yield tail.codes[: len(tail)][alive], tail.ids[: len(tail)][alive]


def _built(parts: list[Part]) -> Segment:
    widest = max(int(ids.max(initial=0)) for _, ids in parts)
    return build_segment(lambda: parts, sum(len(codes) for codes, _ in parts), widest)


def _sorted(found: list[tuple[Hits, npt.NDArray[Any]]]) -> tuple[Int64Array, Int64Array, Int64Array]:
    some = [(hits, ids) for hits, ids in found if len(hits.rows)]
    if not some:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    rows = np.concatenate([hits.rows for hits, _ in some])
    ids = np.concatenate([np.asarray(ids[hits.places], np.int64) for hits, ids in some])
    bits = np.concatenate([hits.bits for hits, _ in some]).astype(np.int64)
    order = np.lexsort((ids, bits, rows))
    return rows[order], ids[order], bits[order]
