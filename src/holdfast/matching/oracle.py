"""The plain way to search, in NumPy: slow, obvious, and what the index is held against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holdfast.matching.bits import checked_codes

__all__ = ["range_search"]


def range_search(
    codes: npt.ArrayLike, ids: npt.ArrayLike, queries: npt.ArrayLike, radius: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """As `HammingIndex.range_search`: query rows, ids, distances, sorted by row, distance, id."""
    words = checked_codes(codes).view(np.uint64)
    rows, found, bits = [], [], []
    for row, query in enumerate(checked_codes(queries).view(np.uint64)):
        distances = np.bitwise_count(words ^ query).sum(axis=1, dtype=np.int64)
        near = np.flatnonzero(distances <= radius)
        rows.append(np.full(len(near), row, np.int64))
        found.append(np.asarray(ids, np.int64)[near])
        bits.append(distances[near])
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    all_rows, all_ids, all_bits = np.concatenate(rows), np.concatenate(found), np.concatenate(bits)
    order = np.lexsort((all_ids, all_bits, all_rows))
    return all_rows[order], all_ids[order], all_bits[order]
