"""The plain way to find the best line between two videos: slow and obvious; the kernel is held against it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["best_line", "distinct_sum", "states"]

Pair = tuple[int, int, float]  # query frame, reference frame, evidence


def states(codes: npt.NDArray[np.uint8], radius: int) -> list[int]:
    """A code joins the first state within ``radius`` bits of its first code, else it opens a new one."""
    firsts: list[npt.NDArray[np.uint8]] = []
    out = []
    for code in codes:
        near = [n for n, first in enumerate(firsts) if int(np.bitwise_count(code ^ first).sum()) <= radius]
        if not near:
            firsts.append(code)
        out.append(near[0] if near else len(firsts) - 1)
    return out


def distinct_sum(
    pairs: Sequence[Pair], query_state: Sequence[int], reference_state: Sequence[int], most: float
) -> float:
    """Evidence of pairs, up to ``most`` each, best first, each state of either side counted once."""
    total, used, other_used = 0.0, set(), set()
    for row, column, evidence in sorted(pairs, key=lambda pair: -pair[2]):
        if query_state[row] not in used and reference_state[column] not in other_used:
            used.add(query_state[row])
            other_used.add(reference_state[column])
            total += min(evidence, most)
    return total


def best_line(
    pairs: Sequence[Pair],
    query_s: Sequence[float],
    reference_s: Sequence[float],
    speeds: Sequence[float],
    prior: Sequence[float],
    bin_s: float,
) -> list[Pair]:
    """The pairs in the two neighbouring bins of offsets, at any speed, in which query frames are nearest."""
    best, members = 0.0, list[Pair]()
    for speed, weight in zip(speeds, prior, strict=True):
        offsets = [reference_s[column] - speed * query_s[row] for row, column, _ in pairs]
        low, high = min(offsets), max(offsets)
        last = int((high - low) / bin_s)
        bins = [min(int((offset - low) / bin_s), last) for offset in offsets]
        totals = []
        for first in range(last + 1):
            near = sorted((n, pair) for n, pair in zip(bins, pairs, strict=True) if n in (first, first + 1))
            nearest: dict[int, float] = {}
            for _, (row, _, evidence) in near:
                nearest[row] = max(nearest.get(row, 0.0), evidence)
            bound = sum(pair[2] for _, pair in near)
            totals.append((-weight * bound, first, weight * sum(nearest.values()), [p for _, p in near]))
        for _, _, total, near_pairs in sorted(totals):
            if total > best + 1e-6:
                best, members = total, near_pairs
    return members
