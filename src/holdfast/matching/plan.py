"""How a segment's codes are cut into chunks, and how far each chunk is searched.

*Look-ups.* Generalised multi-index hashing (Norouzi, Punjani, Fleet, "Fast Exact Search in Hamming Space
with Multi-Index Hashing", 2014; unequal radii as in Qin et al., "GPH", ICDE 2018): cut the 256 bits into m
chunks and look up, in chunk i, all values within r_i bits of the query's. If sum(r_i + 1) = T + 1, nothing
within T bits is missed. A chunk with r_i = -1 is not looked up.

*Signatures.* The chunks stand in a ring, and what a look-up finds must pass a second test before its code is
fetched (Qin and Xiao, "Pigeonring", VLDB 2018). Let d_i be the bits that differ in chunk i, and
e_i = r_i + 1 - d_i. For a code within T bits the e_i add up to at least 1, so going round the ring from some
chunk all partial sums are positive (cycle lemma). At that chunk d_i <= r_i and
d_i + d_(i+1) <= r_i + r_(i+1) + 1.
So each table keeps 16 bits of the *next* chunk beside each position, and about one candidate in 400
survives. That is what makes few, short chunks (16 bits, r = 1) the fastest plan at every size.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["CODE_BITS", "MAX_REACH", "Plan", "choose_plan", "cost_limit", "reach_for"]

CODE_BITS = 256
SIGNATURE_BITS = 16
MAX_REACH = 6
MAX_KEY_BITS = 24
TABLES_FROM = 8192  # fewer codes are scanned one after the other
BLOCK_BITS = 24  # of a position that are stored; the rest follows from where in its bucket it stands
MEAN_BUCKET_BITS = 3  # buckets hold 2**3 to 2**4 codes in small segments, more only when chunks end

# What a query's work costs, in comparisons of a flat scan; the kernels count with the same numbers.
LOOK_UP_COST = 16
SIGNATURES_FOR_ONE = 8
CANDIDATE_COST = 16


@dataclass(frozen=True, slots=True)
class Plan:
    """Widths of the chunks in bits, in order, and how many low bits of each make the key of its table.

    Both are () for a segment without tables. ``block_bits``: see `BLOCK_BITS`.
    """

    widths: tuple[int, ...]
    key_bits: tuple[int, ...]
    block_bits: int = BLOCK_BITS

    @property
    def firsts(self) -> tuple[int, ...]:
        """First bit of each chunk."""
        return tuple(itertools.accumulate(self.widths, initial=0))[:-1]

    @property
    def signature_bits(self) -> tuple[int, ...]:
        """How many low bits of the next chunk each table keeps."""
        following = (*self.widths[1:], *self.widths[:1])
        return tuple(min(SIGNATURE_BITS, width) for width in following)

    def blocks(self, count: int) -> int:
        """How many blocks of ``2**block_bits`` codes a segment of ``count`` codes has; at least 1."""
        return max(1, -(-count >> self.block_bits))

    def offset_bases(self, count: int) -> tuple[int, ...]:
        """Where each table's offsets begin, and last where they all end."""
        sizes = ((self.blocks(count) << bits) + 1 for bits in self.key_bits)
        return tuple(itertools.accumulate(sizes, initial=0))

    def is_sound(self) -> bool:
        """Whether the kernels can work with this plan: it may come from a file."""
        return (
            len(self.widths) == len(self.key_bits)
            and (not self.widths or (len(self.widths) >= 2 and sum(self.widths) == CODE_BITS))
            and all(
                8 <= bits <= min(width, MAX_KEY_BITS) and width <= 48
                for width, bits in zip(self.widths, self.key_bits, strict=True)
            )
            and 1 <= self.block_bits <= BLOCK_BITS
        )


def choose_plan(count: int, *, one_parity: bool = False) -> Plan:
    """The plan for ``count`` codes: 16 chunks; 15 wider ones if all codes have the same parity.

    Real PDQ hashes have 128 ones each, so two of them never differ in 31 bits: 30 is searched instead,
    and 15 chunks with r = 1 reach that.
    """
    if count < TABLES_FROM:
        return Plan((), ())
    chunks = 15 if one_parity else 16
    width, spare = divmod(CODE_BITS, chunks)
    widths = tuple(width + (place < spare) for place in range(chunks))
    most = max(8, count.bit_length() - 1 - MEAN_BUCKET_BITS)
    return Plan(widths, tuple(min(width, most) for width in widths))


def cost_limit(count: int) -> int:
    """The table work, in comparisons, after which a query scans a segment of ``count`` codes instead."""
    return count // 2


def _cost(bits: int, reach: int, count: int) -> float:
    look_ups = sum(math.comb(bits, flips) for flips in range(reach + 1))
    return look_ups * (LOOK_UP_COST + count / float(2**bits) / SIGNATURES_FOR_ONE)


@functools.lru_cache(maxsize=1024)
def reach_for(plan: Plan, radius: int, count: int, limit: int) -> npt.NDArray[np.int64] | None:
    """The cheapest r_i, int64 (m,), for a radius >= -1; None when its tables would cost ``limit`` or more."""
    wanted = radius + 1
    nothing: tuple[int, ...] = ()
    best = [(0.0, nothing)] + [(math.inf, nothing)] * wanted
    for bits in plan.key_bits:
        options = [(0, 0.0)] + [(r + 1, _cost(bits, r, count)) for r in range(MAX_REACH + 1)]
        best = [
            min(
                (best[total - units][0] + cost, (*best[total - units][1], units - 1))
                for units, cost in options
                if units <= total
            )
            for total in range(wanted + 1)
        ]
    cost, radii = best[wanted]
    if not plan.widths or cost >= limit:
        return None
    return np.array(radii, np.int64)
