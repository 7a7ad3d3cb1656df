"""How a segment is cut into chunks, and how far each chunk is searched.

Generalised multi-index hashing (Norouzi, Punjani, Fleet: "Fast Exact Search in Hamming Space with
Multi-Index Hashing", 2014; generalised pigeonhole as in Qin et al., "GPH", 2018): cut the 256 bits into
m chunks and look up, in chunk i, all values within r_i bits of the query's. If sum(r_i + 1) = T + 1, no
code within T bits is missed: were it more than r_i bits away in every chunk, it would be at least
sum(r_i + 1) = T + 1 bits away. A chunk with r_i = -1 is not looked up.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DESIGN_RADIUS", "MAX_REACH", "Plan", "Reach", "choose_plan", "flip_masks", "reach_for"]

DESIGN_RADIUS = 31  # the radius that tables are laid out for; they serve any other
MAX_REACH = 4
TABLES_FROM = 8192  # fewer codes are scanned one after the other
MAX_TABLE_BYTES = (
    84  # of positions and offsets for each code: 130 in all with code (32), id (4 to 8) and slack
)
FREE_TABLE_BYTES = 32_000_000  # tables of this size may be had by any segment, however few its codes

# Nanoseconds on the machine of docs/benchmarks.md; only their ratios matter.
LOOK_UP_NS = 4.0
CANDIDATE_NS = 5.5
SCANNED_NS = 1.3


@dataclass(frozen=True, slots=True)
class Plan:
    """Widths in bits of the chunks, in order; () for a segment without tables."""

    widths: tuple[int, ...]

    @property
    def firsts(self) -> tuple[int, ...]:
        """First bit of each chunk."""
        return tuple(itertools.accumulate(self.widths, initial=0))[:-1]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far each chunk is searched for one radius: r_i, int64 (m,); and the expected nanoseconds."""

    radii: npt.NDArray[np.int64]
    cost_ns: float


def _look_ups(width: int, reach: int) -> int:
    return sum(math.comb(width, flips) for flips in range(reach + 1))


def _cost_ns(width: int, reach: int, entries: int) -> float:
    looked_up = float(_look_ups(width, reach))
    return looked_up * (LOOK_UP_NS + CANDIDATE_NS * entries / (1 << width))


@functools.lru_cache(maxsize=1024)
def reach_for(widths: tuple[int, ...], radius: int, entries: int) -> Reach | None:
    """The cheapest r_i with sum(r_i + 1) = radius + 1; None when a scan of all entries is cheaper."""
    wanted = radius + 1
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ()), *[(math.inf, ())] * wanted]
    for width in widths:
        options = [(0, 0.0)] + [(r + 1, _cost_ns(width, r, entries)) for r in range(MAX_REACH + 1)]
        best = [
            min(
                (best[total - part][0] + cost, (*best[total - part][1], part - 1))
                for part, cost in options
                if part <= total
            )
            for total in range(wanted + 1)
        ]
    cost, radii = best[wanted]
    if not widths or cost >= entries * SCANNED_NS:
        return None
    return Reach(np.array(radii, np.int64), cost)


@functools.lru_cache(maxsize=256)
def choose_plan(entries: int) -> Plan:
    """The cut into chunks that makes searches within 31 bits among ``entries`` random codes cheapest."""
    if entries < TABLES_FROM:
        return Plan(())
    best: tuple[float, tuple[int, ...]] = (math.inf, ())
    for chunks in range(8, 25):
        for widths in _cuts(chunks):
            table_bytes = sum(4 * (2**width + 1 + entries) for width in widths)
            if table_bytes > max(MAX_TABLE_BYTES * entries, FREE_TABLE_BYTES):
                continue
            reach = reach_for(widths, DESIGN_RADIUS, entries)
            if reach is not None and reach.cost_ns < best[0]:
                best = (reach.cost_ns, widths)
    return Plan(best[1])


def _cuts(chunks: int) -> list[tuple[int, ...]]:
    """Cuts of 256 bits into so many chunks: ``wide`` of one width and the rest up to four bits narrower.

    Chunks that are searched within more bits want to be wider than the others.
    """
    cuts = set()
    for wide, narrower in itertools.product(range(1, chunks + 1), range(5)):
        # w * wide + (w - narrower) * (chunks - wide), the last bits spread one each over the first chunks
        width, spare = divmod(256 + narrower * (chunks - wide), chunks)
        widths = [width] * wide + [width - narrower] * (chunks - wide)
        for place in range(spare):
            widths[place] += 1
        if min(widths) >= 8 and max(widths) <= 28:
            cuts.add(tuple(widths))
    return sorted(cuts)


@functools.lru_cache(maxsize=64)
def flip_masks(width: int, reach: int) -> tuple[npt.NDArray[np.uint32], tuple[int, ...]]:
    """All values of ``width`` bits with at most ``reach`` ones, and where each number of ones ends.

    Fewer ones come first; within one number of ones they are in order, so that neighbours lie in one
    cache line of the table. The ends have one more member than ``reach + 1``: ends[k] is where k - 1 ones end, ends[0] = 0.
    """
    masks, ends = [], [0]
    for flips in range(reach + 1):
        masks += sorted(sum(1 << bit for bit in bits) for bits in itertools.combinations(range(width), flips))
        ends.append(len(masks))
    return np.array(masks, np.uint32), tuple(ends)
