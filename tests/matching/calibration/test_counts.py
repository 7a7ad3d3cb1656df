"""Counting distances of unrelated pictures: the plain loop counts the same, one's own file is left out."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.matching.calibration import count_distances, count_unrelated, regularity
from tests.matching.codes import clustered, random_codes


def test_counts_as_the_plain_loop_does() -> None:
    generator = np.random.default_rng(1)
    references, queries = clustered(generator, 40, 3, 120), random_codes(generator, 60)
    files, asking = generator.integers(0, 12, 40), generator.integers(0, 15, 60)
    counts = count_unrelated(references, files, queries, asking)
    nearest: dict[tuple[int, int], int] = {}
    distances, logs = [], []
    for query, file in zip(queries, asking.tolist(), strict=True):
        for row, reference in enumerate(references):
            if files[row] != file:
                bits = int(np.bitwise_count(query ^ reference).sum())
                distances.append(bits)
                logs.append(float(np.log(regularity(np.stack([query, reference]))).sum()))
                nearest[file, row] = min(bits, nearest.get((file, row), 256))
    assert counts.comparisons == len(distances)
    assert np.array_equal(counts.pooled, np.bincount(distances, minlength=257))
    assert np.array_equal(counts.nearest, np.bincount(list(nearest.values()), minlength=257))
    assert counts.smallest_bits == min(distances)
    assert counts.files == len(set(files.tolist()) | set(asking.tolist()))
    weighted = (counts.by_class * counts.log_regularity).sum()
    assert weighted == pytest.approx(sum(logs))


def test_distances_made_elsewhere() -> None:
    counts = count_distances([70.2, 88.0, 256.0, 256.0], [0.1, 0.1, 2.0, 7.0], files=3, complete_bits=88)
    assert counts.comparisons == 4
    assert counts.pooled[[71, 88, 256]].tolist() == [1, 1, 2]
    assert (counts.by_class > 0).sum() == 3


def test_numbers_of_files_must_fit() -> None:
    codes = random_codes(np.random.default_rng(2), 3)
    with pytest.raises(ValueError, match="numbers of files"):
        count_unrelated(codes, [1, 2], codes, [1, 2, 3])
