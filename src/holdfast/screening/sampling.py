"""Codes of a folder of benign pictures that have nothing to do with each other, as the deep check makes them.

Pictures are split in two by their content's digest. Files that the classic rule (31 bits, any view) takes for
the same picture count as one, so that a photograph and its thumbnail are not counted as a false alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from holdfast.errors import InputError, UsageError
from holdfast.hashing.code import CODE_BYTES
from holdfast.hashing.image import image_hashes
from holdfast.hashing.views.deep import COARSE_RADIUS_BITS, DeepViews, deep_views
from holdfast.hashing.views.refine import REPORTED_BITS, refine
from holdfast.hashing.views.small import small_luma
from holdfast.matching.calibration import Counts, count_distances, count_unrelated, regularity
from holdfast.matching.flat import flat_search, living_codes
from holdfast.media.pool import DecodePool
from holdfast.screening.reading import printable_path, read_file

__all__ = ["REFINED_FILES", "NearPair", "Sample", "sample_pictures"]

SAME_PICTURE_BITS = 31
LISTED_PAIRS = 5
REFINED_FILES = 2000  # pictures that are refined against all others: their views stay in memory, 0.5 MB each
UNKNOWN_BITS = 256.0

FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]
UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two files of the sample that come near each other. If they show the same thing, one has to go."""

    distance_bits: int
    file: str
    other: str


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What is known of a folder's pictures.

    ``references`` uint8 (n, 32) are their codes as a list has them, ``views`` uint8 (v, 32) the codes of
    their views; ``view_of`` int64 (v,) is the row of the file. ``picture`` int64 (n,) is equal for files that
    show the same; ``half`` int8 (n,) is 0 or 1. ``refined`` float64 (m, n) are the distances of the first m
    files to all references after refining, 256 where they lie beyond `REPORTED_BITS`; ``refined_logs`` (m, n)
    the sum of both codes' log regularity. ``left_out`` names files with the reason.
    """

    files: tuple[str, ...]
    references: UInt8Array
    picture: Int64Array
    half: npt.NDArray[np.int8]
    views: UInt8Array
    view_of: Int64Array
    refined: FloatArray
    refined_logs: FloatArray
    left_out: tuple[str, ...]

    @property
    def pictures(self) -> int:
        """How many different pictures there are."""
        return len(np.unique(self.picture))

    def coarse_counts(self, half: int | None = None) -> Counts:
        """Distances of views to references of all other pictures, or to those of one half."""
        chosen = self._chosen(half)
        of_chosen = chosen[self.view_of]
        return count_unrelated(
            self.references[chosen],
            self.picture[chosen],
            self.views[of_chosen],
            self.picture[self.view_of[of_chosen]],
        )

    def refined_counts(self, half: int | None = None) -> Counts:
        """The same of refined distances, one for each pair of a file and a reference."""
        chosen, uploads = self._chosen(half), len(self.refined)
        wanted = chosen[:uploads, None] & chosen & (self.picture[:uploads, None] != self.picture)
        files = len(np.unique(self.picture[chosen]))
        return count_distances(self.refined[wanted], self.refined_logs[wanted], files, int(REPORTED_BITS))

    def nearest(self) -> list[NearPair]:
        """The pairs of different pictures that come nearest, each once."""
        hits = flat_search([living_codes(self.references)], self.views, COARSE_RADIUS_BITS)
        best: dict[tuple[int, int], int] = {}
        for file, other, bits in zip(
            self.view_of[hits.rows].tolist(), hits.ids.tolist(), hits.distances.tolist(), strict=True
        ):
            if self.picture[file] != self.picture[other]:
                pair = min(file, other), max(file, other)
                best[pair] = min(bits, best.get(pair, bits))
        ranked = sorted(best.items(), key=lambda item: (item[1], item[0]))[:LISTED_PAIRS]
        return [NearPair(bits, self.files[one], self.files[other]) for (one, other), bits in ranked]

    def _chosen(self, half: int | None) -> npt.NDArray[np.bool_]:
        return np.ones(len(self.files), np.bool_) if half is None else np.asarray(self.half == half)


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    file: str
    code: UInt8Array
    half: int
    views: DeepViews


def sample_pictures(
    paths: Iterable[Path],
    pool: DecodePool,
    max_bytes: int,
    on_file: Callable[[int], None] = lambda _: None,
    *,
    series: bool = False,
) -> Sample:
    """The codes of all pictures among these files; the others are left out and named.

    Featureless pictures are left out too: they are never looked up. With ``series`` the files of one folder
    belong together and count as one picture. Raises `UsageError` where nothing is left.
    """
    found: list[_Picture] = []
    left_out: list[str] = []
    folders: list[str] = []
    for number, path in enumerate(paths):
        try:
            found.append(_picture(path, pool, max_bytes))
            folders.append(str(path.parent))
        except InputError as error:
            left_out.append(f"{printable_path(path)}: {error}")
        on_file(number + 1)
    if not found:
        raise UsageError("There is no picture to calibrate on in that folder. Nothing was fitted.")
    references = np.stack([picture.code for picture in found])
    views = np.concatenate([picture.views.codes for picture in found]).reshape(-1, CODE_BYTES)
    view_of = np.repeat(np.arange(len(found)), [len(picture.views) for picture in found])
    same = np.unique(folders, return_inverse=True)[1] if series else np.arange(len(found))
    same = _joined(same, references, views, view_of)
    refined, logs = _refined(found[:REFINED_FILES], references)
    return Sample(
        tuple(picture.file for picture in found),
        references,
        same,
        np.array([picture.half for picture in found], np.int8)[same],
        views,
        view_of,
        refined,
        logs,
        tuple(left_out),
    )


def _picture(path: Path, pool: DecodePool, max_bytes: int) -> _Picture:
    """One picture of the sample; raises `InputError` where the file gives none with features."""
    content = read_file(path, max_bytes)
    if content.data is None:
        raise InputError("is over the limit of size. It was not used.")
    decoded = pool.decode_image(content.data, exact=True)
    hashes = image_hashes(decoded)
    small = small_luma(decoded.frames[0].luma) if hashes else None
    if small is None or hashes[0].pdq.featureless:
        raise InputError("is too plain or too small for PDQ. It was not used.")
    half = content.digests().sha256[0] & 1
    return _Picture(printable_path(path), hashes[0].pdq.bits, half, deep_views(small))


def _joined(
    picture: Int64Array, references: UInt8Array, views: UInt8Array, view_of: Int64Array
) -> Int64Array:
    """For each file the first file of its picture: of equal number, or linked within the classic radius."""
    joined = np.unique(picture, return_index=True)[1][picture]
    hits = flat_search([living_codes(references)], views, SAME_PICTURE_BITS)
    for file, other in zip(view_of[hits.rows].tolist(), hits.ids.tolist(), strict=True):
        low, high = sorted((int(joined[file]), int(joined[other])))
        joined[joined == high] = low
    return joined


def _refined(found: list[_Picture], references: UInt8Array) -> tuple[FloatArray, FloatArray]:
    """Distances after refining and log regularities of pictures (m) and references (n): (m, n) each."""
    lists, logs = [living_codes(references)], np.log(regularity(references))
    distances = np.full((len(found), len(references)), UNKNOWN_BITS)
    both = logs[: len(found), None] + logs
    for row, picture in enumerate(found):
        hits = flat_search(lists, picture.views.codes, COARSE_RADIUS_BITS)
        others = hits.ids != row
        rows, ids = hits.rows[others], hits.ids[others]
        for one in refine(picture.views, rows, references[ids]):
            reference = int(ids[one.candidate])
            if one.score_bits <= REPORTED_BITS:
                distances[row, reference] = one.score_bits
            code = picture.views.codes[one.row : one.row + 1]
            both[row, reference] = logs[reference] + float(np.log(regularity(code))[0])
    return distances, both
