"""How much of a file is shown: renditions from a grey smear to the bytes themselves, and who may have which.

Without a reveal nobody gets less than the organisation's floor, and the strongest of what they chose. All of
it is made on the server: what a page must not show yet never reaches the browser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from holdfast.errors import NotAllowedError, UsageError
from holdfast.review.rules import ReviewRules
from holdfast.review.wellness import MAX_BLUR, Comfort

__all__ = ["LARGE_PX", "SMALL_PX", "Rendition", "bands", "rendered", "require_allowed"]

UInt8Array = npt.NDArray[np.uint8]

SMALL_PX: Final = 240  # the longer side
LARGE_PX: Final = 1280
# What is left of a picture at each strength of blur: cells along the longer side. 0 is all of it.
CELLS: Final = (0, 64, 40, 26, 16, 10, 6)
_COARSE_BANDS = 4  # of a spectrogram, drawn as one before a reveal
_NAME = re.compile(r"blur([0-6])(-grey)?(-small)?(-sheet)?")


@dataclass(frozen=True, slots=True)
class Rendition:
    """``blur`` 0 (none) to 6; ``sheet``: key frames of a video beside each other instead of the first."""

    blur: int = MAX_BLUR
    greyscale: bool = True
    small: bool = True
    sheet: bool = False

    @property
    def name(self) -> str:
        """Its name in the ledger and in addresses: "blur6-grey-small", ..."""
        words = [f"blur{self.blur}"]
        words += [word for word in ("grey", "small", "sheet") if self._has(word)]
        return "-".join(words)

    @property
    def max_side_px(self) -> int:
        return SMALL_PX if self.small else LARGE_PX

    @classmethod
    def parse(cls, name: str) -> Rendition:
        """Raises `UsageError`."""
        found = _NAME.fullmatch(name)
        if found is None:
            raise UsageError(
                f"{name[:40]!r} is no rendition; write blur0 to blur6, then -grey, -small, -sheet."
            )
        return cls(int(found[1]), *(found[number] is not None for number in (2, 3, 4)))

    @classmethod
    def of(cls, comfort: Comfort, rules: ReviewRules, *, sheet: bool = False) -> Rendition:
        """What a person sees of a file before they reveal it."""
        floor = comfort.with_floor(rules)
        return cls(floor.blur, floor.greyscale, floor.small, sheet)

    def _has(self, word: str) -> bool:
        return {"grey": self.greyscale, "small": self.small, "sheet": self.sheet}[word]


def require_allowed(wanted: Rendition, rules: ReviewRules) -> None:
    """Nothing where anybody on the case may have this without a reveal; else `NotAllowedError`."""
    if (
        wanted.blur < rules.floor_blur
        or (rules.floor_greyscale and not wanted.greyscale)
        or (rules.floor_small and not wanted.small)
    ):
        raise NotAllowedError(
            f"{wanted.name} shows more than anybody gets without a reveal; nothing was shown. Reveal the "
            "file, which is put on record."
        )


def rendered(picture: UInt8Array, wanted: Rendition) -> UInt8Array:
    """A picture, uint8 (h, w, 3) or (h, w), as the rendition has it: small, grey, smeared, in this order."""
    made = _reduced(picture, wanted.max_side_px)
    if wanted.greyscale and made.ndim == 3:
        weights = np.array((0.299, 0.587, 0.114), np.float32)
        made = np.rint(made.astype(np.float32) @ weights).clip(0, 255).astype(np.uint8)
    cells = CELLS[wanted.blur]
    return made if cells == 0 else _smeared(made, cells)


def bands(spectrogram: UInt8Array, *, is_revealed: bool) -> tuple[UInt8Array, str]:
    """A spectrogram, uint8 (bands, columns), as it may be shown, and the name of that in the ledger.

    It is no smear of the file: it tells speech from music from silence. Before a reveal it is coarse and
    small, so that a picture that somebody hid in a sound is not shown by it.
    """
    rows, columns = spectrogram.shape
    spectrogram = np.repeat(spectrogram, max(1, SMALL_PX // columns), axis=1)  # a short sound is narrow
    if is_revealed:
        return spectrogram, "spectrogram"
    small = (
        _means(spectrogram, rows // _COARSE_BANDS, min(spectrogram.shape[1], SMALL_PX))
        .round()
        .astype(np.uint8)
    )
    return np.repeat(small, _COARSE_BANDS, axis=0), "spectrogram-coarse"


def _reduced(picture: UInt8Array, side_px: int) -> UInt8Array:
    height, width = picture.shape[:2]
    longer = max(height, width)
    if longer <= side_px:
        return picture
    size = max(1, round(height * side_px / longer)), max(1, round(width * side_px / longer))
    return _means(picture, *size).round().astype(np.uint8)


def _smeared(picture: UInt8Array, cells: int) -> UInt8Array:
    """The means of a few cells, drawn smoothly into each other: no detail is left to bring back."""
    height, width = picture.shape[:2]
    longer = max(height, width)
    rows, columns = max(1, round(height * cells / longer)), max(1, round(width * cells / longer))
    few = _means(picture, min(rows, height), min(columns, width))
    return _stretched(few, height, width).round().clip(0, 255).astype(np.uint8)


def _means(picture: UInt8Array, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """The mean of each of ``rows`` x ``columns`` areas."""
    height, width = picture.shape[:2]
    tops = np.arange(rows) * height // rows
    lefts = np.arange(columns) * width // columns
    sums = np.add.reduceat(np.add.reduceat(picture.astype(np.float64), tops, 0), lefts, 1)
    counts = np.diff(np.append(tops, height))[:, None] * np.diff(np.append(lefts, width))[None, :]
    result: npt.NDArray[np.float64] = sums / (counts if picture.ndim == 2 else counts[:, :, None])
    return result


def _stretched(few: npt.NDArray[np.float64], height: int, width: int) -> npt.NDArray[np.float64]:
    """Linear between the centres of the cells."""
    down = _along(few, height)
    across = _along(np.swapaxes(down, 0, 1), width)
    return np.swapaxes(across, 0, 1)


def _along(cells: npt.NDArray[np.float64], length: int) -> npt.NDArray[np.float64]:
    count = len(cells)
    place = ((np.arange(length) + 0.5) * count / length - 0.5).clip(0, count - 1)
    low = place.astype(int)
    high = np.minimum(low + 1, count - 1)
    share = (place - low).reshape((-1, *([1] * (cells.ndim - 1))))
    result: npt.NDArray[np.float64] = cells[low] * (1 - share) + cells[high] * share
    return result
