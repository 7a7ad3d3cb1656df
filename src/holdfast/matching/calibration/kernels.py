"""The compiled loop of counting distances. It trusts its caller and runs without the GIL."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast._numba import njit as compiled
from holdfast.matching.intrinsics import bit_count

__all__ = ["count_file"]

njit = compiled(_nrt=False)


@njit
def count_file(
    codes: Any, logs: Any, files: Any, queries: Any, query_logs: Any, file: Any, first: Any, step: Any,
    counts: Any, log_sums: Any, nearest: Any,
) -> None:  # fmt: skip
    """One upload's queries uint64 (q, 4) against the reference codes uint64 (n, 4) of other files.

    Adds to ``counts`` int64 (classes, 257) and ``log_sums`` float64 (classes,), by the sum of both codes' log
    regularity; lowers ``nearest`` int64 (n,) to the smallest distance of each reference.
    """
    last = counts.shape[0] - 1
    for query in range(queries.shape[0]):
        for row in range(codes.shape[0]):
            if files[row] != file:
                distance = (
                    bit_count(codes[row, 0] ^ queries[query, 0])
                    + bit_count(codes[row, 1] ^ queries[query, 1])
                    + bit_count(codes[row, 2] ^ queries[query, 2])
                    + bit_count(codes[row, 3] ^ queries[query, 3])
                )
                both = logs[row] + query_logs[query]
                place = min(max(np.int64(np.floor((both - first) / step)), 0), last)
                counts[place, distance] += 1
                log_sums[place] += both
                nearest[row] = min(nearest[row], distance)
