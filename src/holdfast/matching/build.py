"""Builds a segment: codes in order of their ids, crowded ones first, and a table for each chunk.

Arrays come from an allocator, so the same steps fill memory or a mapped file. Beside them this needs 9 bytes
a code, and a second copy of the codes if they must be reordered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from holdfast.matching import table_kernels
from holdfast.matching.bits import shuffled
from holdfast.matching.plan import Plan, choose_plan, cost_limit
from holdfast.matching.segment import SIGNATURE_PADDING, Arrays, Segment

__all__ = ["build_segment"]

LEAST_CAP = 1024
CAP_SHARE = 512  # a bucket with more than 1 / 512 of all codes is hot
_UINT32_LIMIT = 2**32

Allocate = Callable[[str, str, tuple[int, ...]], npt.NDArray[Any]]
Blocks = Callable[[], Iterable[tuple[npt.NDArray[Any], npt.NDArray[Any]]]]
Flags = npt.NDArray[np.uint8]


def _in_memory(_name: str, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    return np.zeros(shape, dtype)


def build_segment(
    blocks: Blocks,
    count: int,
    widest_id: int,
    allocate: Allocate = _in_memory,
    plan: Plan | None = None,
    cap: int | None = None,
    limit: int | None = None,
) -> Segment:
    """Builds a segment from ``blocks()``: an iterable of (codes, ids), read once, ``count`` codes in all.

    Codes are uint8 (n, 32), or uint64 (n, 4) already in the index's order. ``allocate(name, dtype, shape)``
    gives zeroed arrays. ``plan``, ``cap`` (codes in one bucket before it is hot) and ``limit`` (of one
    query's work in tables) are chosen from the count unless given.
    """
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
    odd = int(table_kernels.count_odd(codes))
    parity = 0 if odd == 0 else 1 if odd == count else -1
    plan = plan or choose_plan(count, one_parity=parity >= 0)
    hot = _hot_keys(codes, plan, cap or max(LEAST_CAP, count // CAP_SHARE))
    dense = _put_in_order(codes, ids, plan, hot)
    offsets = allocate("offsets", "<u4", (plan.offset_bases(count)[-1],))
    signatures = allocate("signatures", "<u2", (len(plan.widths) * count + SIGNATURE_PADDING,))
    positions = allocate("positions", "|u1", (3 * len(plan.widths) * count,))
    _fill_tables(codes, plan, hot, offsets, signatures, positions)
    arrays = Arrays(codes, ids, offsets, signatures, positions).read_only()
    return Segment(arrays, plan, parity, dense, cost_limit(count) if limit is None else limit)


def _hot_keys(codes: npt.NDArray[np.uint64], plan: Plan, cap: int) -> list[Flags]:
    """For each chunk uint8 (2**bits,): which keys more than ``cap`` codes have."""
    hot = []
    for first, bits in zip(plan.firsts, plan.key_bits, strict=True):
        counts = np.zeros(2**bits, np.uint32)
        table_kernels.count_keys(codes, first, bits, counts)
        hot.append((counts > cap).view(np.uint8))
    return hot


def _put_in_order(codes: npt.NDArray[np.uint64], ids: npt.NDArray[Any], plan: Plan, hot: list[Flags]) -> int:
    """Sorts by id, members of hot buckets before all others. Returns how many of these there are."""
    marked = np.zeros(len(codes), np.uint8)
    for first, bits, is_hot in zip(plan.firsts, plan.key_bits, hot, strict=True):
        if is_hot.any():
            table_kernels.mark_hot(codes, first, bits, is_hot, marked)
    dense = int(marked.sum(dtype=np.int64))
    rises = bool(np.all(ids[1:] >= ids[:-1]))
    if rises and not dense:
        return 0
    order = np.arange(len(ids)) if rises else np.argsort(ids, kind="stable")
    if dense:
        is_marked = marked[order] == 1
        order = np.concatenate([order[is_marked], order[~is_marked]])
    codes[:] = codes[order]
    ids[:] = ids[order]
    return dense


def _fill_tables(
    codes: npt.NDArray[np.uint64],
    plan: Plan,
    hot: list[Flags],
    offsets: npt.NDArray[np.uint32],
    signatures: npt.NDArray[np.uint16],
    positions: npt.NDArray[np.uint8],
) -> None:
    count, chunks = len(codes), len(plan.widths)
    blocks, bases, firsts = plan.blocks(count), plan.offset_bases(count), plan.firsts
    entries = np.empty(count if chunks else 0, np.uint64)
    for chunk, (first, bits) in enumerate(zip(firsts, plan.key_bits, strict=True)):
        table = offsets[bases[chunk] : bases[chunk + 1]]
        table_kernels.count_blocks(codes, first, bits, plan.block_bits, blocks, hot[chunk], table[1:])
        np.cumsum(table, out=table)
        cursors = table[:-1:blocks].copy()
        parts = cursors[:: 1 << (bits - table_kernels.PARTS_BITS)].astype(np.int64)
        table_kernels.fill_table(
            codes, first, bits, firsts[(chunk + 1) % chunks], plan.signature_bits[chunk], plan.block_bits,
            hot[chunk], cursors, parts, entries,
            signatures[chunk * count : (chunk + 1) * count],
            positions[3 * chunk * count : 3 * (chunk + 1) * count],
        )  # fmt: skip
        table[:-1:blocks] |= hot[chunk].astype(np.uint32) << np.uint32(31)
