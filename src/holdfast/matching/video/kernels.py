"""The compiled loops of matching videos: evidence of pairs of frames, states, and lines through them."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit
from holdfast.matching.intrinsics import bit_count

__all__ = ["align_views", "bits_into", "pairs_of", "shifted_means", "states_into"]


@njit
def bits_into(queries: Any, references: Any, distances: Any) -> None:
    """Fills ``distances`` int16 (f, m) with the bits between codes uint64 (f, 4) and (m, 4)."""
    for i in range(queries.shape[0]):
        for j in range(references.shape[0]):
            distances[i, j] = (
                bit_count(queries[i, 0] ^ references[j, 0])
                + bit_count(queries[i, 1] ^ references[j, 1])
                + bit_count(queries[i, 2] ^ references[j, 2])
                + bit_count(queries[i, 3] ^ references[j, 3])
            )


@njit
def states_into(codes: Any, radius: Any, states: Any) -> Any:
    """Numbers the distinct pictures of codes uint64 (n, 4): ``states`` int32 (n,). Gives how many there are.

    A code joins the first state whose first code is within ``radius`` bits, else it opens a new one.
    """
    firsts = np.empty(codes.shape[0], np.int64)
    count = 0
    for row in range(codes.shape[0]):
        found = count
        for state in range(count):
            first = firsts[state]
            bits = (
                bit_count(codes[row, 0] ^ codes[first, 0])
                + bit_count(codes[row, 1] ^ codes[first, 1])
                + bit_count(codes[row, 2] ^ codes[first, 2])
                + bit_count(codes[row, 3] ^ codes[first, 3])
            )
            if bits <= radius:
                found = state
                break
        if found == count:
            firsts[count] = row
            count += 1
        states[row] = found
    return count


@njit
def pairs_of(
    queries: Any,
    query_class: Any,
    query_weight: Any,
    references: Any,
    reference_class: Any,
    reference_weight: Any,
    table: Any,
    rows: Any,
    columns: Any,
    evidence: Any,
) -> Any:
    """Fills in the pairs of frames that speak for one another, by rows; gives how many there are.

    ``table`` float32 (classes, 257) is the evidence of a distance between codes whose classes add up to a
    row of it. Weights float32 (f,) and (m,), 0..1: the lesser of both counts. The three arrays that are
    filled have room for f * m pairs.
    """
    count = 0
    for i in range(queries.shape[0]):
        if query_weight[i] <= 0.0:
            continue
        for j in range(references.shape[0]):
            bits = (
                bit_count(queries[i, 0] ^ references[j, 0])
                + bit_count(queries[i, 1] ^ references[j, 1])
                + bit_count(queries[i, 2] ^ references[j, 2])
                + bit_count(queries[i, 3] ^ references[j, 3])
            )
            weight = min(query_weight[i], reference_weight[j])
            value = table[query_class[i] + reference_class[j], bits] * weight
            if value > 0.0:
                rows[count], columns[count], evidence[count] = i, j, value
                count += 1
    return count


@njit
def _best_in_rows(chosen: Any, rows: Any, evidence: Any, best: Any) -> Any:
    """The sum over query frames of the most evidence of each among ``chosen`` pairs. ``best`` is zero."""
    total = 0.0
    for pair in chosen:
        if evidence[pair] > best[rows[pair]]:
            total += evidence[pair] - best[rows[pair]]
            best[rows[pair]] = evidence[pair]
    for pair in chosen:
        best[rows[pair]] = 0.0
    return total


@njit
def _distinct_sum(
    chosen: Any, rows: Any, columns: Any, evidence: Any, most: Any, query_state: Any, reference_state: Any,
    query_used: Any, reference_used: Any,
) -> Any:  # fmt: skip
    """The sum of evidence of ``chosen`` pairs, ``most`` at most, each state of either side once, best first.

    ``query_used`` and ``reference_used`` are all False, and are so again afterwards.
    """
    values = np.empty(chosen.size, np.float32)
    for k in range(chosen.size):
        values[k] = -evidence[chosen[k]]
    total = 0.0
    ranked = np.argsort(values, kind="mergesort")
    for k in ranked:
        pair = chosen[k]
        one, other = query_state[rows[pair]], reference_state[columns[pair]]
        if not query_used[one] and not reference_used[other]:
            query_used[one] = True
            reference_used[other] = True
            total += min(evidence[pair], most)
    for pair in chosen:
        query_used[query_state[rows[pair]]] = False
        reference_used[reference_state[columns[pair]]] = False
    return total


@njit
def _best_line(
    count: Any, rows: Any, columns: Any, evidence: Any, query_s: Any, reference_s: Any, in_rows: Any,
    speeds: Any, prior: Any, bin_s: Any, best: Any, members: Any,
) -> Any:  # fmt: skip
    """Fills ``best`` float64 (3,), speed, offset and fit, and ``members`` with the pairs; gives their number.

    A line is reference time = speed * query time + offset. Offsets fall into bins of ``bin_s`` seconds; two
    neighbouring bins are taken together, and the offset is where they meet. The best line is the one along
    which the query's frames are nearest, times the ``prior`` of its speed. A bin's plain sum bounds that from
    above, so the fullest bins are looked at first and most are never looked at.
    """
    chosen, total = 0.0, 0
    bins = np.empty(count, np.int64)
    for k in range(speeds.size):
        speed = speeds[k]
        low, high = np.inf, -np.inf
        for p in range(count):
            offset = reference_s[columns[p]] - speed * query_s[rows[p]]
            low, high = min(low, offset), max(high, offset)
        number = np.int64((high - low) / bin_s) + 1
        starts = np.zeros(number + 2, np.int64)
        sums = np.zeros(number + 1)
        for p in range(count):
            offset = reference_s[columns[p]] - speed * query_s[rows[p]]
            bins[p] = min(np.int64((offset - low) / bin_s), number - 1)
            starts[bins[p] + 1] += 1
            sums[bins[p]] += evidence[p]
        for b in range(number):
            starts[b + 1] += starts[b]
        starts[number + 1] = starts[number]
        place = starts.copy()
        order = np.empty(count, np.int64)
        for p in range(count):
            order[place[bins[p]]] = p
            place[bins[p]] += 1
        bounds = np.empty(number)
        for b in range(number):
            bounds[b] = -(sums[b] + sums[b + 1]) * prior[k]
        for b in np.argsort(bounds, kind="mergesort"):
            if -bounds[b] <= chosen + 1e-6:
                break
            here = order[starts[b] : starts[b + 2]]
            fit = _best_in_rows(here, rows, evidence, in_rows) * prior[k]
            if fit > chosen + 1e-6:
                chosen, total = fit, here.size
                best[0], best[1], best[2] = speed, low + (b + 1) * bin_s, fit
                members[:total] = here
    return total


@njit
def align_views(
    queries: Any, query_class: Any, query_weight: Any, query_s: Any, query_state: Any, references: Any,
    reference_class: Any, reference_weight: Any, reference_s: Any, reference_state: Any, table: Any,
    most: Any, strong: Any, speeds: Any, prior: Any, bin_s: Any, wanted: Any, lines: Any,
) -> None:  # fmt: skip
    """The best lines of views through one reference: ``lines`` float64 (v, 5), zero where there is none.

    These are its score, speed, offset, the score without order, and its fit.
    ``queries`` uint64 (v, f, 4), its classes int32 and weights float32 (v, f), states int32 (v, f). The score
    is the evidence along the line, each distinct picture counted once and by ``most`` at most; without order
    it is of pairs of at least ``strong``, each less that. The fit is the evidence of the mean frame. Lines
    are sought only for views that may be among the ``wanted`` that fit best.
    """
    views, frames, size = queries.shape[0], queries.shape[1], references.shape[0]
    rows, columns = np.empty(frames * size, np.int32), np.empty(frames * size, np.int32)
    evidence, members = np.empty(frames * size, np.float32), np.empty(frames * size, np.int64)
    in_rows = np.zeros(frames, np.float32)
    query_used = np.zeros(frames + 1, np.bool_)
    reference_used = np.zeros(size + 1, np.bool_)
    best = np.zeros(3)
    bounds, usable = np.zeros(views), np.ones(views)
    lines[:] = 0.0
    for v in range(views):
        usable[v] = max(1, np.sum(query_weight[v] > 0.0))
        count = pairs_of(
            queries[v], query_class[v], query_weight[v], references, reference_class, reference_weight, table,
            rows, columns, evidence,
        )  # fmt: skip
        if count == 0:
            continue
        bounds[v] = -_best_in_rows(np.arange(count), rows, evidence, in_rows) / usable[v]
        kept = 0
        for p in range(count):
            if evidence[p] > strong:
                rows[kept], columns[kept], evidence[kept] = rows[p], columns[p], evidence[p] - strong
                kept += 1
        if kept:
            lines[v, 3] = _distinct_sum(
                np.arange(kept), rows, columns, evidence, most - strong, query_state[v], reference_state,
                query_used, reference_used,
            )  # fmt: skip
    fits = np.zeros(wanted)  # the best so far, the least of them first
    for v in np.argsort(bounds, kind="mergesort"):
        if bounds[v] == 0.0 or -bounds[v] <= fits[0]:
            break
        count = pairs_of(
            queries[v], query_class[v], query_weight[v], references, reference_class, reference_weight, table,
            rows, columns, evidence,
        )  # fmt: skip
        found = _best_line(
            count, rows, columns, evidence, query_s, reference_s, in_rows, speeds, prior, bin_s, best, members
        )
        lines[v, 0] = _distinct_sum(
            members[:found], rows, columns, evidence, most, query_state[v], reference_state, query_used,
            reference_used,
        )  # fmt: skip
        lines[v, 1], lines[v, 2], lines[v, 4] = best[0], best[1], best[2] / usable[v]
        if lines[v, 4] > fits[0]:
            fits[0] = lines[v, 4]
            fits.sort()


@njit
def shifted_means(
    distances: Any, rows: Any, expected_s: Any, reference_s: Any, weight: Any, shifts_s: Any, reach_s: Any,
    means: Any,
) -> None:  # fmt: skip
    """Mean distances along lines that are shifted in time: ``means`` float64 (shifts,), -1 where too short.

    ``expected_s`` float64 (f,) is where the line itself lies for each query frame; ``rows`` are the frames to
    look at. Each is held against the nearest frame within ``reach_s``; at least half of them must have one.
    ``distances`` int16 (f, m); ``reference_s`` rises.
    """
    least = max(2.0, 0.5 * rows.size)
    for k in range(shifts_s.size):
        total, there = 0.0, 0
        for i in rows:
            wanted = expected_s[i] + shifts_s[k]
            after = np.searchsorted(reference_s, wanted)
            best, column = np.inf, -1
            for j in range(max(0, after - 1), min(reference_s.size, after + 1)):
                if abs(reference_s[j] - wanted) < best:
                    best, column = abs(reference_s[j] - wanted), j
            if best <= reach_s and weight[column] > 0.0:
                total += distances[i, column]
                there += 1
        means[k] = total / there if there >= least else -1.0
