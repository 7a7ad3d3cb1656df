"""The views of the upload's own answer: few enough to be looked up one by one within milliseconds.

What is looked up here must come within the plain radius of 31 bits, so it helps where the picture can be cut
out exactly (screenshots, collages, captions), or where a small change happens to be nearly the right one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.hashing.orientation import Orientation
from holdfast.hashing.views.faces import Faces
from holdfast.hashing.views.looks import BORDER, BOX, parts, view_family, view_words
from holdfast.hashing.views.plan import FAST_WARPS, warp_descriptions, warp_matrices
from holdfast.hashing.views.small import SmallLuma

__all__ = ["FastView", "fast_views"]

MAX_BOXES = 10
_ALL = tuple(Orientation)
_UPRIGHT = (Orientation.AS_IS, Orientation.MIRRORED)
_TURNED_BOXES = 3  # the likeliest boxes are looked up in all eight orientations


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FastView:
    """One view, to be hashed in these orientations.

    ``block`` is float32 (64, 64), as `pdq.block64` gives; ``family`` and ``words`` say what was undone.
    """

    block: npt.NDArray[np.float32]
    family: str
    words: str
    orientations: tuple[Orientation, ...]


def fast_views(small: SmallLuma) -> list[FastView]:
    """The views of a picture beside itself and the inside of its border, which `image` hashes exactly."""
    found = parts(small, MAX_BOXES)
    faces = Faces(small, tuple(part.box for part in found))
    boxes = [number for number, part in enumerate(found) if part.family == BOX]
    views = [
        FastView(
            faces.exact_block(number), BOX, found[number].words, _ALL if place < _TURNED_BOXES else _UPRIGHT
        )
        for place, number in enumerate(boxes)
    ]
    primary = 1 if len(found) > 1 and found[1].family == BORDER else 0
    blocks = faces.blocks(primary, warp_matrices(FAST_WARPS, faces.aspect(primary)))
    for (family, words), block in zip(warp_descriptions(FAST_WARPS), blocks, strict=True):
        part = found[primary]
        views.append(
            FastView(block, view_family(part, family, is_turned=False), view_words(part, words), _UPRIGHT)
        )
    return views
