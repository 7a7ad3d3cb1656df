"""The eight ways a picture can be turned or mirrored."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Orientation"]


class Orientation(StrEnum):
    """How the picture at hand differs from the original that it shows.

    ROTATED_90 is the original turned 90 degrees clockwise; MIRRORED has left and right exchanged,
    FLIPPED top and bottom; TRANSPOSED is mirrored along the main diagonal (top left to bottom
    right), TRANSVERSE along the other one. The order is that of every tuple and array of
    orientations in Holdfast, and the values are stable.
    """

    AS_IS = "as-is"
    ROTATED_90 = "rotated-90"
    ROTATED_180 = "rotated-180"
    ROTATED_270 = "rotated-270"
    MIRRORED = "mirrored"
    FLIPPED = "flipped"
    TRANSPOSED = "transposed"
    TRANSVERSE = "transverse"

    @property
    def words(self) -> str:
        """What a reviewer reads: "the original, " and then these words."""
        return _WORDS[self]

    def apply(self, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The picture (h, w, ...) changed this way: the original in, the picture at hand out (a view)."""
        mirrored, turns = _STEPS[self]
        return np.rot90(np.fliplr(picture) if mirrored else picture, -turns)

    def undo(self, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The picture (h, w, ...) with this change taken back: what the original looks like (a view)."""
        mirrored, turns = _STEPS[self]
        turned = np.rot90(picture, turns)
        return np.fliplr(turned) if mirrored else turned


_WORDS = {
    Orientation.AS_IS: "as is",
    Orientation.ROTATED_90: "rotated 90 degrees clockwise",
    Orientation.ROTATED_180: "rotated 180 degrees",
    Orientation.ROTATED_270: "rotated 270 degrees clockwise",
    Orientation.MIRRORED: "mirrored",
    Orientation.FLIPPED: "flipped upside down",
    Orientation.TRANSPOSED: "mirrored along the diagonal",
    Orientation.TRANSVERSE: "mirrored along the other diagonal",
}

# Whether it is mirrored first, then how many quarter turns clockwise.
_STEPS = {
    Orientation.AS_IS: (False, 0),
    Orientation.ROTATED_90: (False, 1),
    Orientation.ROTATED_180: (False, 2),
    Orientation.ROTATED_270: (False, 3),
    Orientation.MIRRORED: (True, 0),
    Orientation.FLIPPED: (True, 2),
    Orientation.TRANSPOSED: (True, 3),
    Orientation.TRANSVERSE: (True, 1),
}
