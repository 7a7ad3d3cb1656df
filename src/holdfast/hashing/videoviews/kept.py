"""Frames made ready to be seen through matrices, kept from one fit to the next.

Making a frame ready takes thirty times as long as looking at it through one more matrix, and the views that
are fitted to one candidate after the other are nearly all of the same one or two boxes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from holdfast.hashing.border import Box
from holdfast.hashing.views.faces import Faces
from holdfast.hashing.views.small import SmallLuma

__all__ = ["MOST_BOXES", "KeptFaces"]

MOST_BOXES = 2  # kept at once: each takes up to 60 MB for a minute of film


@dataclass(slots=True)
class KeptFaces:
    """The faces of small lumas at the boxes that were asked for last: for one thread."""

    smalls: tuple[SmallLuma, ...]
    _kept: dict[Box, tuple[Faces, ...]] = field(default_factory=dict)

    def at(self, box: Box) -> tuple[Faces, ...]:
        """One for each small luma, its only box ``box``; a frame that still stands shares that before it."""
        faces = self._kept.pop(box, None)
        if faces is None:
            while len(self._kept) >= MOST_BOXES:
                self._kept.pop(next(iter(self._kept)), None)
            made: list[Faces] = []
            for place, small in enumerate(self.smalls):
                is_same = place > 0 and small is self.smalls[place - 1]
                made.append(made[-1] if is_same else Faces(small, (box,)))
            faces = tuple(made)
        self._kept[box] = faces  # the last one asked for comes last
        return faces
