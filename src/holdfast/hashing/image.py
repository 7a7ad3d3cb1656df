"""From a decoded picture to every PDQ hash that goes on a list or is looked up on one.

An entry gets the hash of each distinct frame as it is. A query gets many more: all eight
orientations, and the same for what lies inside a uniform border. Lists cannot be changed, queries can.
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
from holdfast.media.types import DecodedImage, LumaFrame

__all__ = ["ImageHash", "QueryHashes", "View", "image_hashes", "query_hashes"]

_ORIENTATIONS = tuple(Orientation)


@dataclass(frozen=True, slots=True)
class ImageHash:
    """The hash of one frame as it is, as it goes on a list."""

    pdq: PdqHash
    frame: int  # the frame's number in its file
    backdrop: str | None  # colour behind transparency, None where opaque


@dataclass(frozen=True, slots=True)
class View:
    """How a query hash looks at its picture."""

    frame: int
    backdrop: str | None
    convention: Convention
    border_removed: bool
    orientation: Orientation

    @property
    def words(self) -> str:
        """For people: "as is", "mirrored", "border removed, rotated 90 degrees clockwise"."""
        if not self.border_removed:
            return self.orientation.words
        if self.orientation is Orientation.AS_IS:
            return "border removed"
        return f"border removed, {self.orientation.words}"

    @property
    def family(self) -> str:
        """The kind of view, a word for rules: "as_is", "orientation" or "border"."""
        if self.border_removed:
            return "border"
        return "as_is" if self.orientation is Orientation.AS_IS else "orientation"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class QueryHashes:
    """All hashes to look up for one picture, one a row.

    ``codes`` is uint8 (q, 32), ``quality`` int32 (q,) with values 0..100; `view` says what a row is.
    Rows come in runs of eight, in the order of `Orientation`: one run for each of ``looks``.
    """

    codes: npt.NDArray[np.uint8]
    quality: npt.NDArray[np.int32]
    looks: tuple[View, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def view(self, row: int) -> View:
        """What row number ``row`` (0..q-1) is a hash of."""
        look = self.looks[row // len(_ORIENTATIONS)]
        orientation = _ORIENTATIONS[row % len(_ORIENTATIONS)]
        return View(look.frame, look.backdrop, look.convention, look.border_removed, orientation)

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
    decoded: DecodedImage, *, conventions: Sequence[Convention] = (Convention.FULL,)
) -> QueryHashes:
    """Hashes to look up: every frame in eight orientations, with and without its border if it has one.

    Where both conventions give the same hash by definition (both sides up to 512), it is there once,
    under the first. A frame under 5 pixels a side has no hash, so the answer can be empty.
    """
    blocks, looks = [], []
    for frame in decoded.frames:
        for box in _boxes(frame):
            for convention in _distinct(conventions, frame, box):
                block = _block(frame, box, convention)
                if block is not None:
                    blocks.append(block)
                    looks.append(
                        View(frame.index, frame.backdrop, convention, box is not None, Orientation.AS_IS)
                    )
    if not blocks:
        return QueryHashes(np.empty((0, CODE_BYTES), np.uint8), np.empty(0, np.int32), ())
    codes, quality = pdq_from_blocks(np.stack(blocks), orientations=True)
    return QueryHashes(codes.reshape(-1, CODE_BYTES), np.repeat(quality, len(_ORIENTATIONS)), tuple(looks))


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
