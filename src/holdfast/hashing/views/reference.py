"""Views of an original, for own lists: what a later crop of it would show, stored beside its plain hash.

A crop leaves a query to guess what was cut away. Whoever has the original need not guess: these codes are of
crops and tilts of it, and the views of a query then only have to come near one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.hashing.code import MIN_QUALITY
from holdfast.hashing.pdq import pdq_from_blocks
from holdfast.hashing.views.faces import Faces
from holdfast.hashing.views.plan import REFERENCE_WARPS, warp_matrices
from holdfast.hashing.views.small import SmallLuma

__all__ = ["ReferenceViews", "reference_views"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReferenceViews:
    """Codes uint8 (n, 32) to store beside the plain hash; their quality int32 (n,) and words."""

    codes: npt.NDArray[np.uint8]
    quality: npt.NDArray[np.int32]
    words: tuple[str, ...]


def reference_views(small: SmallLuma) -> ReferenceViews:
    """The 20 views of an original worth storing, less those that are featureless."""
    faces = Faces(small, (small.page,))
    blocks = faces.blocks(0, warp_matrices(REFERENCE_WARPS, faces.aspect(0)))
    codes, quality = pdq_from_blocks(blocks)
    kept = np.flatnonzero(quality >= MIN_QUALITY)
    words = tuple(_words(REFERENCE_WARPS[number]) for number in kept.tolist())
    return ReferenceViews(codes[kept], quality[kept], words)


def _words(warp: tuple[float, float, float, float, float]) -> str:
    scale, _, across, down, degrees = warp
    if degrees:
        way = "clockwise" if degrees > 0 else "anticlockwise"
        return f"the original, rotated {abs(degrees):.0f} degrees {way}"
    vertical = {-1: "top ", 1: "bottom "}.get(int(np.sign(down)), "")
    horizontal = {-1: "left", 1: "right"}.get(int(np.sign(across)), "")
    part = (vertical + horizontal).strip() or "middle"
    return f"the original's {part}, {round(100 * scale)} % of each side"
