"""The compiled loops of the index. Everything here trusts its caller; all run without the GIL.

Codes are uint64 (n, 4), bits in the index's own order (see `bits`). A *chunk* is a run of bits of
the code; a chunk's *table* lists, for each value of these bits, the positions of the codes that have it:
``positions[offsets[key]:offsets[key + 1]]``, all tables one after the other in one array each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from holdfast._numba import njit

__all__ = ["count_keys", "mark_hot", "permute", "place_keys", "scan_flat", "search_tables"]

AHEAD = 16  # look-ups between asking for a cache line and reading it
BLOCK = 256  # candidates fetched before they are compared: their lines fit in the first cache
SCAN_ROWS = 2048  # codes compared with all queries before the next ones: 64 kB


@intrinsic
def popcount(_typing: Any, _value: Any) -> Any:
    """How many bits of a uint64 are set: one instruction that Numba has no function for."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def prefetch(_typing: Any, array: Any, _index: Any) -> Any:
    """Asks for the cache line of ``array[index]`` (one-dimensional, C-contiguous) ahead of its use.

    A hint: an index outside the array is harmless. Source: LLVM language reference, llvm.prefetch.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.bitcast(builder.gep(view.data, [arguments[1]]), cgutils.voidptr_t)
        int32 = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, int32, int32, int32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        read, keep_everywhere, data = int32(0), int32(3), int32(1)
        builder.call(function, [pointer, read, keep_everywhere, data])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


@njit
def permute(codes: Any, table: Any, out: Any) -> None:
    """Reorders bits: ``codes`` uint8 (n, 32) to ``out`` uint64 (n, 4); ``table`` uint64 (32, 256, 4)."""
    for row in range(codes.shape[0]):
        word0 = word1 = word2 = word3 = np.uint64(0)
        for byte in range(32):
            moved = table[byte, codes[row, byte]]
            word0 |= moved[0]
            word1 |= moved[1]
            word2 |= moved[2]
            word3 |= moved[3]
        out[row, 0] = word0
        out[row, 1] = word1
        out[row, 2] = word2
        out[row, 3] = word3


@njit
def _key(code: Any, first: Any, width: Any) -> Any:
    """Bits [first, first + width) of a code uint64 (4,); width is at most 32."""
    word, shift = first >> 6, first & 63
    value = code[word] >> np.uint64(shift)
    if shift + width > 64:
        value |= code[word + 1] << np.uint64(64 - shift)
    return np.int64(value & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)))


@njit
def count_keys(codes: Any, first: Any, width: Any, counts: Any) -> None:
    """Adds to ``counts`` uint32 (2**width,) how many codes have each value of a chunk."""
    for row in range(codes.shape[0]):
        counts[_key(codes[row], first, width)] += np.uint32(1)


@njit
def mark_hot(codes: Any, first: Any, width: Any, counts: Any, cap: Any, hot: Any) -> None:
    """Sets ``hot`` uint8 (n,) for codes whose value of a chunk more than ``cap`` codes have."""
    for row in range(codes.shape[0]):
        if counts[_key(codes[row], first, width)] > cap:
            hot[row] = 1


@njit
def place_keys(codes: Any, first: Any, width: Any, cursor: Any, positions: Any) -> None:
    """Fills a table's ``positions`` uint32 (n,); ``cursor`` uint32 (2**width,) holds each bucket's begin."""
    rows = codes.shape[0]
    for row in range(rows):
        key = _key(codes[row], first, width)
        positions[cursor[key]] = np.uint32(row)
        cursor[key] += np.uint32(1)


@njit
def _distance(codes: Any, row: Any, query: Any, radius: Any) -> Any:
    """Bits that differ; any number above ``radius`` once half of the code shows that it is more."""
    bits = popcount(codes[row, 0] ^ query[0]) + popcount(codes[row, 1] ^ query[1])
    if bits > radius:
        return np.int64(bits)
    bits += popcount(codes[row, 2] ^ query[2]) + popcount(codes[row, 3] ^ query[3])
    return np.int64(bits)


@njit
def scan_flat(
    codes: Any,
    count: Any,
    dead: Any,
    queries: Any,
    radius: Any,
    rows: Any,
    places: Any,
    bits: Any,
    start: Any,
) -> Any:
    """Compares every query uint64 (q, 4) with the first ``count`` codes.

    Writes hits behind the first ``start`` of ``rows``, ``places`` int64 and ``bits`` uint8 while there is
    room; returns the number of hits, those without room too. ``dead`` uint8 (n,) or (0,) marks removed
    codes.
    """
    found = start
    room = rows.shape[0]
    for block in range(0, count, SCAN_ROWS):
        end = min(block + SCAN_ROWS, count)
        for q in range(queries.shape[0]):
            word0, word1, word2, word3 = queries[q, 0], queries[q, 1], queries[q, 2], queries[q, 3]
            for row in range(block, end):
                distance = (
                    popcount(codes[row, 0] ^ word0)
                    + popcount(codes[row, 1] ^ word1)
                    + popcount(codes[row, 2] ^ word2)
                    + popcount(codes[row, 3] ^ word3)
                )
                if distance <= radius and (dead.shape[0] == 0 or dead[row] == 0):
                    if found < room:
                        rows[found] = q
                        places[found] = row
                        bits[found] = distance
                    found += 1
    return found


@njit
def _found_before(code: Any, query: Any, chunk: Any, first: Any, width: Any, reach: Any) -> Any:
    """Whether an earlier chunk's look-ups already led to this code."""
    for earlier in range(chunk):
        if reach[earlier] >= 0:
            differ = _key(code, first[earlier], width[earlier]) ^ _key(query, first[earlier], width[earlier])
            if popcount(np.uint64(differ)) <= reach[earlier]:
                return True
    return False


@njit
def _look_up(
    query: Any, first: Any, width: Any, base: Any, offsets: Any, masks: Any, cap: Any, starts: Any, ends: Any
) -> Any:
    """Finds the non-empty buckets of a chunk. Returns (buckets, whether one was too full to be followed)."""
    key = _key(query, first, width)
    number = masks.shape[0]
    buckets = 0
    hot = False
    for j in range(min(AHEAD, number)):
        prefetch(offsets, base + (key ^ np.int64(masks[j])))
    for j in range(number):
        if j + AHEAD < number:
            prefetch(offsets, base + (key ^ np.int64(masks[j + AHEAD])))
        place = base + (key ^ np.int64(masks[j]))
        start, end = np.int64(offsets[place]), np.int64(offsets[place + 1])
        if end - start > cap:
            hot = True
        elif end > start:
            starts[buckets] = start
            ends[buckets] = end
            buckets += 1
    return buckets, hot


@njit
def _search_one(
    codes: Any,
    offsets: Any,
    positions: Any,
    first: Any,
    width: Any,
    base: Any,
    masks: Any,
    mask_ends: Any,
    reach: Any,
    cap: Any,
    dense: Any,
    budget: Any,
    dead: Any,
    query: Any,
    radius: Any,
    row: Any,
    rows: Any,
    places: Any,
    bits: Any,
    start: Any,
    buffers: Any,
    work: Any,
) -> Any:
    """One query against one segment. Returns the number of hits so far, or -1 when the budget was passed."""
    count = codes.shape[0]
    flat_codes = codes.reshape(-1)
    room = rows.shape[0]
    found = start
    compared = 0
    met_hot = False
    starts, ends, block = buffers[0], buffers[1], buffers[2]
    for chunk in range(first.shape[0]):
        if reach[chunk] < 0:
            continue
        wanted = masks[mask_ends[chunk, 0] : mask_ends[chunk, reach[chunk] + 1]]
        buckets, hot = _look_up(
            query, first[chunk], width[chunk], base[chunk], offsets, wanted, cap, starts, ends
        )
        met_hot |= hot
        work[0] += wanted.shape[0]
        table = chunk * count
        for b in range(min(AHEAD, buckets)):
            prefetch(positions, table + starts[b])
        filled = 0
        for b in range(buckets):
            if b + AHEAD < buckets:
                prefetch(positions, table + starts[b + AHEAD])
            for place in range(table + starts[b], table + ends[b]):
                position = np.int64(positions[place])
                prefetch(flat_codes, position * 4)
                block[filled] = position
                filled += 1
                if filled == BLOCK or (b == buckets - 1 and place == table + ends[b] - 1):
                    for c in range(filled):
                        position = block[c]
                        distance = _distance(codes, position, query, radius)
                        if (
                            distance <= radius
                            and (dead.shape[0] == 0 or dead[position] == 0)
                            and not _found_before(codes[position], query, chunk, first, width, reach)
                        ):
                            if found < room:
                                rows[found] = row
                                places[found] = position
                                bits[found] = distance
                            found += 1
                    compared += filled
                    filled = 0
                    if compared > budget:
                        work[1] += compared
                        return -1, met_hot
    work[1] += compared
    if met_hot and dense > 0:
        # The members of over-full buckets all lie at the front: look at these once, and drop what
        # the tables already found there. Without room for all hits the caller repeats with more.
        kept = start
        for hit in range(start, min(found, room)):
            if places[hit] >= dense:
                rows[kept], places[kept], bits[kept] = row, places[hit], bits[hit]
                kept += 1
        if found > room:
            return found + dense, met_hot
        found = scan_flat(codes, dense, dead, query.reshape(1, 4), radius, rows, places, bits, kept)
        for hit in range(kept, min(found, room)):
            rows[hit] = row
        work[2] += dense
    return found, met_hot


@njit
def search_tables(
    codes: Any,
    offsets: Any,
    positions: Any,
    first: Any,
    width: Any,
    base: Any,
    masks: Any,
    mask_ends: Any,
    reach: Any,
    cap: Any,
    dense: Any,
    budget: Any,
    dead: Any,
    queries: Any,
    begin: Any,
    radius: Any,
    rows: Any,
    places: Any,
    bits: Any,
    work: Any,
) -> Any:
    """Queries uint64 (q, 4) from row ``begin`` on against one segment with tables.

    Returns (rows done, hits written, room needed). When the next query's hits do not fit, it stops
    before that query, with the room it would need. ``work`` int64 (4,) counts look-ups,
    comparisons of candidates, with the dense block, and of full scans.
    """
    longest = 0
    for chunk in range(first.shape[0]):
        if reach[chunk] >= 0:
            longest = max(longest, mask_ends[chunk, reach[chunk] + 1] - mask_ends[chunk, 0])
    buffers = np.empty((3, max(longest, BLOCK)), np.int64)
    found = 0
    for row in range(begin, queries.shape[0]):
        end, _ = _search_one(
            codes, offsets, positions, first, width, base, masks, mask_ends, reach, cap, dense, budget,
            dead, queries[row], radius, row, rows, places, bits, found, buffers, work,
        )  # fmt: skip
        if end < 0:
            end = scan_flat(
                codes, codes.shape[0], dead, queries[row : row + 1], radius, rows, places, bits, found
            )
            for hit in range(found, min(end, rows.shape[0])):
                rows[hit] = row
            work[3] += codes.shape[0]
        if end > rows.shape[0]:
            return row, found, end
        found = end
    return queries.shape[0], found, found
