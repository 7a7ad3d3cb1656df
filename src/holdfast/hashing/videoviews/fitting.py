"""From coarse to fine: one view of a video, brought as near to listed frames as a small change allows.

A view near the original still lies some per cent off, which costs each frame many bits. All frames of a copy
are wrong in the same way, so one small change is sought for several of them together, by the steps of
`holdfast.hashing.views.refine`. Strangers can be fitted a little too: who uses this has to ask for more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from holdfast.hashing.pdq import pdq_from_blocks
from holdfast.hashing.videoviews.agreeing import agreeing_share
from holdfast.hashing.videoviews.covers import uncovered
from holdfast.hashing.videoviews.looks import Look
from holdfast.hashing.views.deep import centred_coefficients
from holdfast.hashing.views.faces import Faces
from holdfast.hashing.views.plan import Matrix, describe
from holdfast.hashing.views.refine import agreement, code_signs, joint_step

__all__ = ["MOST_VALUE", "FittedView", "fitted_view", "hashed_blocks"]

STEPS = 6
COVERED_FAMILY = "other"  # for rules: it decides nothing by itself
MOST_VALUE = np.float32(100.0)  # of regular pictures, in which nearly all coefficients are nothing
_PLAIN = ("as_is", "orientation", "border", "box")  # families of views without a change of geometry

UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FittedView:
    """``codes`` uint8 (f, 32) and ``quality`` int32 (f,) of all frames at the fitted view, and its ``look``.

    ``time_s`` float64 (f,) are their times: these may lie closer together than those of the view's codes.

    ``values`` float32 (f, 256) are the coefficients of which the bits are the signs, in the order of the
    bits, in units of the median size of their frame's, 100 at most. ``is_changed``: a step brought the view
    nearer. ``blocks`` float32 (f, 64, 64) are what was hashed, where they are kept.
    """

    codes: UInt8Array
    quality: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    time_s: npt.NDArray[np.float64]
    is_changed: bool
    look: Look
    blocks: npt.NDArray[np.float32] | None = None

    @property
    def family(self) -> str:
        return self.look.family

    @property
    def words(self) -> str:
        return self.look.words

    def uncovered(self, rows: npt.NDArray[np.int64], codes: UInt8Array) -> FittedView | None:
        """The view without what covers it, by listed codes uint8 (k, 32) of frames ``rows``, rising.

        None where there are no blocks, too few moments, or too little is left. See `covers`.
        """
        shown = None if self.blocks is None else uncovered(self.blocks, rows, codes)
        if shown is None:
            return None
        look = replace(self.look, family=COVERED_FAMILY, words=_joined(self.words, "partly covered"))
        return FittedView(*hashed_blocks(shown), self.time_s, True, look)

    def agreeing(self, rows: npt.NDArray[np.int64], codes: UInt8Array) -> float:
        """The share of the picture that agrees with listed codes uint8 (k, 32) of frames ``rows``, 0..1.

        1 where there are no blocks: nothing is known against it. See `holdfast.hashing.videoviews.agreeing`.
        """
        return 1.0 if self.blocks is None else agreeing_share(self.blocks[rows], codes)


def fitted_view(
    faces: tuple[Faces, ...],
    time_s: npt.NDArray[np.float64],
    look: Look,
    rows: npt.NDArray[np.int64],
    codes: UInt8Array,
) -> FittedView:
    """The view ``look``, fitted so that frames ``rows`` are nearest to ``codes`` (k, 32).

    ``faces`` are those of all frames, at the view's box; ``time_s`` float64 (f,) are their times. It stays
    the view that it is where no step brings the frames nearer, and where there are no codes.
    """
    matrix = look.matrix
    if not len(rows):
        return FittedView(*hashed_blocks(_blocks(faces, matrix)), time_s, False, look)
    asked = [faces[row] for row in rows.tolist()]
    signs = code_signs(codes)
    best, best_agreement, now = matrix, -np.inf, matrix
    for step in range(STEPS + 1):
        blocks = np.concatenate([face.blocks(0, now[np.newaxis]) for face in asked])
        agreed = float(agreement(centred_coefficients(blocks), signs).mean())
        if agreed > best_agreement:
            best, best_agreement = now, agreed
        if step < STEPS:
            now = now @ joint_step(blocks, signs)
    is_changed = best is not matrix
    if is_changed:
        change = best @ np.linalg.inv(matrix)
        family, words = _named(change, faces[0].aspect(0), (look.family, look.words))
        look = replace(look, matrix=best, family=family, words=words, is_fitted=True)
    shown = _blocks(faces, best)
    return FittedView(*hashed_blocks(shown), time_s, is_changed, look, shown)


def _blocks(faces: tuple[Faces, ...], matrix: Matrix) -> npt.NDArray[np.float32]:
    """Blocks float32 (f, 64, 64) of all frames."""
    return np.concatenate([face.blocks(0, matrix[np.newaxis]) for face in faces])


def hashed_blocks(
    blocks: npt.NDArray[np.float32],
) -> tuple[UInt8Array, npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Codes, qualities and values, as of `FittedView`, of blocks float32 (f, 64, 64)."""
    values = centred_coefficients(blocks)
    values /= np.median(np.abs(values), axis=1, keepdims=True) + np.float32(1e-6)
    np.clip(values, -MOST_VALUE, MOST_VALUE, out=values)
    return *pdq_from_blocks(blocks), values[:, ::-1]  # the last coefficient comes first in a code


def _named(change: Matrix, aspect: float, names: tuple[str, str]) -> tuple[str, str]:
    """A view that was fitted is no plain one any more, however little it was changed."""
    family, words = names
    more, what = describe(change, aspect)
    if family in _PLAIN:
        family = more or "zoom"
    return family, _joined(words, what, "finely fitted")


def _joined(*words: str) -> str:
    return ", ".join(part for part in words if part)
