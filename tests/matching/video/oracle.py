"""The plain way to find the best line between two videos: slow, obvious, and what the kernel is held against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["best_line", "distinct_sum", "states"]

Pair = tuple[int, int, float]  # query frame, reference frame, evidence


def states(codes: npt.NDArray[np.uint8], radius: int) -> list[int]:
    """A code joins the first state within ``radius`` bits of that state's first code, else opens a new one."""
    firsts: list[npt.NDArray[np.uint8]] = []
    out = []
    for code in codes:
        near = [n for n, first in enumerate(firsts) if int(np.bitwise_count(code ^ first).sum()) <= radius]
        if not near:
            firsts.append(code)
        out.append(near[0] if near else len(firsts) - 1)
    return out


def distinct_sum(pairs: Sequence[Pair], query_state: Sequence[int], reference_state: Sequence[int]) -> float:
    """Evidence of pairs, best first, each state of either side counted once."""
    total, used, other_used = 0.0, set(), set()
    for row, column, evidence in sorted(pairs, key=lambda pair: -pair[2]):
        if query_state[row] not in used and reference_state[column] not in other_used:
            used.add(query_state[row])
            other_used.add(reference_state[column])
            total += evidence
    return total


def best_line(
    pairs: Sequence[Pair],
    query_s: Sequence[float],
    reference_s: Sequence[float],
    query_state: Sequence[int],
    reference_state: Sequence[int],
    speeds: Sequence[float],
    bin_s: float,
    leads: Sequence[float],
) -> tuple[float, float]:
    """Of the two neighbouring bins of offsets that are best, at any speed: evidence, and evidence with leads."""
    best = (0.0, 0.0)
    for speed in speeds:
        offsets = [reference_s[column] - speed * query_s[row] for row, column, _ in pairs]
        low, high = min(offsets), max(offsets)
        last = int((high - low) / bin_s)
        bins = [min(int((offset - low) / bin_s), last) for offset in offsets]
        for first in range(last + 1):
            near = sorted((n, pair) for n, pair in zip(bins, pairs, strict=True) if n in (first, first + 1))
            score = distinct_sum([pair for _, pair in near], query_state, reference_state)
            led: dict[int, float] = {}
            for n, pair, lead in zip(bins, pairs, leads, strict=True):
                if n in (first, first + 1):
                    led[pair[0]] = max(led.get(pair[0], 0.0), lead)
            total = score + 0.5 * sum(led.values())
            if total > best[1] + 1e-6:
                best = (score, total)
    return best
