"""Exact search of 256-bit codes within a Hamming distance: nothing within the radius is ever missed.

A `HammingIndex` is a list of immutable segments with tables (`segment`), a small tail of newly added codes
that is scanned (`tail`), and marks on removed codes. `merge` makes one segment of all of it.

Everything a search reads is one immutable state, replaced as a whole by `add`, `remove` and `merge`. A search
takes the state once and runs without locks or the GIL, so it sees all of a change or nothing of it.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.matching.bits import checked_codes, shuffled
from holdfast.matching.build import build_segment
from holdfast.matching.flat import LivingCodes
from holdfast.matching.segment import WORK_COUNTERS, Segment, flat_hits
from holdfast.matching.segments import verify_file
from holdfast.matching.stored import copy_segment, open_segment, write_segment
from holdfast.matching.tail import Tail

__all__ = ["MAX_RADIUS", "HammingIndex", "SearchWork"]

MAX_RADIUS = 63
TAIL_ROWS = 16_384  # more newly added codes than this become a segment: scanning them takes 15 microseconds
SMALL_ROWS = 1 << 20  # segments up to this size are joined with their neighbours as more are added
BLOCK_ROWS = 1 << 20  # codes handed on at a time

Int64Array = npt.NDArray[np.int64]
Found = tuple[Int64Array, Int64Array, Int64Array]
Part = tuple[npt.NDArray[Any], npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class SearchWork:
    """What searches have cost since the index was made: counts, to hold against the stated bound."""

    look_ups: int
    signatures: int
    candidates: int
    dense_scanned: int
    fully_scanned: int


@dataclass(frozen=True, slots=True)
class _State:
    """What a search reads."""

    segments: tuple[Segment, ...]
    tail: Tail

    @property
    def living(self) -> int:
        return sum(segment.living for segment in self.segments) + self.tail.living


class HammingIndex:
    """An exact index over 256-bit codes. Safe for many threads; searches go on during changes."""

    def __init__(self) -> None:
        self._state = _State((), Tail.empty())
        self._lock = threading.Lock()  # held by whoever replaces the state
        self._merging = threading.Lock()
        self._journal: list[tuple[npt.NDArray[np.uint64] | None, Int64Array]] | None = None
        self._work = np.zeros(WORK_COUNTERS, np.int64)
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
        return self._state.living

    def add(self, codes: npt.ArrayLike, ids: npt.ArrayLike) -> None:
        """Adds ``codes`` uint8 (n, 32) with ``ids`` int64 (n,), 0 or more: found by every later search."""
        checked = checked_codes(codes)
        own_ids = _matching_ids(checked, ids)
        if len(own_ids) == 0:
            return
        if len(checked) > SMALL_ROWS:
            segment = _built([(checked, own_ids)])  # outside the lock: this takes seconds
            with self._lock:
                if self._journal is not None:
                    self._journal.append((shuffled(checked), own_ids))
                self._state = _State((*self._state.segments, segment), self._state.tail)
            return
        words = shuffled(checked)
        with self._lock:
            if self._journal is not None:
                self._journal.append((words, own_ids))
            self._state = _with_added(self._state, words, own_ids)

    def remove(self, ids: npt.ArrayLike) -> int:
        """Removes all codes that have one of these ids. Returns how many codes that were."""
        wanted = np.unique(_checked_ids(ids))
        if len(wanted) == 0:
            return 0
        with self._lock:
            if self._journal is not None:
                self._journal.append((None, wanted))
            before = self._state
            self._state = _without(before, wanted)
            return before.living - self._state.living

    def range_search(self, queries: npt.ArrayLike, radius: int = 31, threads: int = 1) -> Found:
        """Every (query, code) pair within ``radius`` bits, 0..63.

        ``queries`` is uint8 (q, 32). Returns int64 arrays of equal length: the query's row, the code's id,
        the distance in bits; sorted by row, then distance, then id. ``threads`` share the queries. Raises
        ValueError for other types or shapes, `IndexFileError` where damage to a mapped file is met.
        """
        if not 0 <= radius <= MAX_RADIUS:
            raise ValueError(f"radius must be 0..{MAX_RADIUS} bits; this is {radius}")
        words = shuffled(checked_codes(queries))
        words.setflags(write=False)
        state = self._state
        if threads <= 1 or len(words) <= 1:
            return self._search(state, words, radius)
        parts = [part for part in np.array_split(words, threads) if len(part)]
        with ThreadPoolExecutor(len(parts)) as pool:
            found = list(pool.map(lambda part: self._search(state, part, radius), parts))
        starts = itertools.accumulate(map(len, parts), initial=0)
        rows = np.concatenate([f[0] + start for f, start in zip(found, starts, strict=False)])
        return rows, np.concatenate([f[1] for f in found]), np.concatenate([f[2] for f in found])

    def _search(self, state: _State, words: npt.NDArray[np.uint64], radius: int) -> Found:
        work = np.zeros(WORK_COUNTERS, np.int64)
        found = [(segment.search(words, radius, work), segment.ids) for segment in state.segments]
        if len(state.tail):
            tail = state.tail
            found.append((flat_hits(tail.codes, len(tail), tail.dead, words, radius), tail.ids))
        with self._lock:
            self._work += work
        return _sorted(found)

    def merge(self) -> None:
        """Makes one segment of everything, without what was removed. Needs memory for old and new at once.

        Searches and changes go on meanwhile; the changes are made again on the new segment before it is used.
        """
        with self._merging:
            with self._lock:
                self._journal = []
                before = self._state
            try:
                segment = _built_from(before)
                with self._lock:
                    after = _State((segment,) if len(segment) else (), Tail.empty())
                    for words, ids in self._journal:
                        after = _without(after, ids) if words is None else _with_added(after, words, ids)
                    self._state = after
            finally:
                self._journal = None

    def save(self, path: Path | str, properties: dict[str, Any] | None = None) -> None:
        """Writes everything, merged, to one file, replaced as a whole. ``properties`` (JSON) go with it."""
        state, own = self._state, properties or self.properties
        if len(state.segments) == 1 and not state.segments[0].removed and not len(state.tail):
            copy_segment(Path(path), state.segments[0], own)
        else:
            write_segment(Path(path), lambda: _living(state), state.living, _widest_id(state), own)

    @classmethod
    def build(
        cls,
        path: Path | str,
        codes: npt.ArrayLike,
        ids: npt.ArrayLike | None = None,
        properties: dict[str, Any] | None = None,
    ) -> HammingIndex:
        """As `from_codes`, `save` and `open`, but built straight into the file: for lists near memory's size.

        ``codes`` may be mapped from a file themselves.
        """
        checked = checked_codes(codes)
        own_ids = np.arange(len(checked), dtype=np.int64) if ids is None else _matching_ids(checked, ids)
        parts = [(checked, own_ids)]
        widest = int(own_ids.max(initial=0))
        write_segment(Path(path), lambda: parts, len(checked), widest, properties or {})
        return cls.open(path)

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

    def living(self) -> tuple[LivingCodes, ...]:
        """All codes as they are at this moment, not copied, for `flat.flat_search` at radii beyond 63."""
        state = self._state
        parts = [LivingCodes(segment.codes, segment.ids, segment.dead) for segment in state.segments]
        tail = state.tail
        if len(tail):
            parts.append(LivingCodes(tail.codes[: len(tail)], tail.ids[: len(tail)], tail.dead))
        return tuple(parts)

    def verify(self) -> None:
        """Reads the whole file that this index was opened from. Raises `IndexFileError` if it is damaged."""
        if self._path is not None:
            verify_file(self._path)

    @property
    def work(self) -> SearchWork:
        """What searches have cost so far."""
        return SearchWork(*self._work[:5].tolist())

    def stats(self) -> dict[str, Any]:
        """Size and shape, for people and for tests."""
        state = self._state
        rows = sum(map(len, state.segments)) + len(state.tail)
        size_bytes = sum(segment.size_bytes for segment in state.segments) + len(state.tail) * 40
        return {
            "entries": state.living,
            "segments": len(state.segments),
            "tail": len(state.tail),
            "removed": rows - state.living,
            "dense": sum(segment.dense for segment in state.segments),
            "hot_keys": sum(segment.hot_keys for segment in state.segments),
            "widths": [list(segment.plan.widths) for segment in state.segments],
            "size_bytes": size_bytes,
            "bytes_per_entry": round(size_bytes / rows, 1) if rows else 0.0,
        }


def _checked_ids(ids: npt.ArrayLike) -> Int64Array:
    array = np.asarray(ids)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise ValueError(f"ids must be whole numbers of shape (n,); these are {array.dtype} {array.shape}")
    return array.astype(np.int64)


def _matching_ids(codes: npt.NDArray[np.uint8], ids: npt.ArrayLike) -> Int64Array:
    own_ids = _checked_ids(ids)
    if len(codes) != len(own_ids):
        raise ValueError(f"{len(codes)} codes came with {len(own_ids)} ids; nothing was added")
    if own_ids.min(initial=0) < 0:
        raise ValueError("ids must be 0 or more; nothing was added")
    return own_ids


def _with_added(state: _State, words: npt.NDArray[np.uint64], ids: Int64Array) -> _State:
    """The state with more codes, uint64 (n, 4). A full tail becomes a segment, small segments become one.

    Each code is built into a table again only when its segment at least doubles, so all additions up to n
    cost about log2(n) builds; larger segments wait for `merge`.
    """
    if len(state.tail) + len(words) <= TAIL_ROWS:
        return _State(state.segments, state.tail.with_added(words, ids))
    segments = list(state.segments)
    parts: list[Part] = [*_tail_part(state.tail), (words, ids)]
    rows = sum(len(part) for part, _ in parts)
    while segments and len(segments[-1]) <= min(2 * rows, SMALL_ROWS):
        last = segments.pop()
        rows += len(last)
        parts += _segment_parts(last)
    return _State((*segments, _built(parts)), Tail.empty())


def _without(state: _State, ids: Int64Array) -> _State:
    return _State(tuple(segment.without(ids) for segment in state.segments), state.tail.without(ids))


def _segment_parts(segment: Segment) -> Iterator[Part]:
    """Codes and ids that were not removed, a million at a time."""
    for start in range(0, len(segment), BLOCK_ROWS):
        end = min(start + BLOCK_ROWS, len(segment))
        codes, ids = segment.codes[start:end], segment.ids[start:end]
        if segment.removed:
            alive = segment.alive(start, end)
            codes, ids = codes[alive], ids[alive]
        yield codes, ids


def _tail_part(tail: Tail) -> Iterator[Part]:
    if len(tail):
        alive = tail.alive()
        yield tail.codes[: len(tail)][alive], tail.ids[: len(tail)][alive]


def _living(state: _State) -> Iterator[Part]:
    for segment in state.segments:
        yield from _segment_parts(segment)
    yield from _tail_part(state.tail)


def _widest_id(state: _State) -> int:
    return max((int(ids.max(initial=0)) for _, ids in _living(state)), default=0)


def _built(parts: list[Part]) -> Segment:
    widest = max((int(ids.max(initial=0)) for _, ids in parts), default=0)
    return build_segment(lambda: parts, sum(len(codes) for codes, _ in parts), widest)


def _built_from(state: _State) -> Segment:
    return build_segment(lambda: _living(state), state.living, _widest_id(state))


def _sorted(found: list[tuple[npt.NDArray[np.int64], npt.NDArray[Any]]]) -> Found:
    some = [(hits, ids) for hits, ids in found if len(hits)]
    if not some:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    rows = np.concatenate([hits[:, 0] for hits, _ in some])
    ids = np.concatenate([ids[hits[:, 1]].astype(np.int64) for hits, ids in some])
    bits = np.concatenate([hits[:, 2] for hits, _ in some])
    order = np.lexsort((ids, bits, rows))
    return rows[order], ids[order], bits[order]
