"""Distances of unrelated pictures, counted: what the false-alarm model is fitted on and held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.matching.bits import checked_codes
from holdfast.matching.calibration import kernels
from holdfast.matching.calibration.regularity import regularity

__all__ = ["CLASSES", "Counts", "count_distances", "count_unrelated"]

CLASSES = 36  # of pairs, by the sum of both codes' log regularity
FIRST_CLASS, CLASS_STEP = -1.5, 0.25
BIT_VALUES = 257

Int64Array = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """``distances`` int64 (classes, 257): comparisons of each class of pairs at each distance.

    ``log_regularity`` float64 (classes,) is the mean sum of both codes' logarithms in a class. ``nearest``
    int64 (257,) counts pairs of an upload's file and a reference by the smallest distance of any view.
    ``files`` is how many distinct files took part. Distances beyond ``complete_bits`` are not told apart:
    all of them are counted as 256.
    """

    distances: Int64Array
    log_regularity: FloatArray
    nearest: Int64Array
    files: int
    complete_bits: int = BIT_VALUES - 1

    @property
    def comparisons(self) -> int:
        return int(self.distances.sum())

    @property
    def by_class(self) -> Int64Array:
        """Comparisons in each class: int64 (classes,)."""
        return np.asarray(self.distances.sum(axis=1))

    @property
    def pooled(self) -> Int64Array:
        """Comparisons at each distance: int64 (257,)."""
        return np.asarray(self.distances.sum(axis=0))

    @property
    def smallest_bits(self) -> int:
        """The smallest distance seen, 257 where nothing was compared."""
        seen = np.flatnonzero(self.pooled)
        return int(seen[0]) if len(seen) else BIT_VALUES


def count_unrelated(
    references: npt.ArrayLike,
    reference_files: npt.ArrayLike,
    queries: npt.ArrayLike,
    query_files: npt.ArrayLike,
) -> Counts:
    """Counts of every query against every reference of another file.

    ``references`` uint8 (n, 32) and ``queries`` uint8 (q, 32); ``..._files`` int (n,) and (q,) number the
    file that a code is of. Give one number to files that show the same thing. Raises ValueError for other
    shapes.
    """
    codes, asked = checked_codes(references), checked_codes(queries)
    files, asking = np.asarray(reference_files, np.int64), np.asarray(query_files, np.int64)
    if files.shape != (len(codes),) or asking.shape != (len(asked),):
        raise ValueError(
            f"{len(codes)} and {len(asked)} codes came with {files.shape} and {asking.shape} numbers of files"
        )
    logs, asked_logs = np.log(regularity(codes)), np.log(regularity(asked))
    distances, sums = np.zeros((CLASSES, BIT_VALUES), np.int64), np.zeros(CLASSES)
    nearest = np.zeros(BIT_VALUES, np.int64)
    words, asked_words = codes.view(np.uint64), asked.view(np.uint64)
    for file in np.unique(asking):
        rows = asking == file
        smallest = np.full(len(codes), BIT_VALUES, np.int64)
        kernels.count_file(
            words, logs, files, asked_words[rows], asked_logs[rows], file, FIRST_CLASS, CLASS_STEP, distances,
            sums, smallest,
        )  # fmt: skip
        nearest += np.bincount(smallest[smallest < BIT_VALUES], minlength=BIT_VALUES)
    return Counts(distances, _means(sums, distances), nearest, len(np.union1d(files, asking)))


def count_distances(
    distances: npt.ArrayLike, log_regularity: npt.ArrayLike, files: int, complete_bits: int
) -> Counts:
    """Counts of distances made elsewhere, one for each pair of an upload and a reference, as by refining.

    ``distances`` float (n,) are counted at the next whole bit; 256 stands for pairs of which nothing is
    known but that they lie beyond ``complete_bits``. ``log_regularity`` (n,) is that of both codes together.
    """
    bits = np.clip(np.ceil(np.asarray(distances, np.float64)), 0, BIT_VALUES - 1).astype(np.int64)
    both = np.asarray(log_regularity, np.float64)
    place = np.clip(np.floor((both - FIRST_CLASS) / CLASS_STEP), 0, CLASSES - 1).astype(np.int64)
    counted = np.bincount(place * BIT_VALUES + bits, minlength=CLASSES * BIT_VALUES)
    counted = counted.reshape(CLASSES, BIT_VALUES)
    sums: FloatArray = np.bincount(place, both, minlength=CLASSES).astype(np.float64)
    return Counts(
        counted, _means(sums, counted), np.bincount(bits, minlength=BIT_VALUES), files, complete_bits
    )


def _means(sums: FloatArray, distances: Int64Array) -> FloatArray:
    """Mean log regularity; the middle of the class where it is empty."""
    numbers = distances.sum(axis=1)
    middles = FIRST_CLASS + CLASS_STEP * (np.arange(CLASSES) + 0.5)
    return np.where(numbers > 0, sums / np.maximum(numbers, 1), middles)
