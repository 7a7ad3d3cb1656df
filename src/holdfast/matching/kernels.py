"""The compiled loops of searching. Everything here trusts its caller; all run without the GIL.

Codes are uint64 (n, 4), bits in the index's own order (see `bits`). A *chunk* is a run of bits of the
code; its *table* lists, for each value of its key bits, which codes have that value (a *bucket*):

    offsets     uint32: bucket of key k is [offsets[k * blocks], offsets[(k + 1) * blocks]); between these,
                where each block of 2**block_bits codes begins. The highest bit marks a hot key.
    signatures  uint16: low bits of the next chunk of each listed code
    positions   uint8 (x 3, little-endian): low 24 bits of where in ``codes`` it lies, rising in a bucket

Reading memory is what a query costs, so nothing waits for it. The work is cut into *batches* of up to 32 keys
of one chunk, and batches go through five stages, each asking for the memory that the next one reads a few
batches later: keys -> offsets -> signatures -> positions -> codes. Stages of several batches, and of several
queries, overlap.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit as compiled
from holdfast.matching.intrinsics import (
    bit_count,
    chunk_bits,
    near_rows,
    near_signatures,
    prefetch,
    trailing_zeros,
)

__all__ = ["BATCH_COLUMNS", "RING", "scan_flat", "search_tables"]

# Nothing here makes arrays, so Numba need not count references to them: that took a third of the time.
njit = compiled(_nrt=False)
inlined = compiled(_nrt=False, forceinline=True)

RING = 16  # batches under way; a power of two, more than all stages lie apart
KEYS = 32  # of one batch
SURVIVORS = 128  # of one batch; when there are more, they are compared at once
TO_SIGNATURES, TO_SCAN, TO_CODES, TO_COMPARE = 3, 6, 8, 10  # batches from the first stage to the others
LINES_AHEAD = 16  # cache lines of one bucket that are asked for at first, and then ahead of its scan
HOT, PLACE = np.uint32(1 << 31), np.uint32((1 << 31) - 1)
SCAN_ROWS = 2048  # codes compared with all queries before the next ones: 64 kB
SCAN_AHEAD = 128  # codes between asking and reading: a fifth faster than what the processor foresees
LOOK_UP_COST, SIGNATURES_FOR_ONE, CANDIDATE_COST = 16, 8, 16  # as in `plan`

# Columns of ``tables`` int64 (m, 6), one row a chunk.
FIRST, BITS, NEXT_FIRST, NEXT_BITS, OFFSETS_BASE, ROWS_BASE = 0, 1, 2, 3, 4, 5
# Members of ``facts`` int64 (7,).
RADIUS, PARITY, DENSE, BLOCKS, BLOCK_BITS, COST_LIMIT, TABLE_ROWS = 0, 1, 2, 3, 4, 5, 6
# Columns of ``batches`` int64 (RING + 1, BATCH_COLUMNS): one row a batch.
QUERY, CHUNK, NUMBER, LAST, FOUND, LOW = 0, 1, 2, 3, 4, 5
PLACE_OF_KEY = 8  # KEYS columns: where in offsets each key stands
LIMIT = PLACE_OF_KEY + KEYS  # KEYS columns: how many bits a signature may differ in
START = LIMIT + KEYS  # KEYS columns: where in the signatures the rest of each bucket begins
END = START + KEYS  # KEYS columns: where it ends
SURVIVOR = END + KEYS  # SURVIVORS columns: where in the positions it stands, later its position
BUCKET = SURVIVOR + SURVIVORS  # SURVIVORS columns: which bucket of the batch it is from
BATCH_COLUMNS = BUCKET + SURVIVORS
# The first columns of row RING: where the first stage stands.
AT_QUERY, AT_CHUNK, AT_FLIPPED, AT_FLIPS, AT_LOW = 0, 1, 2, 3, 4
# Columns of ``queries_state`` int64 (q, 3).
COST, SCAN, MET_HOT = 0, 1, 2
# Members of ``work`` int64 (6,).
LOOK_UPS, SIGNATURES, CANDIDATES, DENSE_SCANNED, FULLY_SCANNED, DAMAGE = 0, 1, 2, 3, 4, 5


@inlined
def _is_dead(dead: Any, row: Any) -> Any:
    """``dead`` is a bit map uint8 (ceil(n / 8),), or (0,) when nothing was removed."""
    return dead.shape[0] > 0 and (dead[row >> 3] >> (row & 7)) & 1 == 1


@inlined
def _distance(codes: Any, row: Any, queries: Any, query: Any) -> Any:
    return (
        bit_count(codes[row, 0] ^ queries[query, 0])
        + bit_count(codes[row, 1] ^ queries[query, 1])
        + bit_count(codes[row, 2] ^ queries[query, 2])
        + bit_count(codes[row, 3] ^ queries[query, 3])
    )


@inlined
def _keep(codes: Any, row: Any, queries: Any, query: Any, hits: Any, found: Any) -> Any:
    """Writes one hit where there is room. Returns the number of hits, those without room included."""
    if found < hits.shape[0]:
        hits[found, 0] = query
        hits[found, 1] = row
        hits[found, 2] = _distance(codes, row, queries, query)
    return found + 1


@njit
def scan_flat(
    codes: Any, count: Any, dead: Any, queries: Any, first: Any, end: Any, radius: Any, hits: Any, found: Any
) -> Any:
    """Compares queries [first, end) of uint64 (q, 4) with the first ``count`` codes.

    Writes hits (query, position, distance) behind the first ``found`` of ``hits`` int64 (room, 3) while there
    is room; returns the number of hits including those without room.
    """
    for block in range(0, count, SCAN_ROWS):
        block_end = min(block + SCAN_ROWS, count)
        for query in range(first, end):
            row = block
            while row + 8 <= block_end:
                if query == first:
                    for line in range(4):
                        prefetch(codes, (row + SCAN_AHEAD) * 4 + 8 * line)
                near = near_rows(codes, row, queries, query, radius)
                while near != 0:
                    place = row + trailing_zeros(near)
                    near &= near - np.uint64(1)
                    if not _is_dead(dead, place):
                        found = _keep(codes, place, queries, query, hits, found)
                row += 8
            for place in range(row, block_end):
                if _distance(codes, place, queries, query) <= radius and not _is_dead(dead, place):
                    found = _keep(codes, place, queries, query, hits, found)
    return found


@inlined
def _next_flips(flips: Any, end: Any) -> Any:
    """The next larger number with as many ones (Gosper's hack); ``end`` or more when there is none."""
    if flips == 0:
        return end
    carried = flips + (flips & -flips)
    return carried | (((flips ^ carried) >> 2) >> trailing_zeros(np.uint64(flips)))


@inlined
def _ask_offsets(
    queries: Any, offsets: Any, tables: Any, facts: Any, radii: Any, batches: Any, slot: Any, work: Any
) -> None:  # fmt: skip
    """First stage: the next keys of a query in one chunk, in order of their distance."""
    query, chunk, low = batches[RING, AT_QUERY], batches[RING, AT_CHUNK], batches[RING, AT_LOW]
    reach = radii[low, chunk]
    number = 0
    more = reach >= 0
    if more:
        after = chunk + 1 if chunk + 1 < tables.shape[0] else 0
        limit = reach + radii[low, after] + 1
        bits = tables[chunk, BITS]
        key = chunk_bits(queries, query, tables[chunk, FIRST], bits)
        blocks, base, end = facts[BLOCKS], tables[chunk, OFFSETS_BASE], 1 << bits
        flipped, flips = max(batches[RING, AT_FLIPPED], 0), batches[RING, AT_FLIPS]
        while number < KEYS and more:
            place = base + (key ^ flips) * blocks
            prefetch(offsets, place)
            batches[slot, PLACE_OF_KEY + number] = place
            batches[slot, LIMIT + number] = limit - flipped
            number += 1
            flips = _next_flips(flips, end)
            if flips >= end:
                flipped += 1
                flips = (1 << flipped) - 1
                more = flipped <= reach
        batches[RING, AT_FLIPPED], batches[RING, AT_FLIPS] = flipped, flips
    batches[slot, QUERY], batches[slot, CHUNK], batches[slot, LOW] = query, chunk, low
    batches[slot, NUMBER], batches[slot, FOUND], batches[slot, LAST] = number, 0, 0
    work[LOOK_UPS] += number
    if not more:
        batches[RING, AT_CHUNK], batches[RING, AT_FLIPPED], batches[RING, AT_FLIPS] = chunk + 1, -1, 0
        if chunk + 1 == tables.shape[0]:
            batches[slot, LAST] = 1
            batches[RING, AT_QUERY], batches[RING, AT_CHUNK] = query + 1, 0


@inlined
def _ask_signatures(
    offsets: Any, signatures: Any, tables: Any, facts: Any, batches: Any, slot: Any, states: Any, work: Any
) -> None:  # fmt: skip
    """Second stage: where the buckets lie. Keeps the non-empty ones; marks queries that met a hot key."""
    blocks, table_rows = facts[BLOCKS], facts[TABLE_ROWS]
    query, base, looked_up = (
        batches[slot, QUERY],
        tables[batches[slot, CHUNK], ROWS_BASE],
        batches[slot, NUMBER],
    )
    number = 0
    total = np.int64(0)
    for j in range(looked_up):
        place = batches[slot, PLACE_OF_KEY + j]
        first = offsets[place]
        start, end = np.int64(first & PLACE), np.int64(offsets[place + blocks] & PLACE)
        if first & HOT:
            states[query, MET_HOT] = 1
        if end > table_rows:
            work[DAMAGE] = 1
        elif start < end:
            total += end - start
            start += base
            end += base
            batches[slot, PLACE_OF_KEY + number], batches[slot, LIMIT + number] = (
                place,
                batches[slot, LIMIT + j],
            )
            batches[slot, START + number], batches[slot, END + number] = start, end
            number += 1
            prefetch(signatures, end - 1)
            for line in range(start, min(end, start + 32 * LINES_AHEAD), 32):
                prefetch(signatures, line)
    states[query, COST] += looked_up * LOOK_UP_COST + total // SIGNATURES_FOR_ONE
    batches[slot, NUMBER] = number
    work[SIGNATURES] += total


@inlined
def _compare_signatures(
    signatures: Any, positions: Any, word: Any, batches: Any, slot: Any, begin: Any
) -> Any:  # fmt: skip
    """Third stage: which codes of the batch's buckets, from bucket ``begin`` on, may be near.

    Returns the bucket where it stopped for want of room (to go on from there), or the
    number of buckets.
    """
    found = 0
    for bucket in range(begin, batches[slot, NUMBER]):
        place, end, limit = (
            batches[slot, START + bucket],
            batches[slot, END + bucket],
            np.uint16(batches[slot, LIMIT + bucket]),
        )
        while place < end:
            if found > SURVIVORS - 32:
                batches[slot, START + bucket], batches[slot, FOUND] = place, found
                return bucket
            if place + 32 * LINES_AHEAD < end:
                prefetch(signatures, place + 32 * LINES_AHEAD)
            near = near_signatures(signatures, place, word, limit)
            if end - place < 32:
                near &= (np.uint64(1) << np.uint64(end - place)) - np.uint64(1)
            while near != 0:
                survivor = place + trailing_zeros(near)
                near &= near - np.uint64(1)
                prefetch(positions, 3 * survivor)
                batches[slot, SURVIVOR + found], batches[slot, BUCKET + found] = survivor, bucket
                found += 1
            place += 32
    batches[slot, FOUND] = found
    return batches[slot, NUMBER]


@inlined
def _ask_codes(
    codes: Any, positions: Any, offsets: Any, tables: Any, facts: Any, batches: Any, slot: Any, work: Any
) -> None:  # fmt: skip
    """Fourth stage: where the surviving codes lie."""
    base, count, blocks = tables[batches[slot, CHUNK], ROWS_BASE], codes.shape[0], facts[BLOCKS]
    for j in range(batches[slot, FOUND]):
        place = batches[slot, SURVIVOR + j]
        row = (
            np.int64(positions[3 * place])
            | np.int64(positions[3 * place + 1]) << 8
            | np.int64(positions[3 * place + 2]) << 16
        )
        if blocks > 1:
            first = batches[slot, PLACE_OF_KEY + batches[slot, BUCKET + j]]
            block = 1
            while block < blocks and np.int64(offsets[first + block] & PLACE) <= place - base:
                block += 1
            row |= np.int64(block - 1) << facts[BLOCK_BITS]
        if row >= count:
            work[DAMAGE] = 1
            row = np.int64(0)
        batches[slot, SURVIVOR + j] = row
        prefetch(codes, row * 4)


@inlined
def _first_chunk(codes: Any, row: Any, queries: Any, query: Any, tables: Any, radii: Any, low: Any) -> Any:
    """The first chunk whose table leads to this code: only what was found there is a hit."""
    chunks = tables.shape[0]
    for chunk in range(chunks):
        reach = radii[low, chunk]
        if reach >= 0:
            first, bits = tables[chunk, FIRST], tables[chunk, BITS]
            differ = chunk_bits(codes, row, first, bits) ^ chunk_bits(queries, query, first, bits)
            distance = bit_count(np.uint64(differ))
            if distance <= reach:
                first, bits = tables[chunk, NEXT_FIRST], tables[chunk, NEXT_BITS]
                differ = chunk_bits(codes, row, first, bits) ^ chunk_bits(queries, query, first, bits)
                after = chunk + 1 if chunk + 1 < chunks else 0
                if distance + bit_count(np.uint64(differ)) <= reach + radii[low, after] + 1:
                    return chunk
    return -1


@inlined
def _compare_codes(
    codes: Any, dead: Any, queries: Any, tables: Any, facts: Any, radii: Any, batches: Any, slot: Any,
    states: Any, hits: Any, found: Any, work: Any,
) -> Any:  # fmt: skip
    """Fifth stage: the codes themselves. Returns the number of hits so far."""
    query, chunk, low = batches[slot, QUERY], batches[slot, CHUNK], batches[slot, LOW]
    dense = facts[DENSE] if states[query, MET_HOT] else 0
    number = batches[slot, FOUND]
    for j in range(number):
        row = batches[slot, SURVIVOR + j]
        if (
            row >= dense
            and _distance(codes, row, queries, query) <= facts[RADIUS]
            and not _is_dead(dead, row)
            and _first_chunk(codes, row, queries, query, tables, radii, low) == chunk
        ):
            found = _keep(codes, row, queries, query, hits, found)
    batches[slot, FOUND] = 0
    states[query, COST] += number * CANDIDATE_COST
    work[CANDIDATES] += number
    return found


@njit
def _finish(
    codes: Any, dead: Any, queries: Any, query: Any, facts: Any, states: Any, hits: Any, start: Any,
    found: Any, work: Any,
) -> Any:  # fmt: skip
    """Ends a query whose hits are [start, found) with the scans that it still needs. Returns the new end."""
    if states[query, SCAN]:
        work[FULLY_SCANNED] += codes.shape[0]
        return scan_flat(codes, codes.shape[0], dead, queries, query, query + 1, facts[RADIUS], hits, start)
    dense = facts[DENSE]
    if states[query, MET_HOT] and dense > 0:
        # Look at the members of hot buckets once, and drop what the tables had found among them.
        kept = start
        for hit in range(start, min(found, hits.shape[0])):
            if hits[hit, 1] >= dense:
                for column in range(3):
                    hits[kept, column] = hits[hit, column]
                kept += 1
        if found > hits.shape[0]:
            return found + dense  # the caller repeats the query with more room
        work[DENSE_SCANNED] += dense
        return scan_flat(codes, dense, dead, queries, query, query + 1, facts[RADIUS], hits, kept)
    return found


@njit
def _compare_until(
    codes: Any, dead: Any, queries: Any, tables: Any, facts: Any, radii: Any, batches: Any, states: Any,
    hits: Any, begin: Any, end: Any, start: Any, found: Any, work: Any,
) -> Any:  # fmt: skip
    """Fifth stage for batches [begin, end), and the end of each query that ends there.

    Returns (number of hits, those of finished queries, the query whose hits do not fit or -1).
    """
    for batch in range(begin, end):
        slot = batch & (RING - 1)
        found = _compare_codes(
            codes, dead, queries, tables, facts, radii, batches, slot, states, hits, found, work
        )
        if batches[slot, LAST]:
            query = batches[slot, QUERY]
            found = _finish(codes, dead, queries, query, facts, states, hits, start, found, work)
            if found > hits.shape[0]:
                return found, start, query
            start = found
    return found, start, -1


@inlined
def _parity_row(queries: Any, query: Any, facts: Any) -> Any:
    """1 where no code lies at exactly the radius, for its parity, so that one bit less is enough; else 0."""
    if facts[PARITY] < 0:
        return 0
    ones = bit_count(queries[query, 0] ^ queries[query, 1] ^ queries[query, 2] ^ queries[query, 3])
    return (ones + facts[PARITY] + facts[RADIUS]) & 1


@njit
def search_tables(
    codes: Any, signatures: Any, positions: Any, offsets: Any, tables: Any, facts: Any, radii: Any,
    dead: Any, queries: Any, begin: Any, batches: Any, states: Any, hits: Any, work: Any,
) -> Any:  # fmt: skip
    """Queries uint64 (q, 4) from row ``begin`` on against one segment with tables.

    ``radii`` int64 (2, m) is r_i for the radius, and for one bit less (see `_parity_row`). Returns (queries
    done, hits written, room needed): when a query's hits do not fit it stops before that query. ``batches``
    int64 (RING + 1, BATCH_COLUMNS) and ``states`` int64 (q, 3), zeros, are room to work in. ``work`` int64
    (6,) is added to.
    """
    number = queries.shape[0]
    batches[RING, AT_QUERY], batches[RING, AT_CHUNK] = begin, 0
    batches[RING, AT_FLIPPED], batches[RING, AT_FLIPS] = -1, 0
    found = start = step = 0
    compared = coded = 0  # so many batches went through the last and the last but one stage
    steps = 1 << 62  # how many batches there are, once that is known
    while compared < steps:
        query = batches[RING, AT_QUERY]
        if query < number:
            slot = step & (RING - 1)
            if batches[RING, AT_CHUNK] == 0 and batches[RING, AT_FLIPPED] < 0:
                batches[RING, AT_LOW] = _parity_row(queries, query, facts)
            _ask_offsets(queries, offsets, tables, facts, radii, batches, slot, work)
            if batches[RING, AT_QUERY] == query and states[query, SCAN]:
                batches[slot, LAST] = 1  # the scan makes the query's other batches needless
                batches[RING, AT_QUERY], batches[RING, AT_CHUNK] = query + 1, 0
                batches[RING, AT_FLIPPED], batches[RING, AT_FLIPS] = -1, 0
        elif steps > step:
            steps = step
        batch = step - TO_SIGNATURES
        if 0 <= batch < steps:
            _ask_signatures(offsets, signatures, tables, facts, batches, batch & (RING - 1), states, work)
        batch = step - TO_SCAN
        if 0 <= batch < steps:
            slot = batch & (RING - 1)
            query, chunk = batches[slot, QUERY], batches[slot, CHUNK]
            word = np.uint16(chunk_bits(queries, query, tables[chunk, NEXT_FIRST], tables[chunk, NEXT_BITS]))
            bucket = 0
            while bucket < batches[slot, NUMBER]:
                if states[query, COST] > facts[COST_LIMIT]:
                    states[query, SCAN] = 1
                    break
                bucket = _compare_signatures(signatures, positions, word, batches, slot, bucket)
                if bucket < batches[slot, NUMBER]:
                    # No room for more survivors: all that is under way goes through the last stages now.
                    for earlier in range(coded, batch):
                        _ask_codes(
                            codes, positions, offsets, tables, facts, batches, earlier & (RING - 1), work
                        )
                    found, start, unfit = _compare_until(
                        codes, dead, queries, tables, facts, radii, batches, states, hits, compared, batch,
                        start, found, work,
                    )  # fmt: skip
                    if unfit >= 0:
                        return unfit, start, found
                    compared = coded = batch
                    _ask_codes(codes, positions, offsets, tables, facts, batches, slot, work)
                    found = _compare_codes(
                        codes, dead, queries, tables, facts, radii, batches, slot, states, hits, found, work
                    )
        batch = step - TO_CODES
        if coded <= batch < steps:
            _ask_codes(codes, positions, offsets, tables, facts, batches, batch & (RING - 1), work)
            coded = batch + 1
        batch = step - TO_COMPARE
        if compared <= batch < steps:
            found, start, unfit = _compare_until(
                codes, dead, queries, tables, facts, radii, batches, states, hits, compared, batch + 1, start,
                found, work,
            )  # fmt: skip
            if unfit >= 0:
                return unfit, start, found
            compared = batch + 1
        step += 1
    return number, found, found
