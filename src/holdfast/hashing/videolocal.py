"""Local features of a video: small patches that stand out, as binary codes with their places.

A perceptual hash sees a picture as a whole, so it loses one that was cropped hard, put into another or
covered. Patches do not: each that is left is found again. They are ORB features (Rublee et al., ICCV 2011),
made by OpenCV on pictures of 288 pixels, so that copies of any size give the same ones.

They can be turned back into a likeness of the picture (d'Angelo et al., "From bits to images", 2014): whoever
keeps them keeps them as safe as the picture itself (docs/threat-model.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt

from holdfast.errors import UsageError
from holdfast.hashing.videolocal_kernels import standing_into

__all__ = [
    "SIDE",
    "LocalFeatures",
    "features_of",
    "is_available",
    "moving_cells",
    "opencv",
    "standard_picture",
]

SIDE = 288  # pixels of the shorter side
LONGEST = 640  # of the longer side: more of a very long strip is not looked at
CELL = 4  # pixels of SIDE, averaged before it is asked whether they change
CHANGE = 14  # grey levels between the darkest and the brightest, from which a cell moves
STANDING_SHARE = 0.5  # of the other pictures, that show a feature in the same place: it stands still
STANDING_PX, STANDING_BITS = 2.0, 48
_FOUND = 1500  # at most in one picture, of which the wanted are chosen
_FAST_THRESHOLD = 8
_GRID = 8  # parts of either side among which features are spread

UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LocalFeatures:
    """Features of k pictures of one size, one picture after the other, each picture's sorted by x.

    ``codes`` uint64 (n, 4); ``places`` float32 (n, 2), x and y in pixels of the standard picture, whose
    ``size`` is (width, height); ``moves`` bool (n,), whether they belong to what moves; ``starts`` int64
    (k + 1,), the first of each picture and the end; ``time_s`` float64 (k,).
    """

    codes: npt.NDArray[np.uint64]
    places: npt.NDArray[np.float32]
    moves: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.int64]
    time_s: npt.NDArray[np.float64]
    size: tuple[int, int]

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.time_s)


def is_available() -> bool:
    """Whether OpenCV is installed."""
    try:
        opencv()
    except UsageError:
        return False
    return True


def opencv() -> ModuleType:
    """OpenCV, loaded at first use and kept to one thread. Raises UsageError where it is not installed."""
    try:
        import cv2
    except ImportError as error:
        raise UsageError(
            "Local features need OpenCV, which is not installed. None were made. "
            "Install it with: pip install 'holdfast[local]'"
        ) from error
    cv2.setNumThreads(1)
    return cv2


def standard_picture(luma: UInt8Array) -> UInt8Array:
    """A luma uint8 (h, w), its shorter side brought to `SIDE` pixels (the longer to `LONGEST` at most)."""
    cv2 = opencv()
    height, width = luma.shape
    scale = min(SIDE / min(height, width), LONGEST / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    made: UInt8Array = cv2.resize(luma, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return made


def moving_cells(pictures: Sequence[UInt8Array]) -> npt.NDArray[np.bool_]:
    """Which cells of `CELL` pixels change in the course of pictures of one size: bool (rows, columns)."""
    cv2 = opencv()
    height, width = pictures[0].shape
    size = (max(1, width // CELL), max(1, height // CELL))
    small = np.stack([cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in pictures])
    return np.asarray(np.ptp(small, axis=0) >= CHANGE)


def features_of(
    pictures: Sequence[UInt8Array],
    time_s: npt.NDArray[np.float64],
    moving: npt.NDArray[np.bool_],
    *,
    most: int,
    most_still: int,
) -> LocalFeatures:
    """Up to ``most`` features of each standard picture, of which ``most_still`` lie on what stands still.

    Where too little moves, the rest is filled with what stands still, and the other way round.
    """
    orb = opencv().ORB_create(nfeatures=_FOUND, fastThreshold=_FAST_THRESHOLD)
    found = [_found(orb, picture, moving) for picture in pictures]
    standing = _standing(found)
    kept = []
    for (codes, places, response, moves), stands in zip(found, standing, strict=True):
        free = moves & ~stands
        rows = _chosen(places, response, free, pictures[0].shape, most, most_still)
        rows = rows[np.argsort(places[rows, 0], kind="stable")]
        kept.append((codes[rows], places[rows], free[rows]))
    height, width = pictures[0].shape
    return LocalFeatures(
        np.concatenate([one[0] for one in kept]),
        np.concatenate([one[1] for one in kept]),
        np.concatenate([one[2] for one in kept]),
        np.cumsum([0, *(len(one[0]) for one in kept)]),
        np.asarray(time_s, np.float64),
        (width, height),
    )


_Found = tuple[
    npt.NDArray[np.uint64], npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.bool_]
]


def _found(orb: object, picture: UInt8Array, moving: npt.NDArray[np.bool_]) -> _Found:
    """(codes, places, response, whether the place moves) of all features of a picture, sorted by x."""
    points, codes = orb.detectAndCompute(picture, None)  # type: ignore[attr-defined]
    if codes is None or not len(points):
        return (
            np.empty((0, 4), np.uint64),
            np.empty((0, 2), np.float32),
            np.empty(0, np.float32),
            np.empty(0, np.bool_),
        )
    places = np.array([point.pt for point in points], np.float32)
    response = np.array([point.response for point in points], np.float32)
    order = np.argsort(places[:, 0], kind="stable")
    places, response, codes = places[order], response[order], np.ascontiguousarray(codes[order])
    rows = np.minimum((places[:, 1] / CELL).astype(np.int64), moving.shape[0] - 1)
    columns = np.minimum((places[:, 0] / CELL).astype(np.int64), moving.shape[1] - 1)
    return codes.view(np.uint64), places, response, moving[rows, columns]


def _standing(found: Sequence[_Found]) -> list[npt.NDArray[np.bool_]]:
    """Of each picture's features, those that most other pictures show in the same place."""
    codes, places = np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])
    starts = np.cumsum([0, *(len(one[0]) for one in found)])
    share = np.zeros(len(codes), np.float32)
    if len(found) > 1:
        standing_into(codes, places, starts, STANDING_PX, STANDING_BITS, share)
    stands = share >= STANDING_SHARE
    return [stands[start:end] for start, end in itertools.pairwise(starts)]


def _chosen(
    places: npt.NDArray[np.float32],
    response: npt.NDArray[np.float32],
    free: npt.NDArray[np.bool_],
    shape: tuple[int, int],
    most: int,
    most_still: int,
) -> npt.NDArray[np.int64]:
    """Rows of the features to keep: of either kind the strongest of each part of the picture in turn."""
    parts = (places[:, 1] * _GRID / shape[0]).astype(np.int64) * _GRID + (
        places[:, 0] * _GRID / shape[1]
    ).astype(np.int64)
    kinds = []
    for kind in (free, ~free):
        rows = np.flatnonzero(kind)
        rows = rows[np.lexsort((-response[rows], parts[rows]))]
        turn = np.arange(len(rows)) - np.searchsorted(parts[rows], parts[rows])
        kinds.append(rows[np.lexsort((-response[rows], turn))])
    moving, still = kinds
    count = min(len(still), max(most_still, most - len(moving)))
    return np.concatenate([moving[: most - count], still[:count]])
