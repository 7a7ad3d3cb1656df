"""From a decoded picture to every PDQ hash that goes on a list or is looked up on one.

An entry gets the hash of each distinct frame as it is. A query gets many more: all eight orientations,
the same for what lies inside a uniform border, and the views of `views.fast`. Lists cannot be changed,
queries can.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holdfast.hashing.bands import NEAREST_SIDE
from holdfast.hashing.border import Box, inner_box
from holdfast.hashing.code import CODE_BYTES, MIN_QUALITY, Convention, PdqHash
from holdfast.hashing.orientation import Orientation
from holdfast.hashing.pdq import block64, pdq_from_blocks
from holdfast.hashing.views.fast import fast_views
from holdfast.hashing.views.looks import BORDER, PAGE
from holdfast.hashing.views.small import small_luma
from holdfast.media.types import DecodedImage, LumaFrame

__all__ = ["ImageHash", "QueryHashes", "View", "image_hashes", "query_hashes"]

MAX_VIEWED_FRAMES = 4  # of an animation, that are also looked at through `views.fast`
_ORIENTATIONS = tuple(Orientation)


@dataclass(frozen=True, slots=True)
class ImageHash:
    """The hash of one frame as it is, as it goes on a list."""

    pdq: PdqHash
    frame: int  # the frame's number in its file
    backdrop: str | None  # colour behind transparency, None where opaque


@dataclass(frozen=True, slots=True)
class View:
    """How a query hash looks at its picture.

    ``family`` is one of decisions' words for views: as_is, orientation, border, box, uncrop, tilt, zoom or
    other. ``undone`` says what beside the orientation was undone, "" for nothing.
    """

    frame: int
    backdrop: str | None
    convention: Convention
    family: str
    undone: str
    orientation: Orientation

    @property
    def words(self) -> str:
        """For people: "as is", "mirrored", "border removed, rotated 90 degrees clockwise"."""
        if not self.undone:
            return self.orientation.words
        if self.orientation is Orientation.AS_IS:
            return self.undone
        return f"{self.undone}, {self.orientation.words}"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class QueryHashes:
    """All hashes to look up for one picture, one a row.

    ``codes`` is uint8 (q, 32), ``quality`` int32 (q,) with values 0..100; `view` says what a row is: number
    ``look[row]`` of ``looks``, in orientation number ``turn[row]``.
    """

    codes: npt.NDArray[np.uint8]
    quality: npt.NDArray[np.int32]
    looks: tuple[View, ...]
    look: npt.NDArray[np.int64]
    turn: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)

    def view(self, row: int) -> View:
        """What row number ``row`` (0..q-1) is a hash of."""
        look, orientation = self.looks[self.look[row]], _ORIENTATIONS[self.turn[row]]
        is_turned = look.family == PAGE and orientation is not Orientation.AS_IS
        family = "orientation" if is_turned else look.family
        return View(look.frame, look.backdrop, look.convention, family, look.undone, orientation)

    @property
    def matchable(self) -> npt.NDArray[np.bool_]:
        """Which rows have features enough (quality >= 50) to be looked up: bool (q,)."""
        return self.quality >= MIN_QUALITY


def image_hashes(
    decoded: DecodedImage, *, conventions: Sequence[Convention] = (Convention.FULL,)
) -> list[ImageHash]:
    """Hashes for a list: each frame as it is, by each convention; without repeats.

    Featureless frames are included, with their quality. A frame under 5 pixels a side has no hash, so
    the answer can be empty. Decode at scale 1 for this: a reduced frame gives `Convention.NEAREST_512`
    only roughly.
    """
    hashes, seen = [], set()
    for frame in decoded.frames:
        for convention in conventions:
            block = _block(frame, None, convention)
            if block is None:
                continue
            codes, quality = pdq_from_blocks(block[np.newaxis])
            pdq = PdqHash(codes[0], int(quality[0]), convention)
            if pdq not in seen:
                seen.add(pdq)
                hashes.append(ImageHash(pdq, frame.index, frame.backdrop))
    return hashes


def query_hashes(
    decoded: DecodedImage, *, conventions: Sequence[Convention] = (Convention.FULL,), views: bool = True
) -> QueryHashes:
    """Hashes to look up: every frame in eight orientations, with and without its border, and its fast views.

    Where both conventions give the same hash by definition (both sides up to 512), it is there once,
    under the first; fast views are made for the first only, and of an animation for four frames, and not at
    all without ``views``. A frame under 5 pixels a side has no hash, so the answer can be empty.
    """
    blocks, looks, wanted = [], [], []
    for frame in decoded.frames:
        for box in _boxes(frame):
            for convention in _distinct(conventions, frame, box):
                block = _block(frame, box, convention)
                if block is not None:
                    blocks.append(block)
                    family, undone = (PAGE, "") if box is None else (BORDER, "border removed")
                    looks.append(_look(frame, convention, family, undone))
                    wanted.append(_ORIENTATIONS)
    for frame in decoded.frames[:MAX_VIEWED_FRAMES] if views else ():
        small = small_luma(frame.luma, width=frame.width, height=frame.height)
        for view in [] if small is None else fast_views(small):
            blocks.append(view.block)
            looks.append(_look(frame, conventions[0], view.family, view.words))
            wanted.append(view.orientations)
    if not blocks:
        nothing = np.empty(0, np.int64)
        return QueryHashes(np.empty((0, CODE_BYTES), np.uint8), np.empty(0, np.int32), (), nothing, nothing)
    codes, quality = pdq_from_blocks(np.stack(blocks), orientations=True)
    look, turn = np.nonzero([[one in some for one in _ORIENTATIONS] for some in wanted])
    return QueryHashes(codes[look, turn], quality[look], tuple(looks), look, turn)


def _look(frame: LumaFrame, convention: Convention, family: str, undone: str) -> View:
    return View(frame.index, frame.backdrop, convention, family, undone, Orientation.AS_IS)


def _boxes(frame: LumaFrame) -> Iterator[Box | None]:
    yield None
    box = inner_box(frame.luma)
    if box is not None:
        yield box


def _distinct(conventions: Sequence[Convention], frame: LumaFrame, box: Box | None) -> Sequence[Convention]:
    return conventions if max(_original_size(frame, box)) > NEAREST_SIDE else conventions[:1]


def _original_size(frame: LumaFrame, box: Box | None) -> tuple[int, int]:
    """(height, width) of the frame or of the box in it, in original pixels."""
    if box is None:
        return frame.height, frame.width
    bottom = min(box.bottom * frame.scale, frame.height)
    right = min(box.right * frame.scale, frame.width)
    return bottom - box.top * frame.scale, right - box.left * frame.scale


def _block(frame: LumaFrame, box: Box | None, convention: Convention) -> npt.NDArray[np.float32] | None:
    height, width = _original_size(frame, box)
    plane = frame.luma if frame.fine is None else frame.fine
    luma = plane if box is None else box.of(plane)
    return block64(luma, scale=frame.scale, width=width, height=height, convention=convention)
