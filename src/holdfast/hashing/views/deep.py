"""Every view of the deep check: the codes to look up, and what each of them undid.

The codes go through a flat scan of the lists at a wide radius. What it finds is no match yet: `refine` takes
each pair of a view and a listed code, and asks how well the picture can be brought to that code.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.hashing.code import CODE_BYTES, MIN_QUALITY
from holdfast.hashing.orientation import Orientation
from holdfast.hashing.pdq import pdq_from_blocks
from holdfast.hashing.views.faces import Faces, cosine_matrix
from holdfast.hashing.views.looks import BORDER, PAGE, Part, parts, view_family, view_words
from holdfast.hashing.views.plan import (
    TILTS,
    WARPS,
    Matrix,
    Warp,
    describe,
    orientation_matrix,
    warp_matrices,
)
from holdfast.hashing.views.small import SmallLuma

__all__ = ["COARSE_RADIUS_BITS", "DeepViews", "ViewName", "deep_views"]

COARSE_RADIUS_BITS = 90  # of the flat scan; refining sorts out what it finds
MAX_BOXES = 12
STRONG_BOX = 1.12  # score from which a box is taken to be the picture, and not a chance

_ALL = tuple(Orientation)
_UPRIGHT = (Orientation.AS_IS, Orientation.MIRRORED)
_PRIMARY_WARPS = WARPS + TILTS
# How many of `WARPS` are tried where strong boxes are found: on the page, on the first and on the next two.
_PAGE_WARPS, _FIRST_BOX_WARPS, _NEXT_BOX_WARPS = 12, 18, 6
_WEAK_BOXES = 5  # looked at where none is strong

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ViewName:
    """What a view undid: its family in decisions' words, and words for people."""

    family: str
    words: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DeepViews:
    """The views of one picture, one a row.

    ``codes`` uint8 (n, 32) go to the flat scan. ``coefficients`` float32 (n, 256) are what they were made
    from, less the median and in the order of their bits' places. ``matrices`` float64 (n, 3, 3) take points
    of the original to points of the part ``part[row]`` of ``parts``; `name` says it in words.
    """

    codes: UInt8Array
    coefficients: Float32Array
    matrices: Matrix
    part: npt.NDArray[np.int64]
    orientation: npt.NDArray[np.int64]
    parts: tuple[Part, ...]
    faces: Faces

    def __len__(self) -> int:
        return len(self.codes)

    def name(self, row: int, matrix: Matrix | None = None) -> ViewName:
        """What row number ``row`` undid; with ``matrix``, what it undoes after refining."""
        part, orientation = self.parts[self.part[row]], _ALL[self.orientation[row]]
        aspect = self.faces.aspect(int(self.part[row]))
        upright = (self.matrices[row] if matrix is None else matrix) @ np.linalg.inv(
            orientation_matrix(orientation)
        )
        is_turned = orientation is not Orientation.AS_IS
        turned = orientation.words if is_turned else ""
        family, change = describe(upright, aspect)
        return ViewName(
            view_family(part, family, is_turned=is_turned), view_words(part, change, turned=turned)
        )


def deep_views(small: SmallLuma) -> DeepViews:
    """All views of a picture: about 130 codes, less where its parts are featureless.

    Never raises: a picture without features has no views.
    """
    found = parts(small, MAX_BOXES)
    effort = _effort(found)
    faces = Faces(small, tuple(part.box for part in found))
    runs = [_part_views(number, faces, warps, orientations) for number, warps, orientations in effort]
    codes, coefficients, matrices, part_numbers, orientation_numbers = (
        np.concatenate(columns) for columns in zip(*runs, strict=True)
    )
    return DeepViews(codes, coefficients, matrices, part_numbers, orientation_numbers, tuple(found), faces)


def _effort(found: list[Part]) -> list[tuple[int, tuple[Warp, ...], tuple[Orientation, ...]]]:
    """(number of the part, warps to try on it, orientations of it as it stands)."""
    primary = 1 if len(found) > 1 and found[1].family == BORDER else 0
    strong = [number for number, part in enumerate(found) if number > primary and part.score >= STRONG_BOX]
    warps = {0: TILTS} if primary else {}  # the corners of a tilted picture leave what looks like a border
    warps[primary] = WARPS[:_PAGE_WARPS] if strong else _PRIMARY_WARPS
    counts = _FIRST_BOX_WARPS, _NEXT_BOX_WARPS, _NEXT_BOX_WARPS
    warps |= {number: WARPS[:count] for number, count in zip(strong, counts, strict=False)}
    seen = found if strong else found[: primary + 1 + _WEAK_BOXES]
    return [
        (number, warps.get(number, ()), _ALL if part.family == PAGE else _UPRIGHT)
        for number, part in enumerate(seen)
    ]


def _part_views(
    number: int, faces: Faces, warps: tuple[Warp, ...], orientations: tuple[Orientation, ...]
) -> tuple[UInt8Array, Float32Array, Matrix, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Codes, coefficients, matrices, part and orientation numbers of the views of one part."""
    matrices = np.concatenate([np.eye(3)[np.newaxis], warp_matrices(warps, faces.aspect(number))])
    blocks = np.empty((len(matrices), 64, 64), np.float32)
    blocks[0] = faces.exact_block(number)
    if warps:
        blocks[1:] = faces.blocks(number, matrices[1:])
    codes, qualities = pdq_from_blocks(blocks, orientations=True)
    wanted = np.zeros((len(blocks), len(_ALL)), np.bool_)
    wanted[0, [_ALL.index(one) for one in orientations]] = True
    wanted[1:, [_ALL.index(one) for one in _UPRIGHT]] = True
    wanted[qualities < MIN_QUALITY] = False
    rows, turns = np.nonzero(wanted)
    places, signs, turned = _turning()
    centred = centred_coefficients(blocks)
    oriented = np.take_along_axis(centred[rows], places[turns], axis=1) * signs[turns]
    return (
        codes[rows, turns].reshape(-1, CODE_BYTES),
        oriented,
        matrices[rows] @ turned[turns],
        np.full(len(rows), number),
        turns,
    )


def centred_coefficients(blocks: Float32Array) -> Float32Array:
    """The 256 coefficients of each block less their lower median: float32 (n, 256), by rows.

    A bit of the code is set where one is positive.
    """
    cosines = cosine_matrix()
    coefficients = (cosines @ blocks @ cosines.T).reshape(len(blocks), 256)
    return np.asarray(coefficients - np.partition(coefficients, 127, axis=1)[:, 127:128], np.float32)


@functools.cache
def _turning() -> tuple[npt.NDArray[np.int64], Float32Array, Matrix]:
    """For each orientation: which coefficient stands in each place, its sign, and the orientation's matrix.

    Mirroring negates every other column of the coefficients, a quarter turn transposes them too.
    """
    places, signs, matrices = [], [], []
    odd = np.where(np.arange(16) % 2 == 0, -1.0, 1.0)  # frequencies 1, 3, 5, ...
    for orientation in Orientation:
        matrix = orientation_matrix(orientation)
        place = np.arange(256).reshape(16, 16)
        is_transposed = matrix[0, 0] == 0
        across, down = (matrix[0, 1], matrix[1, 0]) if is_transposed else (matrix[0, 0], matrix[1, 1])
        sign = np.outer(odd if down < 0 else np.ones(16), odd if across < 0 else np.ones(16))
        places.append((place.T if is_transposed else place).ravel())
        signs.append((sign.T if is_transposed else sign).ravel())
        matrices.append(matrix)
    return np.array(places), np.array(signs, np.float32), np.array(matrices)
