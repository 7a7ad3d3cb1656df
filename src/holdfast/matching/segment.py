"""One immutable set of codes with its tables, in memory or mapped from a file.

**Bound.** Bits that very many codes share would make buckets over-full. A bucket with more than 1/512 of
all codes is *hot*: it is left empty, and its members lie at the front of the segment, the *dense* block
(they stay in their other, ordinary buckets). A query that meets a hot key scans the dense block, once,
instead. All work in tables is counted in units of one comparison (`plan`); when a query's count passes half
the number of codes, it turns to a scan of all codes. So, whatever the codes and the query, among n codes:

    work of one query  <=  n / 2  +  one batch (32 look-ups, 128 candidates)  +  (dense, or n)

in comparisons of a flat scan: never more than about one and a half flat scans.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from holdfast.errors import IndexFileError
from holdfast.matching import kernels
from holdfast.matching.plan import Plan, reach_for

__all__ = ["SIGNATURE_PADDING", "WORK_COUNTERS", "Arrays", "Segment", "flat_hits"]

SIGNATURE_PADDING = 32  # signatures are read 32 at a time
WORK_COUNTERS = 6  # look-ups, signatures, candidates, dense and full scans, and whether damage was met
_NOTHING = np.zeros(0, np.uint8)
_NOTHING.setflags(write=False)

Hits = npt.NDArray[np.int64]  # (n, 3): query row, position, distance in bits; in no order


class Arrays(NamedTuple):
    """What a segment is stored as; see `kernels` for the tables (the last three).

    ``codes`` uint64 (n, 4) in the index's bit order, ``ids`` uint32 or int64 (n,), ``offsets`` uint32,
    ``signatures`` uint16 (tables * n + padding,), ``positions`` uint8 (3 * tables * n,).
    """

    codes: npt.NDArray[np.uint64]
    ids: npt.NDArray[Any]
    offsets: npt.NDArray[np.uint32]
    signatures: npt.NDArray[np.uint16]
    positions: npt.NDArray[np.uint8]

    def read_only(self) -> Arrays:
        """The same memory, as mapped files are seen: then kernels are compiled for one kind of array only."""
        seen = Arrays._make(array.view() for array in self)
        for array in seen:
            array.setflags(write=False)
        return seen


@dataclass(frozen=True, slots=True)
class Segment:
    """Codes, their ids, and tables over them (read-only arrays).

    ``parity`` is that of all codes' numbers of ones, or -1; ``dense``: so many codes at the front were
    crowded out of some bucket; ids rise before and behind that border. ``cost_limit``: see `plan.cost_limit`.
    ``dead`` is a bit map, uint8 (ceil(n / 8),), of codes removed since, or (0,) while there are none;
    ``removed`` is how many.
    """

    arrays: Arrays
    plan: Plan
    parity: int
    dense: int
    cost_limit: int
    dead: npt.NDArray[np.uint8] = field(default_factory=lambda: _NOTHING)
    removed: int = 0
    _arguments: dict[int, Any] = field(default_factory=dict)

    @property
    def codes(self) -> npt.NDArray[np.uint64]:
        return self.arrays.codes

    @property
    def ids(self) -> npt.NDArray[Any]:
        return self.arrays.ids

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def living(self) -> int:
        """How many codes were not removed."""
        return len(self.codes) - self.removed

    @property
    def size_bytes(self) -> int:
        return sum(array.nbytes for array in self.arrays) + self.dead.nbytes

    @property
    def hot_keys(self) -> int:
        """How many buckets were over-full."""
        return int(np.count_nonzero(self.arrays.offsets & np.uint32(1 << 31)))

    def search(self, queries: npt.NDArray[np.uint64], radius: int, work: npt.NDArray[np.int64]) -> Hits:
        """All living codes within ``radius`` bits of queries uint64 (q, 4); ``work`` int64 (6,) is added to.

        Raises `IndexFileError` where the tables lead outside the segment: the file is damaged.
        """
        arguments = self._arguments_for(radius)
        if arguments is None:
            work[4] += len(self.codes) * len(queries)
            return flat_hits(self.codes, len(self.codes), self.dead, queries, radius)
        tables, facts, radii = arguments
        arrays, begin, room = self.arrays, 0, max(64, 2 * len(queries))
        batches = np.empty((kernels.RING + 1, kernels.BATCH_COLUMNS), np.int64)
        found: list[Hits] = []
        while True:
            hits = np.empty((room, 3), np.int64)
            begin, count, needed = kernels.search_tables(
                self.codes, arrays.signatures, arrays.positions, arrays.offsets, tables, facts, radii,
                self.dead, queries, begin, batches, np.zeros((len(queries), 3), np.int64), hits, work,
            )  # fmt: skip
            if work[5]:
                raise IndexFileError(
                    "The index's tables are damaged. Nothing was found or excluded. Build it again."
                )
            found.append(hits[:count])
            if begin == len(queries):
                return found[0] if len(found) == 1 else np.concatenate(found)
            room = 2 * (needed - count) + len(queries)

    def without(self, ids: npt.NDArray[np.int64]) -> Segment:
        """The segment less all codes with one of these ids (sorted, each once); itself when it has none."""
        places = self._positions_of(ids)
        dead = self.dead.copy() if len(self.dead) else np.zeros(-(-len(self.codes) // 8), np.uint8)
        masks = np.left_shift(1, places & 7).astype(np.uint8)
        fresh = (dead[places >> 3] & masks) == 0
        if not fresh.any():
            return self
        np.bitwise_or.at(dead, places[fresh] >> 3, masks[fresh])
        dead.setflags(write=False)
        return replace(self, dead=dead, removed=self.removed + int(fresh.sum()))

    def alive(self, start: int, end: int) -> npt.NDArray[np.bool_]:
        """bool (end - start,): which of these codes were not removed; ``start`` is a multiple of 8."""
        if not len(self.dead):
            return np.ones(end - start, np.bool_)
        bits = np.unpackbits(self.dead[start >> 3 : -(-end // 8)], bitorder="little")
        alive: npt.NDArray[np.bool_] = bits[: end - start] == 0
        return alive

    def _positions_of(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        wanted = ids[ids <= np.iinfo(self.ids.dtype).max].astype(self.ids.dtype)
        ranges = []
        for start, end in ((0, self.dense), (self.dense, len(self.ids))):
            part = self.ids[start:end]
            first, last = np.searchsorted(part, wanted, "left"), np.searchsorted(part, wanted, "right")
            lengths = last - first
            some = lengths > 0
            first, lengths = first[some], lengths[some]
            within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            ranges.append(start + np.repeat(first, lengths) + within)
        return np.concatenate(ranges).astype(np.int64)

    def _arguments_for(self, radius: int) -> Any:
        if radius not in self._arguments:
            self._arguments[radius] = self._made_arguments(radius)
        return self._arguments[radius]

    def _made_arguments(self, radius: int) -> Any:
        """The kernel's arguments about chunks for one radius; None for a scan."""
        plan, count = self.plan, len(self.codes)
        reach = reach_for(plan, radius, count, self.cost_limit)
        reach_of_one_less = reach_for(plan, radius - 1, count, self.cost_limit)
        if reach is None or reach_of_one_less is None:
            return None
        firsts = np.array(plan.firsts)
        columns = [
            firsts,
            np.array(plan.key_bits),
            np.roll(firsts, -1),
            np.array(plan.signature_bits),
            np.array(plan.offset_bases(count)[:-1]),
            np.arange(len(firsts)) * count,
        ]
        facts = [
            radius, self.parity, self.dense, plan.blocks(count), plan.block_bits, self.cost_limit, count,
        ]  # fmt: skip
        return (
            np.ascontiguousarray(np.stack(columns, axis=1), np.int64),
            np.array(facts, np.int64),
            np.stack([reach, reach_of_one_less]),
        )


def flat_hits(
    codes: npt.NDArray[np.uint64],
    count: int,
    dead: npt.NDArray[np.uint8],
    queries: npt.NDArray[np.uint64],
    radius: int,
) -> Hits:
    """Hits among the first ``count`` codes (read-only arrays), by comparing with each."""
    room = 64
    while True:
        hits = np.empty((room, 3), np.int64)
        found = kernels.scan_flat(codes, count, dead, queries, 0, len(queries), radius, hits, 0)
        if found <= room:
            return hits[:found]
        room = found
