"""One immutable set of codes with its tables: built in memory or straight into a file, or opened from one.

Codes whose bits are shared by so many others that a bucket is over-full (more than ``cap`` codes) lie at
the front, as the *dense* block. A search that meets such a bucket does not follow it but scans the
dense block, once. The work of one query is therefore at most: its look-ups, plus ``BUDGET_SHARE`` of the codes as
candidates, plus the dense block; or, once its candidates pass that share, one scan of all codes besides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.errors import IndexFileError
from holdfast.matching import kernels
from holdfast.matching.bits import shuffled
from holdfast.matching.plan import Plan, choose_plan, flip_masks, reach_for
from holdfast.matching.segments import SectionWriter, read_sections

__all__ = ["BUDGET_SHARE", "Hits", "Segment", "build_segment", "open_segment", "write_segment"]

BUDGET_SHARE = 1 / 16
LEAST_CAP = 128
CAP_OVER_MEAN = 16  # a bucket is over-full with so many times the mean of its table
MOST_DENSE = 1 / 4  # of all codes; were it more, the cap is doubled
_UINT32_LIMIT = 2**32
_NO_CODES = np.zeros((0, 4), np.uint64)

Allocate = Callable[[str, str, tuple[int, ...]], npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found: three arrays of equal length, in no order."""

    rows: npt.NDArray[np.int64]  # which query
    places: npt.NDArray[np.int64]  # position in the segment
    bits: npt.NDArray[np.uint8]  # distance


@dataclass(slots=True)
class Segment:
    """Codes uint64 (n, 4) in the index's bit order, their ids, and tables over them.

    ``dead`` is uint8 (n,), 1 where a code was removed since, or (0,) while none is.
    """

    codes: npt.NDArray[np.uint64]
    ids: npt.NDArray[Any]
    offsets: npt.NDArray[np.uint32]
    positions: npt.NDArray[np.uint32]
    plan: Plan
    cap: int
    dense: int
    dead: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    _layout: dict[int, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def size_bytes(self) -> int:
        return self.codes.nbytes + self.ids.nbytes + self.offsets.nbytes + self.positions.nbytes

    def search(self, queries: npt.NDArray[np.uint64], radius: int, work: npt.NDArray[np.int64]) -> Hits:
        """All living codes within ``radius`` bits of queries uint64 (q, 4). Adds to ``work`` int64 (4,)."""
        layout = self._layout_for(radius)
        if layout is None:
            work[3] += len(self.codes) * len(queries)
            return scan(self.codes, len(self.codes), self.dead, queries, radius)
        begin, room = 0, max(64, 2 * len(queries))
        found: list[Hits] = []
        while True:
            hits = _room_for(room)
            begin, count, needed = kernels.search_tables(
                *(self.codes, self.offsets, self.positions), *layout, self.cap, self.dense,
                int(len(self.codes) * BUDGET_SHARE), self.dead, queries, begin, radius,
                hits.rows, hits.places, hits.bits, work,
            )  # fmt: skip
            found.append(Hits(hits.rows[:count], hits.places[:count], hits.bits[:count]))
            if begin == len(queries):
                return _joined(found)
            room = 2 * needed

    def positions_of(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Where codes with one of these ids (sorted) lie."""
        blocks = []
        for start in range(0, len(self.ids), 1 << 20):
            block = np.asarray(self.ids[start : start + (1 << 20)], np.int64)
            place = np.minimum(np.searchsorted(ids, block), len(ids) - 1)
            blocks.append(np.flatnonzero(ids[place] == block) + start)
        return np.concatenate(blocks) if blocks else np.zeros(0, np.int64)

    def _layout_for(self, radius: int) -> Any:
        if radius not in self._layout:
            self._layout[radius] = _layout(self.plan, radius, len(self.codes))
        return self._layout[radius]


def _layout(plan: Plan, radius: int, count: int) -> Any:
    """The kernel's arguments about chunks for one radius; None for a scan."""
    reach = reach_for(plan.widths, radius, count)
    if reach is None:
        return None
    masks, ends, start = [], [], 0
    for width, most in zip(plan.widths, reach.radii.tolist(), strict=True):
        chunk_masks, chunk_ends = flip_masks(width, max(most, 0))
        masks.append(chunk_masks)
        padded = [*chunk_ends, *[chunk_ends[-1]] * 8][:8]
        ends.append([start + end for end in padded])
        start += len(chunk_masks)
    sizes = [2**width + 1 for width in plan.widths]
    return (
        np.array(plan.firsts, np.int64),
        np.array(plan.widths, np.int64),
        np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64),
        np.concatenate(masks),
        np.array(ends, np.int64),
        reach.radii,
    )


def scan(
    codes: npt.NDArray[np.uint64],
    count: int,
    dead: npt.NDArray[np.uint8],
    queries: npt.NDArray[np.uint64],
    radius: int,
) -> Hits:
    """Hits among the first ``count`` codes, by comparing with each."""
    room = 64
    while True:
        hits = _room_for(room)
        found = kernels.scan_flat(codes, count, dead, queries, radius, hits.rows, hits.places, hits.bits, 0)
        if found <= room:
            return Hits(hits.rows[:found], hits.places[:found], hits.bits[:found])
        room = found


def _room_for(count: int) -> Hits:
    return Hits(np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.uint8))


def _joined(parts: list[Hits]) -> Hits:
    if len(parts) == 1:
        return parts[0]
    return Hits(
        np.concatenate([p.rows for p in parts]),
        np.concatenate([p.places for p in parts]),
        np.concatenate([p.bits for p in parts]),
    )


Source = Callable[[], Any]


def build_segment(
    blocks: Source, count: int, widest_id: int, allocate: Allocate | None = None, plan: Plan | None = None
) -> Segment:
    """Builds a segment from ``blocks()``, an iterable of (codes, ids int64) with ``count`` codes in all.

    Codes are uint8 (n, 32), or uint64 (n, 4) already in the index's order. ``allocate(name, dtype, shape)``
    gives the arrays (in memory by default). Temporary memory: one byte a code, and one table's counts.
    """
    allocate = allocate or (lambda _name, dtype, shape: np.zeros(shape, dtype))
    plan = plan or choose_plan(count)
    codes = allocate("codes", "<u8", (count, 4))
    ids = allocate("ids", "<u4" if widest_id < _UINT32_LIMIT else "<i8", (count,))
    end = 0
    for block_codes, block_ids in blocks():
        start, end = end, end + len(block_codes)
        if block_codes.dtype == np.uint8:
            shuffled(block_codes, codes[start:end])
        else:
            codes[start:end] = block_codes
        ids[start:end] = block_ids
    cap, dense = _dense_first(codes, ids, plan)
    offsets = allocate("offsets", "<u4", (sum(2**width + 1 for width in plan.widths),))
    positions = allocate("positions", "<u4", (len(plan.widths) * count,))
    _fill_tables(codes, plan, offsets, positions)
    return Segment(codes, ids, offsets, positions, plan, cap, dense)


def _dense_first(codes: npt.NDArray[np.uint64], ids: npt.NDArray[Any], plan: Plan) -> tuple[int, int]:
    """Moves members of over-full buckets to the front. Returns (cap, how many they are)."""
    count = len(codes)
    mean = max((count / 2**width for width in plan.widths), default=0.0)
    cap = max(LEAST_CAP, int(CAP_OVER_MEAN * mean))
    hot = np.zeros(count, np.uint8)
    while plan.widths:
        hot[:] = 0
        for first, width in zip(plan.firsts, plan.widths, strict=True):
            counts = np.zeros(2**width, np.uint32)
            kernels.count_keys(codes, first, width, counts)
            if counts.max(initial=0) > cap:
                kernels.mark_hot(codes, first, width, counts, cap, hot)
        if hot.sum() <= count * MOST_DENSE or cap > count:
            break
        cap *= 2
    dense = int(hot.sum())
    if dense:
        order = np.argsort(hot == 0, kind="stable")
        codes[:] = codes[order]
        ids[:] = ids[order]
    return cap, dense


def _fill_tables(
    codes: npt.NDArray[np.uint64],
    plan: Plan,
    offsets: npt.NDArray[np.uint32],
    positions: npt.NDArray[np.uint32],
) -> None:
    base, count = 0, len(codes)
    for chunk, (first, width) in enumerate(zip(plan.firsts, plan.widths, strict=True)):
        table = offsets[base : base + 2**width + 1]
        kernels.count_keys(codes, first, width, table[1:])
        np.cumsum(table, out=table)
        kernels.place_keys(
            codes, first, width, table[:-1].copy(), positions[chunk * count : (chunk + 1) * count]
        )
        base += 2**width + 1


def write_segment(
    path: Path,
    blocks: Source,
    count: int,
    widest_id: int,
    properties: dict[str, Any],
    plan: Plan | None = None,
) -> None:
    """Builds a segment straight into a file (see `build_segment`); memory stays far below its size."""
    writer = SectionWriter(path)
    try:
        segment = build_segment(blocks, count, widest_id, writer.section, plan)
        own = {
            "count": count,
            "widths": list(segment.plan.widths),
            "cap": segment.cap,
            "dense": segment.dense,
        }
        writer.commit(own | {"caller": properties})
    finally:
        writer.abandon()


def open_segment(path: Path) -> tuple[Segment, dict[str, Any]]:
    """A segment mapped from a file, and the properties that its writer gave. Raises `IndexFileError`."""
    properties, sections = read_sections(path)
    try:
        plan = Plan(tuple(int(width) for width in properties["widths"]))
        segment = Segment(
            sections["codes"],
            sections["ids"],
            sections["offsets"],
            sections["positions"],
            plan,
            int(properties["cap"]),
            int(properties["dense"]),
        )
        caller: dict[str, Any] = properties["caller"]
    except (KeyError, TypeError, ValueError) as error:
        raise IndexFileError(f"{path}: its header lacks something. It was not used. Remove it.") from error
    _check_shapes(path, segment)
    return segment, caller


def _check_shapes(path: Path, segment: Segment) -> None:
    count, widths = len(segment.codes), segment.plan.widths
    right = (
        segment.codes.shape == (count, 4)
        and segment.ids.shape == (count,)
        and segment.offsets.shape == (sum(2**width + 1 for width in widths),)
        and segment.positions.shape == (len(widths) * count,)
        and (not widths or sum(widths) == 256)
        and 0 <= segment.dense <= count
    )
    if not right:
        raise IndexFileError(f"{path}: its sections do not fit together. It was not used. Remove it.")
