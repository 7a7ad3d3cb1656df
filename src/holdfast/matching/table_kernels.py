"""The compiled loops of building tables. Everything here trusts its caller; all run without the GIL."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit as compiled
from holdfast.matching.intrinsics import bit_count, chunk_bits

__all__ = ["PARTS_BITS", "count_blocks", "count_keys", "count_odd", "fill_table", "mark_hot", "permute"]

njit = compiled(_nrt=False)  # nothing here makes arrays: no counting of references to them
PARTS_BITS = 8  # a table is filled in so many parts that each is written within the cache
SIGNATURE_SHIFT, POSITION_SHIFT = (
    24,
    40,
)  # of an entry on its way: 24 bits of key, 16 of signature, 24 of position


@njit
def permute(codes: Any, table: Any, out: Any) -> None:
    """Reorders bits: ``codes`` uint8 (n, 32) to ``out`` uint64 (n, 4); ``table`` uint64 (32, 256, 4)."""
    for row in range(codes.shape[0]):
        word0 = word1 = word2 = word3 = np.uint64(0)
        for byte in range(32):
            value = codes[row, byte]
            word0 |= table[byte, value, 0]
            word1 |= table[byte, value, 1]
            word2 |= table[byte, value, 2]
            word3 |= table[byte, value, 3]
        out[row, 0] = word0
        out[row, 1] = word1
        out[row, 2] = word2
        out[row, 3] = word3


@njit
def count_odd(codes: Any) -> Any:
    """How many codes have an odd number of ones."""
    odd = 0
    for row in range(codes.shape[0]):
        odd += bit_count(codes[row, 0] ^ codes[row, 1] ^ codes[row, 2] ^ codes[row, 3]) & 1
    return odd


@njit
def count_keys(codes: Any, first: Any, bits: Any, counts: Any) -> None:
    """Adds to ``counts`` uint32 (2**bits,) how many codes have each key."""
    for row in range(codes.shape[0]):
        counts[chunk_bits(codes, row, first, bits)] += np.uint32(1)


@njit
def mark_hot(codes: Any, first: Any, bits: Any, is_hot: Any, marked: Any) -> None:
    """Sets ``marked`` uint8 (n,) for codes whose key is hot; ``is_hot`` uint8 (2**bits,)."""
    for row in range(codes.shape[0]):
        if is_hot[chunk_bits(codes, row, first, bits)]:
            marked[row] = 1


@njit
def count_blocks(
    codes: Any, first: Any, bits: Any, block_bits: Any, blocks: Any, is_hot: Any, counts: Any
) -> None:
    """Adds to ``counts`` uint32 (2**bits * blocks,) the codes of each key and block, hot keys left out."""
    for row in range(codes.shape[0]):
        key = chunk_bits(codes, row, first, bits)
        if not is_hot[key]:
            counts[key * blocks + (row >> block_bits)] += np.uint32(1)


@njit
def fill_table(
    codes: Any, first: Any, bits: Any, next_first: Any, next_bits: Any, block_bits: Any, is_hot: Any,
    cursors: Any, part_ends: Any, entries: Any, signatures: Any, positions: Any,
) -> None:  # fmt: skip
    """Fills one table's ``signatures`` uint16 (n,) and ``positions`` uint8 (3 n,).

    ``cursors`` uint32 (2**bits,) starts at each bucket's begin. Written at once, every entry would miss the
    cache, so they go into ``entries`` uint64 (n,) first, parted by their highest key bits, and from there
    part by part. ``part_ends`` int64 (256,) starts where each part begins.
    """
    low_bits = bits - PARTS_BITS
    low_position = np.uint64((1 << block_bits) - 1)
    end = 0
    for row in range(codes.shape[0]):
        key = chunk_bits(codes, row, first, bits)
        if not is_hot[key]:
            part = key >> low_bits
            entries[part_ends[part]] = (
                np.uint64(key)
                | np.uint64(chunk_bits(codes, row, next_first, next_bits)) << np.uint64(SIGNATURE_SHIFT)
                | (np.uint64(row) & low_position) << np.uint64(POSITION_SHIFT)
            )
            part_ends[part] += 1
            end += 1
    key_mask = np.uint64((1 << SIGNATURE_SHIFT) - 1)
    for j in range(end):
        entry = entries[j]
        key = np.int64(entry & key_mask)
        place = np.int64(cursors[key])
        cursors[key] += np.uint32(1)
        signatures[place] = np.uint16(entry >> np.uint64(SIGNATURE_SHIFT))
        position = entry >> np.uint64(POSITION_SHIFT)
        positions[3 * place] = np.uint8(position)
        positions[3 * place + 1] = np.uint8(position >> np.uint64(8))
        positions[3 * place + 2] = np.uint8(position >> np.uint64(16))
